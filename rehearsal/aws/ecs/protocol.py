"""Requests and answers held to botocore's own model of the ECS API."""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session

from rehearsal.aws.ecs.errors import EcsError, invalid
from rehearsal.aws.ecs.model import Json

_PYTHON: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "long": int,
    "double": (int, float),
    "float": (int, float),
    "boolean": bool,
    "timestamp": (int, float),
    "structure": dict,
    "map": dict,
    "list": list,
}


@cache
def _model() -> Any:
    return botocore.session.get_session().get_service_model("ecs")


def check_request(operation: str, request: Json) -> None:
    """Refuse a request that the API's model does not allow.

    Raises:
        EcsError: UnknownOperationException, SerializationException or InvalidParameterException.
    """
    if operation not in _model().operation_names:
        raise EcsError("UnknownOperationException", f"ECS has no operation {operation!r}.", 404)
    shape = _model().operation_model(operation).input_shape
    if shape is not None:
        _check(shape, request, "")


def check_answer(operation: str, answer: Json) -> Json:
    """The answer without members that are None.

    Raises:
        TypeError: it does not fit the API's model, which is a mistake of the stand-in's.
    """
    shape = _model().operation_model(operation).output_shape
    cleaned: Json = _without_none(answer)
    if shape is not None:
        try:
            _check(shape, cleaned, "")
        except EcsError as error:
            raise TypeError(f"the stand-in's answer to {operation} is wrong: {error.message}") from error
    return cleaned


def _check(shape: Any, value: Any, where: str) -> None:
    wanted = _PYTHON[shape.type_name]
    fits = isinstance(value, wanted) and (not isinstance(value, bool) or shape.type_name == "boolean")
    if not fits:
        raise EcsError(
            "SerializationException", f"{where or 'request'}: {value!r:.60} is not of type {shape.type_name}."
        )
    if shape.type_name == "structure":
        _check_structure(shape, value, where)
    elif shape.type_name == "list":
        for number, each in enumerate(value, 1):
            _check(shape.member, each, f"{where}.{number}.member")
    elif shape.type_name == "map":
        for key, each in value.items():
            _check(shape.value, each, f"{where}.{key}")
    elif getattr(shape, "enum", None) and value not in shape.enum:
        _refuse(value, where, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")


def _check_structure(shape: Any, value: Json, where: str) -> None:
    prefix = f"{where}." if where else ""
    for name in shape.required_members:
        if value.get(name) is None:
            _refuse(None, prefix + name, "Member must not be null")
    for name, each in value.items():
        if name not in shape.members:
            raise EcsError("SerializationException", f"{shape.name} has no member {prefix + name!r}.")
        if each is not None:
            _check(shape.members[name], each, prefix + name)


def _refuse(value: Any, where: str, constraint: str) -> None:
    shown = "null" if value is None else f"'{value}'"
    raise invalid(f"1 validation error detected: Value {shown} at '{where}' failed to satisfy constraint: {constraint}")


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_none(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_without_none(each) for each in value]
    return value
