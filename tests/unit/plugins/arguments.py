"""A module's arguments as Ansible hands them over."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator


def validated(module: Any, given: dict[str, Any]) -> dict[str, Any]:
    """The given ones, converted, and the defaults of all others.

    The validator fills the defaults of suboptions into the very ``default`` of a spec, which other tests of the process
    read: so it gets a copy.
    """
    checked = ArgumentSpecValidator(**deepcopy(module.SPEC)).validate(given)
    assert not checked.error_messages
    return dict(checked.validated_parameters)
