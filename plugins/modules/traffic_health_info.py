#!/usr/bin/python
"""Whether the new platform answers as well as the old one, while traffic is split between them."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws import session
from ansible_collections.offramp.ecs.plugins.module_utils.aws.metrics import BalancerMetrics
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.engine.settle import Waiting
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import AWS, WAITING, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown, is_unknown
from ansible_collections.offramp.ecs.plugins.module_utils.heroku.router import RouterTail, tail_of
from ansible_collections.offramp.ecs.plugins.module_utils.policy.ticks import Rhythm
from ansible_collections.offramp.ecs.plugins.module_utils.policy.verdict import (
    Evidence,
    Judgement,
    Limits,
    decide,
    weigh,
)
from ansible_collections.offramp.ecs.plugins.module_utils.policy.watch import Watch

DOCUMENTATION = """
module: traffic_health_info
short_description: The verdict on traffic that is split between Heroku and AWS
version_added: 0.1.0
author: The Offramp founders (@offramp)
description:
  - Counts requests and errors of both platforms over the same periods, and judges the new one by the old one.
  - Reads AWS from the load balancer's CloudWatch metrics, and Heroku from its router's lines in a log session.
  - Errors are answers with a status of 500 and above, and Heroku's own errors such as H12.
  - "The verdict is C(pass), C(fail), C(not_enough) where too few requests were seen or the measured share is off, or
    C(broken) where a source does not tell, as when Heroku drops log lines (L10, L11)."
  - It looks on while there is not enough or a source is broken, until I(within) has passed.
  - Without traffic on the new platform there is nothing to judge, and it passes at once.
options:
  load_balancer:
    description: Last part of the load balancer's ARN, as C(app/bond/50dc6c495c0c9188).
    type: str
    required: true
  target_group:
    description: Last part of the target group's ARN, as C(targetgroup/bond/73e2d6bc24d8a067).
    type: str
    required: true
  heroku_app:
    description: Name of the Heroku app.
    type: str
    required: true
  wanted_share:
    description: Percentage of the traffic that the new platform shall have.
    type: int
    required: true
  window:
    description: Seconds of traffic that must be seen.
    type: float
    default: 60.0
  period:
    description: Seconds of one count. CloudWatch has whole minutes for load balancers.
    type: int
    default: 60
  grace:
    description: Seconds that a change of the weights needs to be in force everywhere; counting begins after them.
    type: float
    default: 10.0
  delay:
    description: Seconds after which the counts of a period are complete.
    type: float
    default: 120.0
  min_requests:
    description: Requests of the new platform below which nothing is judged.
    type: int
    default: 30
  min_errors:
    description: Errors of the new platform below which it never fails.
    type: int
    default: 3
  max_error_rate:
    description: Percentage points by which the new platform's error rate may exceed the old one's.
    type: float
    default: 1.0
  share_tolerance:
    description: Percentage points by which the measured share may be off, beside chance.
    type: float
    default: 5.0
  ignored_paths:
    description: Paths left out of Heroku's counts, such as that of Cloudflare's monitor.
    type: list
    elements: str
    default: [/health]
extends_documentation_fragment:
  - offramp.ecs.aws
  - offramp.ecs.heroku
  - offramp.ecs.waiting
"""

EXAMPLES = """
- name: Judge the traffic at a tenth
  offramp.ecs.traffic_health_info:
    region: eu-west-1
    load_balancer: app/bond-server/50dc6c495c0c9188
    target_group: targetgroup/bond-server/73e2d6bc24d8a067
    heroku_app: bond-server
    wanted_share: 10
  register: __shift_judged
"""

RETURN = """
health:
  description: The verdict with its numbers. C(may_proceed) is true for a pass, and in a dry run.
  returned: success
  type: dict
  sample:
    verdict: pass
    reason: the new side's error rate is 0.00 %, of at most 1.21 %
    summary: "10 % wanted, 9.8 % measured; new: 52 requests ...; the new side's error rate is ...."
    may_proceed: true
    wanted_share: 10
    measured_share: 9.8
    new: {requests: 52, errors: 0, error_rate: 0.0}
    old: {requests: 480, errors: 1, error_rate: 0.21}
    window: 60.0
"""

SPEC = spec(
    AWS,
    WAITING,
    options={
        "load_balancer": {"type": "str", "required": True},
        "target_group": {"type": "str", "required": True},
        "heroku_app": {"type": "str", "required": True},
        "wanted_share": {"type": "int", "required": True},
        "window": {"type": "float", "default": 60.0},
        "period": {"type": "int", "default": 60},
        "grace": {"type": "float", "default": 10.0},
        "delay": {"type": "float", "default": 120.0},
        "min_requests": {"type": "int", "default": 30},
        "min_errors": {"type": "int", "default": 3},
        "max_error_rate": {"type": "float", "default": 1.0},
        "share_tolerance": {"type": "float", "default": 5.0},
        "ignored_paths": {"type": "list", "elements": "str", "default": ["/health"]},
    },
)
NOTHING = Evidence()
UNSEEN = Judgement("not_enough", "nothing was seen yet")
DRY = Judgement("not_enough", "a dry run moves no traffic")
_LIMITS = ("window", "min_requests", "min_errors", "max_error_rate", "share_tolerance")


@dataclass(frozen=True)
class Want:
    """What is judged, and how. ``blind`` where the balancer does not exist yet, so nothing can be seen."""

    wanted_share: int
    limits: Limits
    rhythm: Rhythm
    within: float
    blind: bool


@dataclass(frozen=True)
class Have:
    """What was seen so far; ``over`` when the time to look has passed."""

    want: Want
    evidence: Evidence = NOTHING
    judgement: Judgement = UNSEEN
    over: bool = False


def connect(params: runner.Params, door: Door) -> Watch:
    """The sources of both sides."""
    cloudwatch = session.client("cloudwatch", region=params["region"], door=door)
    metrics = BalancerMetrics(cloudwatch, params["load_balancer"], params["target_group"])
    return Watch(metrics, RouterTail(tail_of(door, params["heroku_app"]), params["ignored_paths"]))


def wanted(params: runner.Params) -> Want:
    """What to judge, from the arguments."""
    share = params["wanted_share"]
    rhythm = Rhythm(**{name: params[name] for name in ("period", "grace", "delay")})
    needed = rhythm.longest(params["window"])
    if not 0 <= share <= 100 or params["period"] < 1:
        raise BadInput(f"A share of {share} % by periods of {params['period']} s is none.", target="traffic")
    if params["within"] < needed:
        raise BadInput(
            f"The traffic cannot be judged within {params['within']:g} s.",
            target="traffic",
            hint=f"Grace, window, delay and two periods need {needed:g} s.",
        )
    return Want(
        wanted_share=share,
        limits=Limits(**{name: params[name] for name in _LIMITS}),
        rhythm=rhythm,
        within=params["within"],
        blind=is_unknown((params["load_balancer"], params["target_group"])),
    )


def observe(api: Watch, want: Want) -> Have:
    """Look once, at all periods that are complete by now."""
    if want.wanted_share == 0:
        return Have(want, judgement=Judgement("pass", "no traffic is on the new side"))
    if want.blind:
        return Have(want)
    now = time.time()
    evidence = reduce(weigh, api.ticks(want.rhythm, now), NOTHING)
    judgement = decide(evidence, want.limits, want.wanted_share)
    if api.trouble:
        judgement = replace(judgement, reason=f"{judgement.reason}. {api.trouble}")
    return Have(want, evidence, judgement, over=api.began is not None and now - api.began >= want.within)


def _told(have: Have) -> str:
    return f"{have.want.wanted_share} % wanted, {have.evidence.told()}; {have.judgement.reason}"


def report(have: Have) -> dict[str, Any]:
    """What playbooks may use; the ledger keeps it as the line of a verdict."""
    evidence, share, dry = have.evidence, have.want.wanted_share, have.judgement == DRY
    return {
        "verdict": Unknown(f"verdict at {share} %", "playbooks/shift.yml") if dry else have.judgement.outcome,
        "reason": have.judgement.reason,
        "summary": have.judgement.reason if dry else _told(have),
        "may_proceed": dry or have.judgement.outcome == "pass",
        "wanted_share": share,
        "measured_share": round(evidence.share, 2),
        "new": evidence.new.numbers(),
        "old": evidence.old.numbers(),
        "window": evidence.seconds,
    }


def foresee(have: Have, want: Want) -> Have:
    """A dry run moves no traffic, so only a real one can judge."""
    return replace(have, judgement=DRY) if want.wanted_share else have


def headline(have: Have) -> list[str]:
    """The step in one sentence."""
    share, outcome = have.want.wanted_share, have.judgement.outcome
    return [f"Traffic at {share} %: {outcome}; {have.evidence.told()}"] if share and have.judgement != DRY else []


WAIT = Waiting[Have](
    settled=lambda have: have.over or have.judgement.outcome in ("pass", "fail"),
    failed=lambda _have: None,
    progress=_told,
)


MODULE = runner.Module[Watch, Want, Have](
    name="traffic_health_info",
    noun="health",
    spec=SPEC,
    connect=connect,
    want=wanted,
    observe=observe,
    report=report,
    foresee=foresee,
    headline=headline,
    waiting=WAIT,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
