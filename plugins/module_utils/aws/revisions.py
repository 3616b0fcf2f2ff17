"""A revision of a task definition to have: found where an equal one is there already, else to be registered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import definitions, ecs, releases, services
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown

_LOOK_BACK = 5


@dataclass(frozen=True)
class Want:
    """The definition to have.

    Attributes:
        definition: as ECS registers it.
        normal: the same, normalised.
        plain: names of settings whose values may be shown.
        image: the image that it pins.
        secrets: the configuration that it pins.
        tags: what is said of the release beside it, see :mod:`releases`; never compared.
    """

    definition: Mapping[str, Any]
    normal: Mapping[str, Any]
    plain: frozenset[str]
    image: str
    secrets: definitions.Secrets
    tags: Mapping[str, str]

    @property
    def family(self) -> str:
        """The family that it belongs to."""
        return str(self.definition["family"])


@dataclass(frozen=True)
class Have:
    """The revision that equals the wanted one, else what it is compared with; None where the family has none."""

    want: Want
    arn: str
    normal: Optional[definitions.Json]

    @property
    def equal(self) -> bool:
        """Whether the wanted revision is there."""
        return self.normal == self.want.normal


def want_of(
    definition: definitions.Json,
    plain: frozenset[str],
    image: str,
    secrets: definitions.Secrets,
    tags: Mapping[str, str],
) -> Want:
    """The definition as one to have.

    Raises:
        BadInput: it is too large for ECS.
    """
    definitions.check_size(definition)
    return Want(definition, definitions.normalised(definition), plain, image, secrets, tags)


def observe(api: ecs.Ecs, want: Want, present: Optional[definitions.Json] = None) -> Have:
    """The wanted revision, found by one read; by a few more when the one compared with differs, shortly before it.

    Args:
        api: reads.
        want: what to look for.
        present: what to compare with; by default the family's newest active revision.
    """
    first = present or api.definition(want.family)
    if first is None:
        return Have(want, "", None)
    have = _have(want, first)
    if have.equal:
        return have
    for arn in api.active_revisions(want.family, _LOOK_BACK):
        found = api.definition(arn) if arn != have.arn else None
        if found and _have(want, found).equal:
            return _have(want, found)
    return have


def plan(have: Have) -> list[Change]:
    """A revision where the definition differs."""
    if have.equal:
        return []
    want = have.want
    before, after = definitions.told_apart(
        definitions.readable(have.normal, want.plain), definitions.readable(dict(want.normal), want.plain) or {}
    )
    call = ecs.Call("register_task_definition", {**want.definition, "tags": services.tag_list(want.tags)})
    return [Change("update" if have.normal else "create", f"task definition {want.family}", before, after, call)]


def make(api: ecs.Ecs, change: Change) -> None:
    """One call."""
    api.make(change)


def foresee(have: Have) -> Have:
    """The revision as it will be."""
    if have.equal:
        return have
    return replace(have, arn=Unknown(f"ARN of task definition {have.want.family}", "playbooks/release.yml"))


def report(have: Have) -> dict[str, Any]:
    """What playbooks use of a revision."""
    want = have.want
    return {
        "family": want.family,
        "arn": have.arn,
        "image": want.image,
        "image_tag": want.tags.get(releases.IMAGE_TAG, ""),
        "secret": want.secrets.told(),
    }


def headline(have: Have) -> list[str]:
    """The release in one sentence."""
    digest, version = have.want.image.rpartition("@")[2], have.want.secrets.version
    shown = ecs.name_of(have.arn) if have.arn.startswith("arn:") else have.arn
    return [f"Release {have.want.family}: image {digest}, secret version {version}, task definition {shown}"]


def _have(want: Want, definition: definitions.Json) -> Have:
    return Have(want, definition["taskDefinitionArn"], definitions.normalised(definition))
