"""What Parameter Store refuses and ministack accepts; what it has besides parameters is not offered."""

from __future__ import annotations

import re

from rehearsal.aws.errors import RefusedError
from rehearsal.aws.service import Check, Parameters, Service, not_offered

LARGEST = 4096
"""Characters of a standard parameter's value
(https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html, as all below)."""
_DEEPEST = 15
_LONGEST_NAME = 1011
_NAME = re.compile(r"[A-Za-z0-9_.\-/]+")
_TYPES = ("String", "StringList", "SecureString")
_NOT_OFFERED = (
    "DescribeInstanceInformation",
    "GetCommandInvocation",
    "ListCommands",
    "SendCommand",
    "GetServiceSetting",
    "ResetServiceSetting",
    "UpdateServiceSetting",
)


def service() -> Service:
    """The additions to Systems Manager."""
    manager = Service("ssm")
    manager.refuses("PutParameter")(_named)
    manager.refuses("PutParameter")(_fits)
    for operation in _NOT_OFFERED:
        manager.refuses(operation)(_refused(operation))
    return manager


def _refused(operation: str) -> Check:
    def refuse(_: Parameters) -> None:
        raise not_offered(f"operation {operation} of ssm")

    return refuse


def _named(parameters: Parameters) -> None:
    name = str(parameters.get("Name", ""))
    if not name or len(name) > _LONGEST_NAME:
        raise _invalid(f"Parameter name must have 1 to {_LONGEST_NAME} characters.")
    if not _NAME.fullmatch(name) or "//" in name or name.endswith("/"):
        raise _invalid(
            'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of '
            "sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the "
            "following 3 symbols .-_"
        )
    if "/" in name and not name.startswith("/"):
        raise _invalid("Parameter name must be a fully qualified name.")
    if name.count("/") > _DEEPEST:
        raise RefusedError("HierarchyLevelLimitExceededException", f"Hierarchy level limit exceeded: {_DEEPEST}.")


def _fits(parameters: Parameters) -> None:
    value = str(parameters.get("Value", ""))
    if not value:
        raise _invalid(
            "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length "
            "greater than or equal to 1"
        )
    if len(value) > LARGEST and parameters.get("Tier", "Standard") == "Standard":
        raise _invalid(
            f"Standard tier parameters support a maximum parameter value of {LARGEST} characters. To create a larger "
            "parameter value, upgrade the parameter to use the advanced-parameter tier."
        )
    if parameters.get("Type", "String") not in _TYPES:
        raise RefusedError("UnsupportedParameterType", "The parameter type isn't supported.")


def _invalid(message: str) -> RefusedError:
    return RefusedError("ValidationException", message)
