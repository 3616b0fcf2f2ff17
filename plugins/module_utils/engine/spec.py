"""Argument specs: what a module takes, with the options that many modules share."""

from __future__ import annotations

from typing import Any

Options = dict[str, dict[str, Any]]

WAITING: Options = {
    "within": {"type": "float", "default": 1800.0},
    "every": {"type": "float", "default": 10.0},
}
"""Seconds: the deadline of a wait, and the distance of its polls (documentation fragment ``offramp.ecs.waiting``)."""

PATIENCE: Options = {"patience": {"type": "float", "default": 0.0}}
"""Seconds for which a vendor that does not answer is tried again (documentation fragment ``offramp.ecs.patience``)."""

AWS: Options = {"region": {"type": "str", "required": True}}
"""The AWS region (documentation fragment ``offramp.ecs.aws``)."""


def spec(*shared: Options, options: Options, **rules: Any) -> dict[str, Any]:
    """An argument spec in the form of ``AnsibleModule``'s keyword arguments.

    Args:
        shared: option groups such as :data:`WAITING`, first so that ``options`` can override a default.
        options: the module's own options.
        rules: ``required_if``, ``mutually_exclusive`` and their like.
    """
    merged: Options = {}
    for group in (*shared, options):
        merged.update(group)
    return {"argument_spec": merged, **rules}
