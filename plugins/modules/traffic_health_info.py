#!/usr/bin/python
"""Whether the new platform answers as well as the old one, while traffic is split between them."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
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
from ansible_collections.offramp.ecs.plugins.module_utils.policy import stepping
from ansible_collections.offramp.ecs.plugins.module_utils.policy.judged import Judged, judge
from ansible_collections.offramp.ecs.plugins.module_utils.policy.limits import Limits, limits_from
from ansible_collections.offramp.ecs.plugins.module_utils.policy.pace import Ahead
from ansible_collections.offramp.ecs.plugins.module_utils.policy.ramp import Evidence, Ramp, ramp_from
from ansible_collections.offramp.ecs.plugins.module_utils.policy.ticks import Rhythm
from ansible_collections.offramp.ecs.plugins.module_utils.policy.verdict import Judgement
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
  - The evidence against the new platform is a number M that starts at 1 and is carried from step to step. At
    1 / I(alpha) the step fails, and the chance that it ever gets there without cause is at most I(alpha) for a whole
    ramp, however often and long one looks (docs/guard.md).
  - "The verdict is C(pass), C(fail), C(not_enough) where too little was seen, something holds the step or the measured
    share is off, or C(broken) where a source does not tell, as when Heroku drops log lines (L10, L11)."
  - It looks on while there is not enough or a source is broken, until I(within) has passed or a source was silent for
    I(max_silence).
  - Without traffic on the new platform there is nothing to judge. It passes at once, or after it has watched the old
    platform for I(baseline).
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
  present_share:
    description: Percentage that the new platform has when a ramp begins; a I(baseline) is only taken at 0.
    type: int
    default: 0
  steps:
    description: The whole ramp in percent. The step after I(wanted_share) sets the pace of this one.
    type: list
    elements: int
    default: []
  evidence:
    description: What the step before reported as RV(health.evidence); nothing at the beginning of a ramp.
    type: dict
    default: {}
  baseline:
    description: At a share of 0, seconds for which the old platform is watched to learn how its errors clump.
    type: float
    default: 0.0
  alpha:
    description: The chance of a false alarm that is accepted over a whole ramp.
    type: float
    default: 0.005
  min_soak:
    description: Seconds of traffic that must be seen.
    type: float
    default: 120.0
  max_soak:
    description: Seconds of traffic after which a step passes whatever the next one could harm.
    type: float
    default: 600.0
  bake:
    description: Seconds of traffic that must be seen at the last step that can be compared, the one before 100 %.
    type: float
    default: 300.0
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
    description: Requests of the new platform below which a step waits for I(max_soak).
    type: int
    default: 30
  max_harm:
    description: How many requests the next step may harm at most before anybody can see it.
    type: float
    default: 50.0
  max_silence:
    description: Seconds in a row for which a source may be silent before a person must look.
    type: float
    default: 600.0
  max_phi:
    description: The most by which evidence is tempered where the old platform's errors clump; 1 for not at all.
    type: float
    default: 5.0
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
    steps: [1, 10, 50, 95, 100]
    evidence: "{{ __shift_judged.health.evidence }}"
  register: __shift_judged
"""

RETURN = """
health:
  description: The verdict with its numbers. C(may_proceed) is true for a pass, and in a dry run.
  returned: success
  type: dict
  sample:
    verdict: pass
    reason: nothing speaks against the new side
    summary: "10 % wanted, 9.8 % measured; new: 520 requests ...; evidence 0.73 of 200, tempered by 1.1; ...."
    may_proceed: true
    wanted_share: 10
    measured_share: 9.8
    next_share: 25
    new: {requests: 520, errors: 0, error_rate: 0.0, own: 0}
    old: {requests: 4800, errors: 10, error_rate: 0.208, own: 0}
    m: 0.73
    limit: 200.0
    phi: 1.1
    seen: 120.0
    missing: 0.0
    left: 0.0
    evidence: {errors: {}, slow: {}, old: {}}
"""

SPEC = spec(
    AWS,
    WAITING,
    options={
        "load_balancer": {"type": "str", "required": True},
        "target_group": {"type": "str", "required": True},
        "heroku_app": {"type": "str", "required": True},
        "wanted_share": {"type": "int", "required": True},
        "present_share": {"type": "int", "default": 0},
        "steps": {"type": "list", "elements": "int", "default": []},
        "evidence": {"type": "dict", "default": {}},
        "baseline": {"type": "float", "default": 0.0},
        "alpha": {"type": "float", "default": 0.005},
        "min_soak": {"type": "float", "default": 120.0},
        "max_soak": {"type": "float", "default": 600.0},
        "bake": {"type": "float", "default": 300.0},
        "period": {"type": "int", "default": 60},
        "grace": {"type": "float", "default": 10.0},
        "delay": {"type": "float", "default": 120.0},
        "min_requests": {"type": "int", "default": 30},
        "max_harm": {"type": "float", "default": 50.0},
        "max_silence": {"type": "float", "default": 600.0},
        "max_phi": {"type": "float", "default": 5.0},
        "share_tolerance": {"type": "float", "default": 5.0},
        "ignored_paths": {"type": "list", "elements": "str", "default": ["/health"]},
    },
)
UNSEEN = Judgement("not_enough", "nothing was seen yet")
DRY = Judgement("not_enough", "a dry run moves no traffic")


@dataclass(frozen=True)
class Want:
    """What is judged, and how.

    Attributes:
        ahead: the step and the one after it.
        carried: the evidence of the steps before.
        limits: what is asked of the step.
        rhythm: when counts can be read.
        baseline: seconds for which the old side is watched before a ramp; 0 for not at all.
        within: seconds to look.
        blind: whether the balancer does not exist yet, so that nothing can be seen.
    """

    ahead: Ahead
    carried: Ramp
    limits: Limits
    rhythm: Rhythm
    baseline: float
    within: float
    blind: bool

    @property
    def looks(self) -> bool:
        """Whether there is anything to look at."""
        return bool(self.ahead.share or self.baseline)


@dataclass(frozen=True)
class Have:
    """What was seen so far; ``over`` when the time to look has passed."""

    want: Want
    evidence: Evidence
    judgement: Judgement = UNSEEN
    over: bool = False

    @property
    def judged(self) -> Judged:
        """What can be told of it."""
        return Judged(self.want.ahead, self.want.limits, self.evidence, self.judgement)


def connect(params: runner.Params, door: Door) -> Watch:
    """The sources of both sides."""
    cloudwatch = session.client("cloudwatch", region=params["region"], door=door)
    metrics = BalancerMetrics(cloudwatch, params["load_balancer"], params["target_group"])
    return Watch(metrics, RouterTail(tail_of(door, params["heroku_app"]), params["ignored_paths"]))


def wanted(params: runner.Params) -> Want:
    """What to judge, from the arguments."""
    share, before = params["wanted_share"], not (params["wanted_share"] or params["present_share"])
    rhythm = Rhythm(**{name: params[name] for name in ("period", "grace", "delay")})
    if not 0 <= share <= 100 or params["period"] < 1:
        raise BadInput(f"A share of {share} % by periods of {params['period']} s is none.", target="traffic")
    want = Want(
        ahead=Ahead(share, stepping.after(params["steps"], share), rhythm.reaction),
        carried=ramp_from(params["evidence"]),
        limits=limits_from(params),
        rhythm=rhythm,
        baseline=params["baseline"] if before else 0.0,
        within=params["within"],
        blind=is_unknown((params["load_balancer"], params["target_group"])),
    )
    _refuse_too_short(want)
    return want


def _refuse_too_short(want: Want) -> None:
    soak = want.limits.soak(want.ahead) if want.ahead.share else want.baseline
    needed = want.rhythm.longest(soak)
    if want.looks and want.within < needed:
        raise BadInput(
            f"The traffic cannot be judged within {want.within:g} s.",
            target="traffic",
            hint=f"Grace, soak, delay and two periods need {needed:g} s.",
        )


def observe(api: Watch, want: Want) -> Have:
    """Look once, at all periods that are complete by now."""
    start = Evidence(ramp=want.carried)
    if not want.looks:
        return Have(want, start, Judgement("pass", "no traffic is on the new side"))
    if want.blind:
        return Have(want, start)
    now = time.time()
    evidence, judgement = judge(api.ticks(want.rhythm, now), start, want.ahead, want.limits, want.baseline)
    if api.trouble:
        judgement = replace(judgement, reason=f"{judgement.reason}. {api.trouble}")
    return Have(want, evidence, judgement, over=api.began is not None and now - api.began >= want.within)


def report(have: Have) -> dict[str, Any]:
    """What playbooks may use; the ledger keeps it as the line of a verdict."""
    judged, dry = have.judged, have.judgement == DRY
    return {
        "verdict": Unknown(f"verdict at {judged.ahead.share} %", "playbooks/shift.yml") if dry else judged.outcome,
        "reason": have.judgement.reason,
        "summary": have.judgement.reason if dry else judged.told(),
        "may_proceed": dry or judged.passed,
        **judged.numbers(),
    }


def foresee(have: Have, want: Want) -> Have:
    """A dry run moves no traffic, so only a real one can judge."""
    return replace(have, judgement=DRY) if want.looks else have


def headline(have: Have) -> list[str]:
    """The step in one sentence."""
    return [have.judged.headline()] if have.want.ahead.share and have.judgement != DRY else []


WAIT = Waiting[Have](
    settled=lambda have: have.over or have.judgement.final or have.judgement.outcome in ("pass", "fail"),
    failed=lambda _have: None,
    progress=lambda have: have.judged.told(),
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
