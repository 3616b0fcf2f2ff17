"""The matrix as data: the states of the world, the commands, and how each command is to end in each state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.dry import strangers
from tests.dry.judge import End, refused, unlike
from tests.dry.strangers import Stranger

FRESH = "fresh"
"""A world as it comes up."""


@dataclass(frozen=True)
class Play:
    """A playbook run that helps to make a state: ``faults`` strike it, and it ends ``well``, or not."""

    command: tuple[str, ...]
    faults: tuple[Mapping[str, Any], ...] = ()
    well: bool = True


Edit = Callable[[Stranger], None]


@dataclass(frozen=True)
class State:
    """A state of the world.

    Attributes:
        told: the state in a few words.
        after: the state that it is made from.
        by: what is done to it.
        options: what is wanted there beyond a command's own options, by command.
    """

    told: str
    after: str = FRESH
    by: tuple[Play | Edit, ...] = ()
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def _killed_at(**call: str) -> tuple[Mapping[str, Any], ...]:
    return ({**call, "kill": "all"},)


PLATFORM = "offramp-production-platform"
PROVISION = ("playbooks/provision.yml",)
COPY = ("playbooks/copy.yml",)
RELEASE = ("playbooks/release.yml",)
CRASHING = (*RELEASE, "-e", "release_image=v43-crashes")
SHIFT = ("playbooks/shift.yml",)
RAMP = ("-e", '{"shift_steps": [50, 100]}')
"""A shorter ladder than the default's, for time's sake."""

LONGER = ("-e", "provision_idle_timeout=90")

COMMANDS: dict[str, tuple[str, ...]] = {
    "survey": ("playbooks/survey.yml",),
    "provision": PROVISION,
    "copy": COPY,
    "release": (*RELEASE, "-e", "release_image=v41"),
    "back": (*RELEASE, "-e", "release_to=previous"),
    "shift": (*SHIFT, *RAMP),
    "rollback": ("playbooks/rollback.yml",),
    "retire": ("playbooks/retire.yml",),
    "drift": ("playbooks/drift.yml",),
    "migrate": ("migrate.yml", *RAMP),
}

STATES: dict[str, State] = {
    FRESH: State("nothing on AWS"),
    "half-provisioned": State(
        "provision.yml killed when the platform's change set was made",
        by=(
            Play(PROVISION, _killed_at(operation="CreateChangeSet", target="offramp-production-platform"), well=False),
        ),
    ),
    "failed stack": State(
        "the app's stack could not be created: its repository's name was taken",
        by=(strangers.make_the_repository, Play(PROVISION, well=False), strangers.remove_the_repository),
    ),
    "provisioned": State("nothing copied", by=(Play(PROVISION), strangers.push_images)),
    "copied": State("nothing released", "provisioned", (Play(COPY),), {"migrate": ("-e", "migrate_retire=true")}),
    "half-released": State(
        "release.yml killed when the first service was created",
        "copied",
        (Play(RELEASE, _killed_at(operation="CreateService"), well=False),),
    ),
    "first release failed": State("an image that crashes", "copied", (Play(CRASHING, well=False),)),
    "released": State("Cloudflare not adopted", "copied", (Play(RELEASE),)),
    "failed release": State(
        "an image that crashes, after two good ones",
        "released",
        (Play((*RELEASE, "-e", "release_image=v41")), Play(CRASHING, well=False)),
    ),
    "mid-ramp": State("a quarter of the traffic on AWS", "released", (Play((*SHIFT, "-e", "shift_to=25")),)),
    "drifted": State(
        "edited by hand, everywhere",
        "mid-ramp",
        (
            strangers.open_a_port,
            strangers.scale_by_hand,
            strangers.retag_the_service,
            strangers.lower_the_ceiling,
            strangers.register_a_revision,
            strangers.edit_the_secret,
            strangers.move_the_weights,
            strangers.slow_the_monitors,
        ),
    ),
    "outdated": State(
        "config vars changed since the copy; a newer image and a longer idle timeout are wanted",
        "mid-ramp",
        (strangers.change_config_vars,),
        {"migrate": ("-e", "release_image=v41", *LONGER), "provision": LONGER},
    ),
    "on AWS": State("all traffic on AWS", "mid-ramp", (Play((*SHIFT, "-e", "shift_to=100")),)),
    "rolled back": State(
        "all traffic back on Heroku",
        "on AWS",
        (Play(("playbooks/rollback.yml",)),),
        {"shift": ("-e", "shift_reopen=true")},
    ),
    "retired": State("no dyno left", "on AWS", (Play(("playbooks/retire.yml",)),)),
}

WELL = End()
MISSING = (
    "Where something is missing a real run says so and names the command; a dry run goes on to the end of the plan."
)
GATE = "A dry run of a whole migration comes to the gate before any traffic has moved, so it tells what is in the way."
TOLD = "A dry run tells what shuts a gate before the first weight, and goes on to the end of the plan."

_UNPROVISIONED = (FRESH, "half-provisioned", "failed stack")
_UNRELEASED = ("provisioned", "copied", "first release failed")
_ONCE_RELEASED = ("released", "mid-ramp", "drifted", "outdated", "on AWS", "rolled back", "retired")
_UNBALANCED = (*_UNPROVISIONED, *_UNRELEASED, "half-released", "released", "failed release")
_SERVED_BY_HEROKU = (*_UNBALANCED, "mid-ramp", "drifted", "outdated", "rolled back")
_NO_EARLIER = refused("has no earlier release that was completed")


def _all(states: tuple[str, ...], command: str, end: End) -> dict[tuple[str, str], End]:
    return {(state, command): end for state in states}


ENDS: dict[tuple[str, str], End] = {
    **_all(_UNPROVISIONED, "release", unlike("Run playbooks/provision.yml", MISSING)),
    **_all(_UNPROVISIONED, "back", unlike("Run playbooks/provision.yml", MISSING)),
    **_all(_UNPROVISIONED, "shift", unlike("Run playbooks/provision.yml", MISSING)),
    ("provisioned", "release"): unlike("Run playbooks/copy.yml", MISSING),
    **_all(("provisioned", "copied"), "back", refused("does not exist, so it has no release to go back to")),
    **_all((*_ONCE_RELEASED, "half-released", "first release failed"), "back", _NO_EARLIER),
    **_all(_UNRELEASED, "shift", unlike("must get no traffic", MISSING)),
    ("outdated", "shift"): unlike("has another configuration", TOLD),
    **_all(_UNBALANCED, "rollback", refused("No Cloudflare load balancer divides")),
    **_all(_SERVED_BY_HEROKU, "retire", unlike("must not stop", GATE)),
    ("rolled back", "migrate"): refused("is closed, as a rollback leaves it"),
}
"""(state, command) -> how it is to end, where not well."""
