#!/usr/bin/python
"""The lock of an app, taken and freed by hand of a role."""

from __future__ import annotations

DOCUMENTATION = """
module: app_lock
short_description: Take or free the lock of an app
description:
  - One run at a time releases an app or shifts its traffic. The lock is a parameter in AWS Systems Manager Parameter
    Store, C(/offramp/STAGE/APP/lock), that says who has it, what for, since when and until when. It holds no secret.
  - Modules with an option C(lock) take it by themselves, right before their first change, and renew it while they
    wait. This module takes it ahead of changes of others, and frees it at the end.
  - A run that was killed keeps others away until its lease is over. Its owner's next run has the lock at once, if the
    process of the former is dead.
  - Taking and freeing leave nothing behind, so a role says C(changed_when=false).
options:
  state:
    description: C(held) takes or renews it; C(free) lets go of it, where this run or a dead one of its owner has it.
    type: str
    choices: [held, free]
    default: held
  stage:
    description: Name of the stage.
    type: str
    required: true
  app:
    description: Name of the app.
    type: str
    required: true
  purpose:
    description: What it is taken for, for others to read.
    type: str
    required: true
  owner:
    description:
      - A name that a later run of the same person or job has, too, and nobody else. Empty for the job where GitLab
        runs it, else user and host.
    type: str
    default: ""
  break_it:
    description: Whether to take it from another run, which then stops before its next change.
    type: bool
    default: false
  lease:
    description: Seconds after which it is free where nobody renews it.
    type: float
    default: 120.0
extends_documentation_fragment:
  - offramp.ecs.aws
author: The Offramp authors
"""

EXAMPLES = """
- name: Keep other runs away
  offramp.ecs.app_lock:
    region: eu-west-1
    stage: staging
    app: bond-server
    purpose: shift
  changed_when: false
"""

RETURN = """
lock:
  description: The lock.
  returned: success
  type: dict
  contains:
    app: {description: Whose it is., type: str}
    held: {description: "Whether this run has it, which a dry run may only foresee.", type: bool}
    owner: {description: Who has it; empty where it is free., type: str}
    purpose: {description: What for., type: str}
    since: {description: "Since when, in UTC.", type: str}
    until: {description: "Until when, if nobody renews it.", type: str}
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import locks
from ansible_collections.offramp.ecs.plugins.module_utils.aws.parameters import Parameters
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module

SPEC = spec.spec(
    spec.AWS,
    locks.ABOUT,
    options={"state": {"type": "str", "choices": ["held", "free"], "default": "held"}},
)


@dataclass(frozen=True)
class Want:
    """Which lock is to be held, or free."""

    asked: locks.Asked
    held: bool


@dataclass(frozen=True)
class Have:
    """What the lock says, how it stands to this run, whether its lease need not be renewed, and whose it was before."""

    want: Want
    held: Optional[locks.Held]
    standing: locks.Standing
    fresh: bool
    news: tuple[str, ...] = ()


def want_of(params: Mapping[str, Any]) -> Want:
    """The wanted lock."""
    return Want(locks.asked(params), params["state"] == "held")


def connect(params: Mapping[str, Any], door: Door) -> locks.Lock:
    """The lock."""
    return locks.Lock(locks.asked(params), Parameters(params["region"], door))


def observe(api: locks.Lock, want: Want) -> Have:
    """One read."""
    look = api.look()
    fresh = look.held is not None and api.is_fresh(look.held)
    return Have(want, look.held, look.standing, fresh, tuple(api.news))


def plan(have: Have, want: Want) -> list[Change]:
    """Take or renew it, or let go of it; whether others have it is seen when it is taken."""
    before = {"owner": have.held.owner, "purpose": have.held.purpose} if have.held else None
    after = {"owner": want.asked.run.owner, "purpose": want.asked.purpose}
    if not want.held:
        return [Change("delete", want.asked.target, before)] if have.standing in ("ours", "left") else []
    if have.standing == "ours" and have.fresh:
        return []
    return [Change("create" if have.standing == "free" else "update", want.asked.target, before, after)]


def take(api: locks.Lock, _change: Change) -> None:
    """Take or renew it."""
    api.secure()


def free(api: locks.Lock, _change: Change) -> None:
    """Let go of it."""
    api.free()


def foresee(have: Have, want: Want) -> Have:
    """A dry run takes nothing, and counts as if it had."""
    return replace(have, standing="ours" if want.held else "free")


def report(have: Have) -> dict[str, Any]:
    """What playbooks use."""
    told = {name: getattr(have.held, name, "") for name in ("owner", "purpose", "since", "until")}
    return {"app": have.want.asked.app, "held": have.standing == "ours", **told}


def headline(have: Have) -> list[str]:
    """From whom it was taken."""
    return list(have.news)


MODULE = Module(
    name="app_lock",
    noun="lock",
    spec=SPEC,
    connect=connect,
    want=want_of,
    observe=observe,
    report=report,
    plan=plan,
    apply={"create": take, "update": take, "delete": free},
    foresee=foresee,
    headline=headline,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
