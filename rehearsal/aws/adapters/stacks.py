"""ministack's CloudFormation: its table of resource types, and where their handlers run."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from rehearsal.aws.adapters.reach import Patches, reach

_PACKAGE = "ministack.services.cloudformation"
_PROVISIONERS = f"{_PACKAGE}.provisioners"

Handlers = dict[str, Any]
"""A type's ``create(logical_id, properties, stack)``, ``update(id, old, new, stack, logical_id)``,
``delete(id, properties)``; the first two give (physical id, attributes)."""


def resource_handlers() -> dict[str, Handlers]:
    """ministack's resource types and their handlers."""
    handlers: dict[str, Handlers] = reach(_PROVISIONERS, "_RESOURCE_HANDLERS")
    return handlers


def register_type(patches: Patches, name: str, handlers: Handlers, replaces: tuple[str, ...], tagged: bool) -> None:
    """Offer a resource type, in place of ministack's own if it has one."""
    patches.entry(resource_handlers(), name, {**handlers, "update_with_logical_id": True})
    patches.entry(reach(_PROVISIONERS, "_REPLACING_PROPERTIES"), name, replaces)
    if tagged:
        patches.entry(reach(_PROVISIONERS, "_STACK_TAG_PROPERTY"), name, ("Tags", "list"))


def forget_types(patches: Patches, doomed: Callable[[str], bool]) -> None:
    """Take resource types away: a template that names one is refused as one with an unknown type."""
    table = resource_handlers()
    gone = {name: handlers for name, handlers in table.items() if doomed(name)}
    for name in gone:
        del table[name]
    patches.afterwards(lambda: table.update(gone))


def keep_off_the_loop(patches: Patches) -> None:
    """Let every handler run on a thread of its own, so that one that waits does not stop the server."""
    patches.attribute(f"{_PACKAGE}.stacks", "_runs_on_worker_thread", lambda _: True)


def read_drift_by(
    patches: Patches, name: str, reader: Callable[[str, dict[str, Any]], dict[str, Any] | None], covered: frozenset[str]
) -> None:
    """Let drift detection read a type's current properties (those ``covered``) by ``reader``."""
    patches.entry(reach(f"{_PACKAGE}.drift", "_DRIFT_READERS"), name, (reader, covered))


def judge_updates_by(
    patches: Patches,
    recreation: Callable[[str, str], str],
    is_replaced: Callable[[str, dict[str, Any], dict[str, Any]], bool],
) -> None:
    """Let others say which properties make a resource anew: ministack knows that of some types only."""
    patches.attribute(f"{_PACKAGE}.stacks", "_property_recreation", recreation)
    patches.attribute(f"{_PACKAGE}.stacks", "_replacing_change", is_replaced)


def mind_conditions_in_change_sets(patches: Patches) -> None:
    """Let a change set add and remove what a condition lets in or leaves out (ministack compares texts alone)."""

    def resolved(template: dict[str, Any], parameters: dict[str, Any], stack: str, stack_id: str) -> dict[str, Any]:
        told: dict[str, Any] = before(template, parameters, stack, stack_id)
        holds = reach(f"{_PACKAGE}.engine", "_evaluate_conditions")(template, parameters) if template else {}
        made = {
            name: resource
            for name, resource in told.get("Resources", {}).items()
            if holds.get(resource.get("Condition"), True)
        }
        return {**told, "Resources": made}

    before = patches.attribute(f"{_PACKAGE}.changesets", "_resolve_props_for_diff", resolved)


def enforce_capabilities(patches: Patches) -> None:
    """Let a template with IAM resources need CAPABILITY_IAM (ministack asks for it only where it checks signatures)."""
    patches.attribute(f"{_PACKAGE}.handlers", "_capabilities_enforced", lambda: True)


def generate_secrets_by(patches: Patches, password: Callable[[str, dict[str, Any]], str]) -> None:
    """Let ``password`` (of a name and options) make what GenerateSecretString asks for: ministack heeds few options."""

    def secret_string(properties: dict[str, Any]) -> str:
        wanted = properties.get("GenerateSecretString")
        if not wanted or properties.get("SecretString"):
            return str(plain(properties))
        made = password(properties.get("Name", ""), wanted)
        if "SecretStringTemplate" not in wanted:
            return made
        return json.dumps({**json.loads(wanted["SecretStringTemplate"]), wanted["GenerateStringKey"]: made})

    plain = patches.attribute(_PROVISIONERS, "_sm_secret_string", secret_string)


def blur_templates(patches: Patches) -> None:
    """Let GetTemplate answer "?" for each character that is not ASCII, as AWS does."""
    table = reach(f"{_PACKAGE}.handlers", "_ACTION_HANDLERS")
    told = table["GetTemplate"]

    def get_template(parameters: Any) -> tuple[int, dict[str, str], bytes]:
        status, headers, body = told(parameters)
        text = body.decode() if isinstance(body, bytes) else str(body)
        return status, headers, text.encode("ascii", "replace")

    patches.entry(table, "GetTemplate", get_template)


def physical_name(stack: str, logical_id: str, longest: int) -> str:
    """The name of a resource that its template does not name."""
    return str(reach(_PROVISIONERS, "_physical_name")(stack, logical_id, max_len=longest))


def stacks() -> Any:
    """Stack name -> stack, of the current account and region."""
    return reach(_PACKAGE, "_stacks")


def under_way() -> list[str]:
    """The names of the stacks that something works at, in all accounts and regions."""
    return [
        str(stack["StackName"])
        for stack in list(stacks()._data.values())
        if stack["StackStatus"].endswith("_IN_PROGRESS") and stack["StackStatus"] != "REVIEW_IN_PROGRESS"
    ]


def properties_of_all(resource_type: str) -> list[dict[str, Any]]:
    """The properties of all resources of a type, in all stacks of the current account and region."""
    return [
        resource["Properties"]
        for stack in stacks().values()
        for resource in stack.get("_resources", {}).values()
        if resource["ResourceType"] == resource_type
    ]


def parse_template(body: str) -> dict[str, Any]:
    """A template's text as a mapping, short forms (!Ref) spelled out.

    Raises:
        ValueError: it is not a template.
    """
    parsed: dict[str, Any] = reach(f"{_PACKAGE}.engine", "_parse_template")(body)
    return parsed


for _name in ("_RESOURCE_HANDLERS", "_REPLACING_PROPERTIES", "_STACK_TAG_PROPERTY", "_physical_name"):
    reach(_PROVISIONERS, _name)
reach(_PROVISIONERS, "_sm_secret_string")
for _name in ("_runs_on_worker_thread", "_property_recreation", "_replacing_change"):
    reach(f"{_PACKAGE}.stacks", _name)
reach(f"{_PACKAGE}.changesets", "_resolve_props_for_diff")
for _name in ("_parse_template", "_evaluate_conditions"):
    reach(f"{_PACKAGE}.engine", _name)
reach(f"{_PACKAGE}.drift", "_DRIFT_READERS")
reach(f"{_PACKAGE}.handlers", "_capabilities_enforced")
reach(f"{_PACKAGE}.handlers", "_ACTION_HANDLERS", "GetTemplate")
reach(_PACKAGE, "_stacks")
