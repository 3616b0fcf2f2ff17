#!/usr/bin/python
"""How long requests to a Heroku app take."""

from __future__ import annotations

DOCUMENTATION = """
module: heroku_request_info
short_description: See how long requests to a Heroku app take
description:
  - Reads the last lines of the app's router that Heroku keeps, at most 1,500, and tells the slowest request. That is
    what tasks on AWS must be able to end when they go, see M(offramp.ecs.aws_drain_check).
  - Paths are not told, since some hold secrets.
options:
  app:
    description: Name of the Heroku app.
    type: str
    required: true
extends_documentation_fragment:
  - offramp.ecs.heroku
author: The Offramp authors
"""

EXAMPLES = """
- name: See how long requests take
  offramp.ecs.heroku_request_info:
    app: bond-server
"""

RETURN = """
requests:
  description: The requests that were seen.
  returned: success
  type: dict
  contains:
    app: {description: Name of the app., type: str}
    count: {description: How many were seen., type: int}
    slowest: {description: "Seconds of the slowest, 0 where none was seen.", type: float}
    at: {description: "When that one ended, in UTC; empty where none was seen.", type: str}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module
from ansible_collections.offramp.ecs.plugins.module_utils.heroku import apps, router

SPEC = spec.spec(options={"app": {"type": "str", "required": True}})


@dataclass(frozen=True)
class Have:
    """What was seen."""

    app: str
    requests: tuple[router.Answered, ...]

    @property
    def slowest(self) -> float:
        """Seconds of the slowest request; 0 where none was seen."""
        return max((each.service for each in self.requests), default=0) / 1000

    @property
    def at(self) -> str:
        """When that one ended; "" where none was seen."""
        worst = max(self.requests, key=lambda each: each.service, default=None)
        return f"{datetime.fromtimestamp(worst.at, timezone.utc):%Y-%m-%dT%H:%M:%SZ}" if worst else ""


def connect(params: Mapping[str, Any], door: Door) -> router.OpenTail:
    """A log session to come."""
    return router.recent_of(door, params["app"])


def observe(api: router.OpenTail, want: str) -> Have:
    """One log session."""
    return Have(want, tuple(router.recent(api)))


def report(have: Have) -> dict[str, Any]:
    """What playbooks may use."""
    return {"app": have.app, "count": len(have.requests), "slowest": have.slowest, "at": have.at}


def headline(have: Have) -> list[str]:
    """The slowest request in one sentence."""
    if not have.requests:
        return [f"Requests to {apps.target_of(have.app)}: none in its log"]
    seen = f"the slowest of the last {len(have.requests)} took {have.slowest:g} s, at {have.at}"
    return [f"Requests to {apps.target_of(have.app)}: {seen}"]


MODULE = Module(
    name="heroku_request_info",
    noun="requests",
    spec=SPEC,
    connect=connect,
    want=lambda params: params["app"],
    observe=observe,
    report=report,
    headline=headline,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
