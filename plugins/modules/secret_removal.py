#!/usr/bin/python
"""The end of a secret that is ours, with days in which it can be taken back."""

from __future__ import annotations

DOCUMENTATION = """
module: secret_removal
short_description: Schedule a secret of ours for deletion
description:
  - Schedules a secret for deletion, with a recovery window. Only a secret that M(offramp.ecs.secret_bundle) made for
    this app (tag C(offramp:app)) is ever deleted, and none that a running service names.
  - Replicas go first, as AWS asks. A secret that is scheduled already, or is not there, is no change.
options:
  name:
    description: Name of the secret.
    type: str
    required: true
  app:
    description: Heroku app that the secret was copied from, the value of its tag.
    type: str
    required: true
  recovery_days:
    description: Days for which the secret can be restored, 7 to 30.
    type: int
    default: 30
extends_documentation_fragment:
  - offramp.ecs.aws
  - offramp.ecs.secret_users
author: The Offramp authors
"""

EXAMPLES = """
- name: Remove the configuration
  offramp.ecs.secret_removal:
    region: eu-west-1
    name: staging/bond-server/config
    app: bond-server
    cluster: offramp-staging
    services: [bond-server-web]
"""

RETURN = """
removal:
  description: The secret after the run.
  returned: success
  type: dict
  contains:
    name: {description: Its name., type: str}
    arn: {description: "Its full ARN, empty where there is none.", type: str}
    leaves_at: {description: "Date on which AWS deletes it, empty where there is none to delete.", type: str}
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import pins, secret_settings, secrets, versions
from ansible_collections.offramp.ecs.plugins.module_utils.aws.ecs import Call
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput, Refused
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import AWS, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown

SPEC = spec(
    AWS,
    versions.USERS,
    options={
        "name": {"type": "str", "required": True},
        "app": {"type": "str", "required": True},
        "recovery_days": {"type": "int", "default": 30},
    },
)


@dataclass(frozen=True)
class Api:
    """Secrets, and who uses them."""

    secrets: secrets.Secrets
    pins: pins.Pins


@dataclass(frozen=True)
class Want:
    """Which secret goes, whose it must be, and who must not use it any more."""

    name: str
    app: str
    recovery_days: int
    cluster: str
    services: tuple[str, ...]


@dataclass(frozen=True)
class Have:
    """The secret, None where there is none, and the running services that name it."""

    name: str
    secret: Optional[secrets.Secret]
    users: tuple[str, ...] = ()


def connect(params: Mapping[str, Any], door: Door) -> Api:
    """The clients; no version is made, so none needs an id."""
    return Api(secrets.Secrets(door, params["region"], ""), pins.Pins(params["region"], door))


def want(params: Mapping[str, Any]) -> Want:
    """What the arguments ask for.

    Raises:
        BadInput: AWS has no such recovery window.
    """
    days = params["recovery_days"]
    if not 7 <= days <= 30:
        raise BadInput(f"A recovery window of {days} days cannot be.", hint="Use 7 to 30 days.")
    return Want(params["name"], params["app"], days, params["cluster"], tuple(params["services"]))


def observe(api: Api, want: Want) -> Have:
    """One read of the secret, without its value; where it is to go, those of its users besides."""
    found = api.secrets.about(want.name)
    if found is None or found.leaves_at is not None:
        return Have(want.name, found)
    uses = api.pins.uses(want.cluster, want.services, found.arn)
    return Have(want.name, found, tuple(sorted({use.service for use in uses})))


def plan(have: Have, want: Want) -> list[Change]:
    """Its replicas, then the secret.

    Raises:
        Refused: it is not ours, or somebody uses it.
    """
    if have.secret is None or have.secret.leaves_at is not None:
        return []
    target = secrets.target_of(want.name)
    secrets.check_owner(want.name, have.secret, want.app)
    if have.users:
        raise Refused(
            f"The {target} is in use: ECS service {', '.join(have.users)} runs with it.",
            target=target,
            hint="Delete the service, or release it without the secret, and run again.",
        )
    shown = {"arn": have.secret.arn, "tags": dict(have.secret.settings.tags or {})}
    call = Call("delete_secret", {"SecretId": want.name, "RecoveryWindowInDays": want.recovery_days})
    after = {"can be restored for": f"{want.recovery_days} days"}
    return [
        *secret_settings.removals(want.name, sorted(have.secret.settings.replicas or ())),
        Change("delete", target, shown, after, call),
    ]


def foresee(have: Have, want: Want) -> Have:
    """The secret on its way out; AWS counts the days."""
    if have.secret is None or have.secret.leaves_at is not None:
        return have
    leaves = Unknown(f"date on which secret {want.name} goes", "tasks_from remove of role copy")
    return replace(have, secret=replace(have.secret, leaves_at=leaves))


def report(have: Have) -> dict[str, Any]:
    """What playbooks may use."""
    found = have.secret
    return {"name": have.name, "arn": found.arn if found else "", "leaves_at": (found and found.leaves_at) or ""}


def headline(have: Have) -> list[str]:
    """When the secret goes, and how it is taken back until then."""
    if have.secret is None:
        return [f"Secret {have.name}: there is none"]
    back = f"aws secretsmanager restore-secret --secret-id {have.name}"
    return [f"Secret {have.name} will be deleted on {have.secret.leaves_at}; until then: {back}"]


MODULE = runner.Module(
    name="secret_removal",
    noun="removal",
    spec=SPEC,
    connect=connect,
    want=want,
    observe=observe,
    report=report,
    plan=plan,
    apply={"delete": lambda api, change: api.secrets.make(change)},
    foresee=foresee,
    headline=headline,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
