#!/usr/bin/python
"""Looks at everything that a release needs, before anything is written."""

from __future__ import annotations

DOCUMENTATION = """
module: ecs_preflight_info
short_description: Check what a release needs before it is made
description:
  - Refuses settings of process types that AWS would refuse later, and looks whether tasks could start. Whether their
    subnets reach ECR, Secrets Manager and CloudWatch Logs, the image is there for their processor, ECS may assume the
    execution role, the secret has each key that is named, the log group is there, the role may read, decrypt, pull
    and write just that (as IAM simulates it), and the target group fits and its health path answers.
  - Looks only at what is given. What these credentials may not look at is told as not checked, never as good, and what
    does not exist yet as not known yet. Values of secrets never leave the module.
options:
  name:
    description: What is released, in sentences.
    type: str
    required: true
  processes:
    description: Process types by name, each as the option C(process) of M(offramp.ecs.ecs_task_definition).
    type: dict
    required: true
  image:
    description: URI of the image with its digest.
    type: str
    default: ""
  execution_role_arn:
    description: ARN of the role with which ECS starts tasks.
    type: str
    default: ""
  secret_arn:
    description: ARN of the secret that is pinned.
    type: str
    default: ""
  secret_version:
    description: Id of the pinned version.
    type: str
    default: ""
  secret_keys:
    description: Names of the keys that become variables.
    type: list
    elements: str
    default: []
  log_group:
    description: Name of the log group.
    type: str
    default: ""
  target_group_arn:
    description: ARN of the target group of the process with a port.
    type: str
    default: ""
  subnets:
    description: Ids of the subnets of the tasks.
    type: list
    elements: str
    default: []
  public_ip:
    description: Whether tasks have public addresses.
    type: bool
    default: false
  task_definition:
    description:
      - ARN of a registered revision to go back to. Its image, role, secrets, log group and processor are looked at in
        place of those that are given.
    type: str
    default: ""
  provisioned:
    description:
      - What M(offramp.ecs.aws_stack) returned for the app's stack in the same play, if it ran. After a dry run that
        would change the stack, what belongs to it is not judged.
    type: dict
    default: {}
  strict:
    description: Whether a fault is an error; false tells it only, for a look at a world that is yet to be mended.
    type: bool
    default: true
extends_documentation_fragment:
  - offramp.ecs.aws
  - offramp.ecs.jobs
author: The Offramp authors
"""

EXAMPLES = """
- name: Check what the release needs
  offramp.ecs.ecs_preflight_info:
    region: eu-west-1
    name: bond-server
    processes: {web: {port: 8080, cpu: 512, memory: 1024}}
    execution_role_arn: arn:aws:iam::123456789012:role/bond-server-execution
    log_group: /offramp/staging/bond-server
"""

RETURN = """
preflight:
  description: What was looked at.
  returned: success
  type: dict
  contains:
    name: {description: What is released., type: str}
    good: {description: Whether nothing is at fault., type: bool}
    findings:
      description:
        - "Each finding: verdict (good, fault, doubt, unknown for what cannot be known yet, unchecked for what these
          credentials may not look at) and told, a sentence."
      type: list
      elements: dict
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws import ecs, jobs, processes
from ansible_collections.offramp.ecs.plugins.module_utils.aws.definitions import Source, source_of
from ansible_collections.offramp.ecs.plugins.module_utils.aws.preflight import Finding, Needs, Preflight
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Refused
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown, is_unknown

_TEXT = {"type": "str", "default": ""}
_LIST = {"type": "list", "elements": "str", "default": []}
_OF_STACK = ("execution_role_arn", "log_group", "target_group_arn")

SPEC = spec.spec(
    spec.AWS,
    jobs.JOBS,
    options={
        "name": {"type": "str", "required": True},
        "processes": {"type": "dict", "required": True},
        "image": _TEXT,
        "execution_role_arn": _TEXT,
        "secret_arn": {**_TEXT, "no_log": False},
        "secret_version": {**_TEXT, "no_log": False},
        "secret_keys": {**_LIST, "no_log": False},
        "log_group": _TEXT,
        "target_group_arn": _TEXT,
        "subnets": _LIST,
        "public_ip": {"type": "bool", "default": False},
        "task_definition": _TEXT,
        "provisioned": {"type": "dict", "default": {}},
        "strict": {"type": "bool", "default": True},
    },
)


@dataclass(frozen=True)
class Want:
    """What is to be looked at; ``task_definition`` is the revision to go back to, "" for a new one."""

    name: str
    needs: Needs
    task_definition: str
    strict: bool


@dataclass(frozen=True)
class Have:
    """What was found."""

    name: str
    findings: tuple[Finding, ...]

    def of(self, verdict: str) -> list[Finding]:
        """The findings of one verdict."""
        return [one for one in self.findings if one.verdict == verdict]


@dataclass(frozen=True)
class Api:
    """Who is asked."""

    ecs: ecs.Ecs
    preflight: Preflight


def connect(params: Mapping[str, Any], door: Door) -> Api:
    """AWS in the wanted region."""
    return Api(ecs.Ecs(params["region"], door), Preflight(params["region"], door))


def want_of(params: Mapping[str, Any]) -> Want:
    """What is to be looked at.

    Raises:
        BadInput: AWS would refuse a process type or a job.
    """
    types = {name: processes.described(name, given or {}) for name, given in params["processes"].items()}
    for name, process in types.items():
        processes.check(name, process)
    built_for = {name: process["architecture"] for name, process in types.items()}
    built_for.update({f"job {job.name}": job.process["architecture"] for job in jobs.described(params["jobs"])})
    pending = params["provisioned"].get("dry") and params["provisioned"].get("changed")
    told = {name: _pending(name) if pending and params[name] else params[name] for name in _OF_STACK}
    sources = (Source(params["secret_arn"], key, "", params["secret_version"]) for key in params["secret_keys"])
    needs = Needs(
        region=params["region"],
        image=params["image"],
        architectures=built_for,
        port=next((process["port"] for process in types.values() if process["port"]), 0),
        execution_role=told["execution_role_arn"],
        sources=tuple(sources) if params["secret_arn"] else (),
        log_group=told["log_group"],
        target_group=told["target_group_arn"],
        subnets=tuple(filter(None, params["subnets"])),
        public_ip=params["public_ip"],
    )
    return Want(params["name"], needs, params["task_definition"], params["strict"])


def observe(api: Api, want: Want) -> Have:
    """One or two reads for each thing that is named.

    Raises:
        Refused: with the first fault, and all of them as details.
    """
    have = Have(want.name, tuple(api.preflight.findings(_as_registered(api.ecs, want))))
    faults = have.of("fault")
    if faults and want.strict:
        more = f" It is the first of {len(faults)} faults." if faults[1:] else ""
        told = {"findings": report(have)["findings"]}
        raise Refused(f"{faults[0].told}{more}", target=f"release of {want.name}", hint=faults[0].hint, details=told)
    return have


def _as_registered(api: ecs.Ecs, want: Want) -> Needs:
    """The needs, with those of the revision to go back to in place of what is given."""
    known = want.task_definition and not is_unknown(want.task_definition)
    definition = api.definition(want.task_definition) if known else None
    if definition is None:
        return want.needs
    container = definition["containerDefinitions"][0]
    built_for = definition.get("runtimePlatform", {}).get("cpuArchitecture", "X86_64")
    return replace(
        want.needs,
        image=container["image"],
        architectures=dict.fromkeys(want.needs.architectures, built_for),
        execution_role=definition.get("executionRoleArn", ""),
        sources=tuple(source_of(each["valueFrom"]) for each in container.get("secrets", [])),
        log_group=container.get("logConfiguration", {}).get("options", {}).get("awslogs-group", ""),
    )


def _pending(name: str) -> Unknown:
    return Unknown(f"{name.replace('_', ' ')} after the stack's update", "playbooks/provision.yml")


def report(have: Have) -> dict[str, Any]:
    """What playbooks use."""
    findings = [{"verdict": one.verdict, "told": one.told} for one in have.findings]
    return {"name": have.name, "good": not have.of("fault"), "findings": findings}


def headline(have: Have) -> list[str]:
    """What is not simply good, in one sentence."""
    told = [one.told.rstrip(".") for verdict in ("fault", "doubt", "unchecked", "unknown") for one in have.of(verdict)]
    good = len(have.of("good"))
    return [f"Preflight of {have.name}: {good} checks are good; {'; '.join(told)}"] if told else []


MODULE = Module(
    name="ecs_preflight_info",
    noun="preflight",
    spec=SPEC,
    connect=connect,
    want=want_of,
    observe=observe,
    report=report,
    headline=headline,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
