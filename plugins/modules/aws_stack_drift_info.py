#!/usr/bin/python
"""What somebody changed by hand in a CloudFormation stack."""

from __future__ import annotations

DOCUMENTATION = """
module: aws_stack_drift_info
short_description: Report the drift of a CloudFormation stack
description:
  - Lets CloudFormation compare a stack's resources with what it made of them, waits for that, and reports each property
    that somebody has changed by another way.
  - Nothing is changed, neither in the stack nor in its resources. A stack that does not exist has no drift.
options:
  name:
    description: Name of the stack.
    type: str
    required: true
extends_documentation_fragment:
  - offramp.ecs.aws
  - offramp.ecs.waiting
version_added: 0.1.0
author: The Offramp founders (@offramp)
"""

EXAMPLES = """
- name: Look for drift
  offramp.ecs.aws_stack_drift_info:
    name: offramp-staging-bond-server
    region: eu-west-1
"""

RETURN = """
drift:
  description: The drift.
  returned: success
  type: dict
  contains:
    name: {description: Name of the stack., type: str}
    status: {description: "IN_SYNC, DRIFTED or UNKNOWN; empty where there is no stack.", type: str}
    resources:
      description: The resources that drifted, each with its name, type, status and differences by property.
      type: list
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws import fault, session, stacks
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import OfframpError, Verdict
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module
from ansible_collections.offramp.ecs.plugins.module_utils.engine.settle import Waiting

SPEC = spec.spec(spec.AWS, spec.WAITING, options={"name": {"type": "str", "required": True}})


_DETECTABLE = stacks.USABLE | {stacks.HALF_BACK}


@dataclass(frozen=True)
class Difference:
    """One property that is not as CloudFormation made it."""

    path: str
    expected: str
    actual: str


@dataclass(frozen=True)
class Resource:
    """One resource that drifted: MODIFIED or DELETED."""

    resource: str
    type: str
    status: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Drift:
    """How far the look is, and what it found."""

    name: str
    detection: str
    """DETECTION_IN_PROGRESS, DETECTION_COMPLETE or DETECTION_FAILED."""
    status: str = ""
    reason: str = ""
    resources: tuple[Resource, ...] = ()


class Detection:
    """One look of CloudFormation's at one stack: begun by the first question, followed by the next ones."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._id = ""

    def look(self, name: str) -> Drift:
        """Where the look is; what it found, when it is over. What a creation that came to nothing left has no drift."""
        if not self._id:
            status = stacks.Stacks(self._client).describe(name).status
            if status in stacks.NOTHING | stacks.REMAINS:
                return Drift(name, "DETECTION_COMPLETE")
            if status not in _DETECTABLE:
                return Drift(name, "DETECTION_COMPLETE", "UNKNOWN", f"it is at {status}")
            self._id = self._client.detect_stack_drift(StackName=name)["StackDriftDetectionId"]
        found = self._client.describe_stack_drift_detection_status(StackDriftDetectionId=self._id)
        status, reason = found.get("StackDriftStatus", ""), found.get("DetectionStatusReason", "")
        over = found["DetectionStatus"] != "DETECTION_IN_PROGRESS"
        return Drift(name, found["DetectionStatus"], status, reason, self._drifted(name) if over else ())

    def _drifted(self, name: str) -> tuple[Resource, ...]:
        where: dict[str, Any] = {"StackName": name, "StackResourceDriftStatusFilters": ["MODIFIED", "DELETED"]}
        found: list[dict[str, Any]] = []
        while True:
            page = self._client.describe_stack_resource_drifts(**where)
            found += page["StackResourceDrifts"]
            if not page.get("NextToken"):
                return tuple(_resource(one) for one in found)
            where["NextToken"] = page["NextToken"]


def connect(params: Mapping[str, Any], door: Door) -> Detection:
    """CloudFormation in the wanted region."""
    return Detection(session.client("cloudformation", region=params["region"], door=door))


def observe(api: Detection, name: str) -> Drift:
    """One look."""
    with fault.spoken(f"the drift of stack {name}"):
        return api.look(name)


def failed(have: Drift) -> OfframpError | None:
    """The error when CloudFormation could not look."""
    if have.detection != "DETECTION_FAILED" or have.resources:
        return None
    return Verdict(
        f"CloudFormation could not tell the drift of stack {have.name}: {have.reason or 'no reason given'}.",
        target=f"stack {have.name}",
        hint="The credentials need permission to read each resource of the stack.",
    )


def report(have: Drift) -> dict[str, Any]:
    """What playbooks use."""
    resources = [{**asdict(one), "differences": [asdict(part) for part in one.differences]} for one in have.resources]
    return {"name": have.name, "status": have.status, "resources": resources}


def headline(have: Drift) -> list[str]:
    """Each property that drifted, in the summary of a run."""
    lines = []
    for one in have.resources:
        what = "; ".join(f"{part.path} is {part.actual}, not {part.expected}" for part in one.differences)
        about = f"Stack {have.name}, {one.resource} ({one.type})"
        lines.append(f"{about}: was {one.status.lower()}{'; ' * bool(what)}{what}")
    if have.status == "UNKNOWN" and not lines:
        return [
            f"Stack {have.name}: its drift cannot be told, since {have.reason or 'CloudFormation does not say it'}."
        ]
    return lines or [f"Stack {have.name}: no drift." if have.status else f"Stack {have.name}: there is none."]


def _resource(found: Mapping[str, Any]) -> Resource:
    differences = tuple(
        Difference(one["PropertyPath"], one["ExpectedValue"], one["ActualValue"])
        for one in found.get("PropertyDifferences", [])
    )
    return Resource(found["LogicalResourceId"], found["ResourceType"], found["StackResourceDriftStatus"], differences)


MODULE = Module(
    name="aws_stack_drift_info",
    noun="drift",
    spec=SPEC,
    connect=connect,
    want=lambda params: str(params["name"]),
    observe=observe,
    report=report,
    headline=headline,
    waiting=Waiting(
        settled=lambda have: have.detection != "DETECTION_IN_PROGRESS",
        failed=failed,
        progress=lambda have: f"{have.name}, whose resources CloudFormation compares",
    ),
    waits_in_dry_runs=True,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
