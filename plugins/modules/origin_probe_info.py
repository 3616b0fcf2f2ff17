#!/usr/bin/python
"""Module origin_probe_info: whether origins answer as Cloudflare will ask them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import OfframpError, Refused
from ansible_collections.offramp.ecs.plugins.module_utils.engine.origin import Answer, Origin, ask
from ansible_collections.offramp.ecs.plugins.module_utils.engine.settle import Waiting
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import WAITING, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import is_unknown
from ansible_collections.offramp.ecs.plugins.module_utils.policy.origins import Finding, judge

DOCUMENTATION = """
module: origin_probe_info
short_description: Ask origins as Cloudflare will ask them
description:
  - A gate before traffic moves. Connects to each origin's address, speaks TLS under the name that Cloudflare will send,
    verifies the certificate for that name and its dates as Full (strict) does, and asks for a path.
  - Then it asks the origins with I(gaps) again after each of these pauses, on new connections. A load balancer reuses
    its connections to tasks; an app that closes idle ones sooner than the balancer does answers some with 502.
  - A fault fails a real run in one sentence, and is told by a dry run. An origin that cannot be reached from here,
    since only Cloudflare is let in, is told as not checked.
options:
  origins:
    description: "What to ask: name (of the pool, for sentences), address, host (the name), and gaps (seconds)."
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the origin.
        type: str
        required: true
      address:
        description: Host name or IP address to connect to.
        type: str
        required: true
      host:
        description: Name that TLS asks for, and Host header.
        type: str
        required: true
      gaps:
        description: Pauses in seconds after which it is asked again.
        type: list
        elements: float
        default: []
  path:
    description: Path to ask for.
    type: str
    default: /health
  expected_codes:
    description: Statuses of a good answer, such as C(200) or C(2xx).
    type: str
    default: "200"
  timeout:
    description: Seconds for a connection, and for each part of an answer.
    type: float
    default: 5.0
extends_documentation_fragment:
  - offramp.ecs.waiting
version_added: 0.1.0
author: The Offramp founders (@offramp)
"""

EXAMPLES = """
- name: Ask both origins as Cloudflare will
  offramp.ecs.origin_probe_info:
    origins:
      - {name: bond-heroku, address: mighty-fjord.herokudns.com, host: api.bond.example}
      - {name: bond-aws, address: bond-1.eu-west-1.elb.amazonaws.com, host: api.bond.example, gaps: [5, 65]}
    path: /health
"""

RETURN = """
origins:
  description: What was found of each origin.
  returned: success
  type: dict
  contains:
    findings: {description: "name, verdict (good, doubt, fault, unchecked), told, hint.", type: list, elements: dict}
"""

SPEC = spec(
    WAITING,
    options={
        "origins": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                **{name: {"type": "str", "required": True} for name in ("name", "address", "host")},
                "gaps": {"type": "list", "elements": "float", "default": []},
            },
        },
        "path": {"type": "str", "default": "/health"},
        "expected_codes": {"type": "str", "default": "200"},
        "timeout": {"type": "float", "default": 5.0},
    },
)


@dataclass(frozen=True)
class Want:
    """Which origins to ask, each with the pauses after which it is asked again, and for what."""

    origins: tuple[Origin, ...]
    gaps: Mapping[str, tuple[float, ...]]
    path: str
    codes: str
    timeout: float


@dataclass(frozen=True)
class Have:
    """What was found of each origin so far; ``left`` are the questions that are still to come."""

    findings: Mapping[str, Finding]
    left: str = ""


class Api:
    """The origins, and when each was asked how often; a look never asks one again before its pause is over."""

    def __init__(self) -> None:
        self._asked: dict[str, list[Finding]] = {}
        self._due: dict[str, float] = {}

    def look(self, origin: Origin, want: Want) -> list[Finding]:
        """Ask, where it is time; what was found so far."""
        found, gaps = self._asked.setdefault(origin.name, []), want.gaps[origin.name]
        over = found and (found[-1].verdict == "unchecked" or len(found) > len(gaps))
        if over or time.monotonic() < self._due.get(origin.name, 0.0):
            return found
        answer: Answer = ask(origin, want.path, want.timeout)
        found.append(judge(origin, want.path, want.codes, answer, time.time()))
        if len(found) <= len(gaps):
            self._due[origin.name] = time.monotonic() + gaps[len(found) - 1]
        return found


def want_of(params: Mapping[str, Any]) -> Want:
    """What to ask."""
    given = params["origins"]
    origins = tuple(Origin(each["name"], each["address"], each["host"]) for each in given)
    gaps = {each["name"]: tuple(each["gaps"]) for each in given}
    return Want(origins, gaps, params["path"], params["expected_codes"], params["timeout"])


def observe(api: Api, want: Want) -> Have:
    """Ask each origin that is known and due."""
    findings, left = {}, []
    for origin in want.origins:
        if is_unknown(origin.address):
            findings[origin.name] = Finding("unchecked", f"Origin {origin.name} does not exist yet")
            continue
        found, gaps = api.look(origin, want), want.gaps[origin.name]
        findings[origin.name] = _worst(found, gaps)
        if found[-1].verdict != "unchecked" and len(found) <= len(gaps):
            left.append(f"{origin.name} is asked again after {gaps[len(found) - 1]:g} s")
    return Have(findings, "; ".join(left))


def _worst(found: list[Finding], gaps: tuple[float, ...]) -> Finding:
    """The first fault; where it came after a pause, with what that means."""
    place = next((place for place, each in enumerate(found) if each.verdict == "fault"), 0)
    if not place:
        return found[0]
    told = f"{found[place].told}, after {gaps[place - 1]:g} s without a request"
    hint = "Let the app keep idle connections longer than the load balancer does (its idle timeout)."
    return replace(found[place], told=told, hint=hint)


def report(have: Have) -> dict[str, Any]:
    """What playbooks may use."""
    return {"findings": [{"name": name, **asdict(finding)} for name, finding in have.findings.items()]}


def headline(have: Have) -> list[str]:
    """Each origin in one sentence."""
    marks = {"unchecked": "NOT CHECKED: ", "doubt": "DOUBT: ", "fault": "FAULT: ", "good": ""}
    return [f"Gate: {marks[each.verdict]}{each.told}" for each in have.findings.values()]


def _fault(have: Have) -> Optional[OfframpError]:
    fault = next(((name, each) for name, each in have.findings.items() if each.verdict == "fault"), None)
    if fault is None:
        return None
    return Refused(f"No traffic may move: {fault[1].told}.", target=f"origin {fault[0]}", hint=fault[1].hint)


MODULE = runner.Module(
    name="origin_probe_info",
    noun="origins",
    spec=SPEC,
    connect=lambda _params, _door: Api(),
    want=want_of,
    observe=observe,
    report=report,
    headline=headline,
    waiting=Waiting(settled=lambda have: not have.left, failed=_fault, progress=lambda have: have.left),
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
