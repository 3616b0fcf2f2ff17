#!/usr/bin/python
"""One CloudFormation stack, made or brought up to date by change sets."""

from __future__ import annotations

DOCUMENTATION = """
module: aws_stack
short_description: Make a CloudFormation stack, or bring it up to date
description:
  - Compares the deployed template (by its meaning), parameters and tags with the wanted ones, in two reads, and does
    nothing when they are equal.
  - Creates and updates by change set, tells each finished resource while it waits, and fails with the first failed
    resource and its reason.
  - Takes up what a killed run or somebody else left. It waits for a stack that is being worked on, removes what a
    failed creation left, and takes up a rollback that got stuck.
  - A dry run lists a new stack's resources from the template, and those that an update would touch from a change set,
    which is deleted again.
options:
  name:
    description: Name of the stack.
    type: str
    required: true
  template:
    description:
      - Path of the template (YAML, ASCII, at most 51,200 bytes) on the host where the module runs.
    type: path
    required: true
  parameters:
    description:
      - Values of the template's parameters. Parameters that are not given have the template's default, whatever was
        given before. Lists are joined by commas.
      - Never give a secret here.
    type: dict
    default: {}
  once_created:
    description:
      - Values of parameters from the moment when the stack is created, in an update right after. For what would keep a
        creation that fails from being undone, such as deletion protection.
    type: dict
    default: {}
  tags:
    description: Tags of the stack, which CloudFormation hands on to its resources; others are removed.
    type: dict
    default: {}
  capabilities:
    description: What the template may do beyond the ordinary, such as V(CAPABILITY_IAM).
    type: list
    elements: str
    default: []
  allow_replacement:
    description:
      - Logical ids of the resources that an update may make anew or remove. Any other one that holds data or traffic,
        or whose address or name others may use, is refused before the update.
    type: list
    elements: str
    default: []
requirements:
  - PyYAML
extends_documentation_fragment:
  - offramp.ecs.aws
  - offramp.ecs.waiting
version_added: 0.1.0
author: The Offramp founders (@offramp)
"""

EXAMPLES = """
- name: Make the network
  offramp.ecs.aws_stack:
    name: offramp-staging-network
    region: eu-west-1
    template: network.cfn.yaml
    parameters:
      Stage: staging
"""

RETURN = """
stack:
  description: The stack.
  returned: success
  type: dict
  contains:
    name: {description: Its name., type: str}
    status: {description: "Its status in CloudFormation's words; in a dry run, what is to be done.", type: str}
    outputs: {description: Its outputs by name., type: dict}
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws import change_sets, session, stacks, template
from ansible_collections.offramp.ecs.plugins.module_utils.aws.change_sets import Order
from ansible_collections.offramp.ecs.plugins.module_utils.aws.stacks import Stack, Stacks
from ansible_collections.offramp.ecs.plugins.module_utils.aws.tagged import tags_of
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module
from ansible_collections.offramp.ecs.plugins.module_utils.engine.settle import Waiting
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown, is_unknown

SPEC = spec.spec(
    spec.AWS,
    spec.WAITING,
    options={
        "name": {"type": "str", "required": True},
        "template": {"type": "path", "required": True},
        "parameters": {"type": "dict", "default": {}},
        "once_created": {"type": "dict", "default": {}},
        "tags": {"type": "dict", "default": {}},
        "capabilities": {"type": "list", "elements": "str", "default": []},
        "allow_replacement": {"type": "list", "elements": "str", "default": []},
    },
)


@dataclass(frozen=True)
class Want:
    """A stack and what it shall be made from; ``at_first`` is what it is created from, where that is something else."""

    name: str
    order: Order
    at_first: Order | None = None


def connect(params: Mapping[str, Any], door: Door) -> Stacks:
    """CloudFormation in the wanted region."""
    return Stacks(session.client("cloudformation", region=params["region"], door=door), params["every"])


def want_of(params: Mapping[str, Any]) -> Want:
    """The wanted stack, with the template's defaults for parameters that were not given."""
    wanted = template.read(params["template"])
    given = {**params["parameters"], **params["once_created"]}
    order = Order(
        template=wanted,
        parameters=template.parameters_of(wanted, given, params["template"]),
        tags=tags_of(params["tags"]),
        capabilities=tuple(params["capabilities"]),
        may_lose=tuple(params["allow_replacement"]),
    )
    first = template.parameters_of(wanted, params["parameters"], params["template"])
    at_first = replace(order, parameters=first) if first != order.parameters else None
    return Want(params["name"], order, at_first)


def observe(api: Stacks, want: Want) -> Stack:
    """The stack, and where it differs what CloudFormation would do about that."""
    have = api.observe(want.name)
    at_rest = have.attempt is None and have.status in stacks.USABLE
    if at_rest and _differs(have, want) and not is_unknown(want.order.parameters):
        return replace(have, preview=api.preview(want.name, want.order))
    return have


def plan(have: Stack, want: Want) -> list[Change]:
    """At most one change of the stack itself, after what must be cleared away first."""
    target = f"stack {want.name}"
    stuck = stacks.stuck(have)
    if stuck is not None:
        raise stuck
    if have.status in stacks.NOTHING:
        return _creation(want)
    if have.status in stacks.REMAINS:
        remains = Change("delete", f"remains of stack {want.name}", before={"status": have.status}, payload=have)
        return [remains, *_creation(want)]
    back = Change("start", f"rollback of stack {want.name}", before={"status": have.status}, payload=have)
    first = [back] if have.status == stacks.HALF_BACK else []
    if not _differs(have, want) or have.preview == ():
        return first
    change_sets.refuse_losses(want.name, want.order, have.preview or ())
    before, after = _difference(have, want)
    return [*first, Change("update", target, before=before, after=after, payload=want)]


def foresee(have: Stack, want: Want) -> Stack:
    """The stack after the plan; outputs that the update cannot change are kept."""
    if have.status in stacks.NOTHING | stacks.REMAINS:
        return replace(have, status="to be created", outputs=_outputs(want, {}))
    if have.template is None:
        return replace(have, outputs=_outputs(want, have.outputs))
    if not _differs(have, want) or have.preview == ():
        return have
    changing = {key for key, value in want.order.parameters.items() if have.parameters.get(key) != value}
    changing |= {one.resource for one in have.preview or () if one.is_replaced or one.action == "Remove"}
    stay = template.outputs_that_stay(have.template, want.order.template, changing)
    kept = {name: value for name, value in have.outputs.items() if name in stay}
    return replace(have, status="to be updated", outputs=_outputs(want, kept))


def report(have: Stack) -> dict[str, Any]:
    """What playbooks use."""
    return {"name": have.name, "status": have.status, "outputs": dict(have.outputs)}


def headline(have: Stack) -> list[str]:
    """The stack in the summary of a run."""
    return [f"Stack {have.name}: {have.status}."]


def _differs(have: Stack, want: Want) -> bool:
    order = want.order
    if have.template is None:
        return False  # it is being made by somebody; a real run waits for that before it plans
    same_template = have.template.means_the_same(order.template)
    return not (same_template and _comparable(have, order.parameters) == order.parameters and have.tags == order.tags)


def _comparable(have: Stack, wanted: Mapping[str, str]) -> dict[str, str]:
    """Deployed parameters; CloudFormation masks those that are not to be shown, which are then taken as equal."""
    return {name: wanted.get(name, value) if value == "****" else value for name, value in have.parameters.items()}


def _creation(want: Want) -> list[Change]:
    first = want.at_first or want.order
    parameters = {name: value for name, value in first.parameters.items() if value}
    after = {"resources": {"add": first.template.resources(first.parameters)}, "parameters": parameters}
    create = Change("create", f"stack {want.name}", after=after, payload=replace(want, order=first))
    if want.at_first is None:
        return [create]
    before, after = template.differences({"parameters": first.parameters}, {"parameters": want.order.parameters})
    return [create, Change("update", f"stack {want.name}", before=before, after=after, payload=want)]


def _difference(have: Stack, want: Want) -> tuple[dict[str, Any], dict[str, Any]]:
    """What differs, and what CloudFormation says that it will do about it, for a person to read."""
    deployed = have.template.body if have.template else {}
    before, after = template.differences(
        {"template": deployed, "parameters": _comparable(have, want.order.parameters), "tags": have.tags},
        {"template": want.order.template.body, "parameters": want.order.parameters, "tags": want.order.tags},
    )
    if have.preview:
        after["resources"] = change_sets.listed(have.preview)
    return before, after


def _outputs(want: Want, known: Mapping[str, str]) -> dict[str, str]:
    return {
        name: known.get(name) or Unknown(f"{name} of stack {want.name}", "playbooks/provision.yml")
        for name in want.order.template.outputs(want.order.parameters)
    }


def _deploy(api: Stacks, change: Change) -> None:
    api.deploy(change.payload.name, change.payload.order, change.verb)


APPLY = {
    "create": _deploy,
    "update": _deploy,
    "delete": lambda api, change: api.delete(change.payload),
    "start": lambda api, change: api.continue_rollback(change.payload),
}

MODULE = Module(
    name="aws_stack",
    noun="stack",
    spec=SPEC,
    connect=connect,
    want=want_of,
    observe=observe,
    report=report,
    plan=plan,
    apply=APPLY,
    foresee=foresee,
    headline=headline,
    waiting=Waiting(settled=lambda have: not have.moving, failed=stacks.failed, progress=stacks.progress),
    in_turn=True,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
