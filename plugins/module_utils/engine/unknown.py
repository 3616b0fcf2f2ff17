"""Values that only the vendor can tell, and only after a real run: shown as "known after apply".

An :class:`Unknown` is text, so it travels through Ansible variables, Jinja and JSON as any other value does, and text
that is built around one ("REPOSITORY:tag") is unknown too. The runner refuses unknown values in a real run, in one
place, with the sentence that names the playbook to run first; modules only ask :func:`is_unknown`. The mark holds no
comma, so that it stays whole where Ansible splits text into a list.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

_MARK = re.compile(r"\(known after apply: (?P<what>[^()]+); by (?P<made_by>[^()]+)\)")


class Unknown(str):
    """A value that does not exist yet.

    Args:
        what: the value in a person's words, without parentheses and commas ("ClusterArn of stack
            offramp-staging-platform").
        made_by: the playbook that makes it ("playbooks/provision.yml").
    """

    __slots__ = ()

    def __new__(cls, what: str, made_by: str) -> Unknown:
        return super().__new__(cls, f"(known after apply: {what}; by {made_by})")


def is_unknown(value: Any) -> bool:
    """Whether a value is unknown, or holds anything unknown at any depth."""
    return first_unknown(value) is not None


def first_unknown(value: Any) -> tuple[str, str] | None:
    """The first unknown value in ``value`` at any depth, as (what, made_by), or None."""
    if isinstance(value, str):
        found = _MARK.search(value)
        return (found["what"], found["made_by"]) if found else None
    for part in _parts(value):
        found_below = first_unknown(part)
        if found_below is not None:
            return found_below
    return None


def _parts(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    if isinstance(value, (list, tuple, set, frozenset)):
        return list(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, field.name) for field in dataclasses.fields(value)]
    return []
