"""What CloudFormation refuses before it makes anything: mistakes in a template, in parameters, in a stack's state."""

from __future__ import annotations

import re
from typing import Any

from rehearsal.aws.adapters import moto_network, server, stacks
from rehearsal.aws.adapters.reach import Patches
from rehearsal.aws.cloudformation.lint import mistakes
from rehearsal.aws.errors import RefusedError
from rehearsal.aws.service import Parameters, Service

LARGEST = 51_200
"""Bytes of a template in a request."""
_WITH_TEMPLATE = ("CreateStack", "UpdateStack", "CreateChangeSet", "ValidateTemplate")
_WITH_PARAMETERS = ("CreateStack", "UpdateStack", "CreateChangeSet")
_OF_LIVE_STACKS = ("DescribeStackEvents", "DescribeStackResources", "GetTemplate", "ListStackResources")
_SHOWN = 3
_UNUSABLE = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")


def service(patches: Patches) -> Service:
    """CloudFormation with its refusals."""
    stacks.enforce_capabilities(patches)
    stacks.blur_templates(patches)
    formation = Service("cloudformation")
    formation.refuses(*_WITH_TEMPLATE)(_small)
    formation.refuses("CreateStack")(_name_is_free)
    formation.refuses(*_OF_LIVE_STACKS)(_not_deleted)
    formation.refuses("UpdateStack", "CreateChangeSet")(_can_be_updated)
    formation.refuses(*_WITH_PARAMETERS)(_parameters_fit)
    for operation in _WITH_TEMPLATE:
        formation.gates[operation].append(_lint)
    return formation


def _invalid(message: str) -> RefusedError:
    return RefusedError("ValidationError", message)


def _small(parameters: Parameters) -> None:
    if len(parameters.get("TemplateBody", "").encode()) > LARGEST:
        raise _invalid(
            "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: "
            f"Member must have length less than or equal to {LARGEST}"
        )


def _name_is_free(parameters: Parameters) -> None:
    found = stacks.stacks().get(parameters["StackName"])
    if found is not None and found["StackStatus"] != "DELETE_COMPLETE":
        raise RefusedError("AlreadyExistsException", f"Stack [{parameters['StackName']}] already exists")


def _not_deleted(parameters: Parameters) -> None:
    """A deleted stack is found by its id alone."""
    name = parameters.get("StackName", "")
    found = None if name.startswith("arn:") else stacks.stacks().get(name)
    if found is not None and found["StackStatus"] == "DELETE_COMPLETE":
        raise _invalid(f"Stack with id {name} does not exist")


def _can_be_updated(parameters: Parameters) -> None:
    found = stacks.stacks().get(parameters["StackName"])
    if found is not None and (found["StackStatus"] in _UNUSABLE or _is_at_work(found["StackStatus"])):
        raise _invalid(f"Stack:{found['StackId']} is in {found['StackStatus']} state and can not be updated.")


def _is_at_work(status: str) -> bool:
    return status.endswith("_IN_PROGRESS") and status not in ("REVIEW_IN_PROGRESS", "DELETE_IN_PROGRESS")


def _lint(parameters: Parameters) -> None:
    body = parameters.get("TemplateBody")
    found = mistakes(body, server.current_region()) if body else []
    if found:
        more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise _invalid(f"Template error: {'; '.join(str(each) for each in found[:_SHOWN])}{more}")


def _parameters_fit(parameters: Parameters) -> None:
    """What is wrong with parameters, in the words of CloudFormation; a template that cannot be read comes later."""
    declared = _declared(parameters)
    if declared is None:
        return
    given = {each["ParameterKey"]: each for each in parameters.get("Parameters", [])}
    if unknown := sorted(given.keys() - declared.keys()):
        raise _invalid(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    missing = [name for name, what in declared.items() if name not in given and "Default" not in what]
    if missing:
        raise _invalid(f"Parameters: [{', '.join(missing)}] must have values")
    values = {name: each["ParameterValue"] for name, each in given.items() if "ParameterValue" in each}
    for check in (_value_fits, _names_something):
        for name, value in values.items():
            check(name, value, declared[name])


def _declared(parameters: Parameters) -> dict[str, Any] | None:
    body = parameters.get("TemplateBody")
    if not body:
        return None
    try:
        return dict(stacks.parse_template(body).get("Parameters") or {})
    except Exception:  # the engine says what is wrong with the template
        return None


def _value_fits(name: str, value: str, declared: dict[str, Any]) -> None:
    allowed = [str(each) for each in declared.get("AllowedValues", [])]
    kind = str(declared.get("Type", "String"))
    values = _values(value, kind)
    if allowed and not set(values) <= set(allowed):
        raise _invalid(f"Parameter '{name}' must be one of AllowedValues")
    pattern = declared.get("AllowedPattern")
    if pattern and not all(re.fullmatch(pattern, each) for each in values):
        said = declared.get("ConstraintDescription") or f"must match pattern {pattern}"
        raise _invalid(f"Parameter {name} failed to satisfy constraint: {said}")
    if kind == "Number":
        _number_fits(name, value, declared)
    elif not int(declared.get("MinLength", 0)) <= len(value) <= int(declared.get("MaxLength", len(value))):
        raise _invalid(
            f"Parameter '{name}' must contain at least {declared.get('MinLength', 0)} and at most "
            f"{declared.get('MaxLength', 'any number of')} characters"
        )


def _values(value: str, kind: str) -> list[str]:
    parts = value.split(",") if kind.startswith("List<") or kind == "CommaDelimitedList" else [value]
    return [part.strip() for part in parts]


def _names_something(name: str, value: str, declared: dict[str, Any]) -> None:
    kind = str(declared.get("Type", "String"))
    for each in _values(value, kind):
        if not _exists(kind, each):
            raise _invalid(
                f"Parameter validation failed: parameter value {each} for parameter name {name} does not exist"
            )


def _number_fits(name: str, value: str, declared: dict[str, Any]) -> None:
    if not re.fullmatch(r"[+-]?\d+(\.\d+)?", value):
        raise _invalid(f"Parameter '{name}' must be a number.")
    if float(value) < float(declared.get("MinValue", value)):
        raise _invalid(f"Parameter '{name}' must be a number not less than {declared['MinValue']}")
    if float(value) > float(declared.get("MaxValue", value)):
        raise _invalid(f"Parameter '{name}' must be a number not greater than {declared['MaxValue']}")


def _exists(kind: str, value: str) -> bool:
    """Whether a parameter of a type that names things names one that exists."""
    if "AWS::EC2::VPC::Id" in kind:
        return moto_network.has_vpc(value)
    if "AWS::EC2::Subnet::Id" in kind:
        return moto_network.subnet(value) is not None
    if "AWS::EC2::SecurityGroup::Id" in kind:
        return moto_network.has_security_group(value)
    return True
