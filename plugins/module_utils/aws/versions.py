"""Versions of a secret as releases: which keep a staging label, and when there is room for one more; pure.

Secrets Manager drops versions without a label once there are more than 100, but none that is younger than a day, and
refuses new ones meanwhile (https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws.ecs import Call
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change, Verb
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput, Refused
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import Options

OURS = "offramp-"
"""What our labels start with. All others belong to somebody else and are counted, never touched."""
MOST_LABELS = 20
"""Staging labels on all versions of a secret together (service quota)."""
MOST_KEPT = MOST_LABELS - 2
"""Labels of ours at most: AWSCURRENT and AWSPREVIOUS are always there."""
MOST_A_DAY = 100
"""Versions that may be younger than a day."""
CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"

USERS: Options = {
    "cluster": {"type": "str", "default": ""},
    "services": {"type": "list", "elements": "str", "default": []},
}
"""Who uses a secret (documentation fragment ``offramp.ecs.secret_users``)."""
OPTIONS: Options = {
    **USERS,
    "families": {"type": "list", "elements": "str", "default": []},
    "keep_versions": {"type": "int", "default": 10},
}
"""Which versions to keep, as a module's options."""

_DAY_S = 24 * 60 * 60
_ID_IN_LABEL = 12
_NAMED = 3


@dataclass(frozen=True)
class Version:
    """One version: its id, when it was made (seconds since the epoch), and its staging labels."""

    id: str
    created: float
    labels: tuple[str, ...]

    @property
    def our_labels(self) -> tuple[str, ...]:
        """Those of its labels that are ours."""
        return tuple(label for label in self.labels if label.startswith(OURS))


@dataclass(frozen=True)
class History:
    """All versions of a secret, the ids of those in use, and the moment (seconds since the epoch) it was told."""

    versions: tuple[Version, ...]
    pinned: frozenset[str]
    now: float


NONE = History((), frozenset(), 0.0)
"""Of a secret without versions, or whose versions nobody asks for."""


@dataclass(frozen=True)
class Keeping:
    """Which versions keep their label: the ``newest`` ones, and those that services and families name."""

    newest: int
    cluster: str
    services: tuple[str, ...]
    families: tuple[str, ...]


@dataclass(frozen=True)
class Labels:
    """What is to become of labels before a new version is made: (version, label) each."""

    released: tuple[tuple[str, str], ...]
    given: tuple[tuple[str, str], ...]


def label_of(version: str) -> str:
    """Our staging label of a version."""
    return f"{OURS}{version[:_ID_IN_LABEL]}"


def wanted(params: Mapping[str, Any]) -> Keeping:
    """What a module's :data:`OPTIONS` ask for.

    Raises:
        BadInput: so many versions cannot be kept.
    """
    newest = params["keep_versions"]
    if not 1 <= newest <= MOST_KEPT:
        raise BadInput(f"keep_versions is {newest}, and cannot be.", hint=f"Keep 1 to {MOST_KEPT} versions.")
    return Keeping(newest, params["cluster"], tuple(params["services"]), tuple(params["families"]))


def check_quota(target: str, versions: Iterable[Version], now: float) -> None:
    """Refuse one more version where Secrets Manager would.

    Raises:
        Refused: with how many there are, and when there will be room.
    """
    young = sorted(version.created for version in versions if now - version.created < _DAY_S)
    if len(young) < MOST_A_DAY:
        return
    room = datetime.fromtimestamp(young[len(young) - MOST_A_DAY] + _DAY_S, timezone.utc)
    raise Refused(
        f"The {target} got {len(young)} versions within 24 hours; Secrets Manager keeps each for a day and takes "
        f"{MOST_A_DAY} at most.",
        target=target,
        hint=f"Find out who writes so often, and run again after {room:%Y-%m-%d %H:%M} UTC.",
    )


def plan(name: str, history: History, keep: int) -> list[Change]:
    """What becomes of labels before a new version is made, see :func:`labels`: first those go that nobody needs.

    Raises:
        Refused: there is no room for a version, or for a label.
    """
    target = f"secret {name}"
    check_quota(target, history.versions, history.now)
    found = labels(target, history.versions, history.pinned, keep)
    return [
        *(_relabelling(name, "delete", version, label, "RemoveFromVersionId") for version, label in found.released),
        *(_relabelling(name, "create", version, label, "MoveToVersionId") for version, label in found.given),
    ]


def labels(target: str, versions: Sequence[Version], pinned: frozenset[str], keep: int) -> Labels:
    """Room for the label of a coming version.

    What ``pinned`` names keeps its label, or gets one; of the others the newest ``keep - 1`` do, fewer where labels of
    somebody else leave no room.

    Raises:
        Refused: the pinned versions alone do not fit; the oldest of them are named.
    """
    newest = sorted(versions, key=lambda version: (version.created, version.id), reverse=True)
    held = [version for version in newest if version.id in pinned]
    free = [version for version in newest if version.id not in pinned and version.our_labels]
    room = MOST_LABELS - len(_foreign(versions)) - 1
    if len(held) > room:
        oldest = ", ".join(version.id for version in held[::-1][:_NAMED])
        raise Refused(
            f"The {target} has room for {room} labelled versions and a new one, but task definitions pin {len(held)}, "
            f"the oldest of them {oldest}.",
            target=target,
            hint="Deregister task definitions that nobody will go back to, or lower copy_keep_versions.",
        )
    counted = [version for version in newest if version in held or version in free][: keep - 1]
    stay = [version for version in counted if version in free][: room - len(held)]
    released = [(version.id, label) for version in free if version not in stay for label in version.our_labels]
    given = [(version.id, label_of(version.id)) for version in held if not version.our_labels]
    return Labels(tuple(sorted(released)), tuple(sorted(given)))


def _relabelling(name: str, verb: Verb, version: str, label: str, how: str) -> Change:
    shown = {"version": version}
    before, after = (None, shown) if verb == "create" else (shown, None)
    call = Call("update_secret_version_stage", {"SecretId": name, "VersionStage": label, how: version})
    return Change(verb, f"label {label} of secret {name}", before, after, call)


def _foreign(versions: Iterable[Version]) -> set[str]:
    """The labels, once there is one more version, that are not ours."""
    there = {label for version in versions for label in version.labels if not label.startswith(OURS)}
    return there | ({CURRENT, PREVIOUS} if CURRENT in there else {CURRENT})
