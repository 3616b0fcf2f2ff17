"""Keeps the credentials of a run out of what it says of a failure: a vendor, or a proxy on the way, may quote them."""

from __future__ import annotations

import os
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.engine.blot import Blotter

_WORDS = frozenset({"KEY", "TOKEN", "SECRET", "PASSWORD"})
"""What the names of variables with credentials have in them ("HEROKU_API_KEY", "AWS_SESSION_TOKEN")."""
_SHORTEST = 8


def without_credentials(told: Any) -> Any:
    """Plain JSON values, with the name of its variable in place of each credential of the environment."""
    return _blotted(told, Blotter({name: value for name, value in os.environ.items() if _is_credential(name, value)}))


def _is_credential(name: str, value: str) -> bool:
    words = name.split("_")
    return len(value) >= _SHORTEST and not _WORDS.isdisjoint(words) and words[-1] != "ID"


def _blotted(told: Any, blotter: Blotter) -> Any:
    if isinstance(told, str):
        return blotter.blot(told)
    if isinstance(told, dict):
        return {key: _blotted(value, blotter) for key, value in told.items()}
    if isinstance(told, (list, tuple)):
        return [_blotted(value, blotter) for value in told]
    return told
