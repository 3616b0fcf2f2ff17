"""ECS's dialect: reads of task definitions and services, and calls that were decided before they are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

from botocore.exceptions import ClientError

from ansible_collections.offramp.ecs.plugins.module_utils.aws import session
from ansible_collections.offramp.ecs.plugins.module_utils.aws.fault import code_of, spoken
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Refused
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import Options

Json = dict[str, Any]

SERVICE: Options = {name: {"type": "str", "required": True} for name in ("cluster", "service")}
"""One service (documentation fragment ``offramp.ecs.service``)."""

_PAGE = 100
_SERVICES_A_READ = 10
_REVISIONS_A_READ = 20


@dataclass(frozen=True)
class Call:
    """A write, decided: the operation in boto3's terms and its arguments."""

    operation: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


class Ecs:
    """ECS in one region, through the door."""

    def __init__(self, region: str, door: Door) -> None:
        self._client = session.client("ecs", region=region, door=door)

    def make(self, change: Change) -> None:
        """Make the call that a change holds as its payload."""
        call: Call = change.payload
        with spoken(change.target):
            getattr(self._client, call.operation)(**call.arguments)

    def stop_rollout(self, change: Change) -> None:
        """Make a call that stops a roll-out. One that has ended meanwhile, since the circuit breaker was quicker, needs
        no stopping: ECS answers ConflictException then."""
        call: Call = change.payload
        with spoken(change.target):
            try:
                self._client.stop_service_deployment(**call.arguments)
            except ClientError as error:
                if code_of(error) != "ConflictException":
                    raise

    def definition(self, name: str) -> Optional[Json]:
        """A task definition with its tags, by family (its newest active revision), ``family:revision`` or ARN; None
        without one."""
        with spoken(f"task definition {name}"):
            try:
                answer = self._client.describe_task_definition(taskDefinition=name, include=["TAGS"])
            except ClientError as error:
                if code_of(error) == "ClientException":
                    return None
                raise
        return {**answer["taskDefinition"], "tags": answer.get("tags") or []}

    def active_revisions(self, family: str, most: int) -> list[str]:
        """ARNs of a family's newest active revisions, newest first."""
        with spoken(f"task definition {family}"):
            answer = self._client.list_task_definitions(
                familyPrefix=family, status="ACTIVE", sort="DESC", maxResults=most
            )
        return [arn for arn in answer["taskDefinitionArns"] if name_of(arn).rpartition(":")[0] == family]

    def service(self, cluster: str, name: str) -> Optional[Json]:
        """A service with its deployments, events and tags; None where there is none."""
        return self.now(cluster, name)[0]

    def now(self, cluster: str, name: str) -> tuple[Optional[Json], float]:
        """A service (None where there is none) and the moment of the answer by AWS's clock, in seconds of the epoch."""
        with spoken(f"ECS cluster {name_of(cluster)}"):
            answer = self._client.describe_services(cluster=cluster, services=[name], include=["TAGS"])
        found = [each for each in answer["services"] if each["status"] != "INACTIVE"]
        return dict(found[0]) if found else None, session.moment_of(answer)

    def services(self, cluster: str, names: Sequence[str]) -> list[Json]:
        """Those of the services that exist, in the order given, ten a read; none where the cluster does not exist."""
        found: dict[str, Json] = {}
        for start in range(0, len(names), _SERVICES_A_READ):
            batch = list(names[start : start + _SERVICES_A_READ])
            with spoken(f"ECS cluster {name_of(cluster)}"):
                try:
                    answer = self._client.describe_services(cluster=cluster, services=batch)
                except ClientError as error:
                    if code_of(error) == "ClusterNotFoundException":
                        return []
                    raise
            found |= {each["serviceName"]: each for each in answer["services"] if each["status"] != "INACTIVE"}
        return [found[name] for name in names if name in found]

    def previous_definition(self, cluster: str, service: str, present: str) -> Optional[str]:
        """ARN of the task definition of the last completed roll-out that is not the present one; None without one."""
        found = (each["taskDefinition"] for each in self.completed(cluster, service))
        return next((definition for definition in found if definition != present), None)

    def completed(self, cluster: str, service: str) -> list[Json]:
        """The service revisions of the last twenty completed roll-outs, newest first; two reads."""
        records = self.service_deployments(cluster, service, ["SUCCESSFUL"])
        arns = [record["targetServiceRevisionArn"] for record in records][:_REVISIONS_A_READ]
        described = self.service_revisions(arns)
        return [described[arn] for arn in arns if arn in described]

    def tasks(self, cluster: str, service: str, status: str) -> list[Json]:
        """Up to 100 tasks of a service whose desired status is this (RUNNING, STOPPED)."""
        with spoken(f"ECS service {service}"):
            listed = self._client.list_tasks(
                cluster=cluster, serviceName=service, desiredStatus=status, maxResults=_PAGE
            )
            if not listed["taskArns"]:
                return []
            return list(self._client.describe_tasks(cluster=cluster, tasks=listed["taskArns"])["tasks"])

    def run_task(self, change: Change) -> str:
        """Start the one task that a change holds; its ARN.

        Raises:
            Refused: ECS took the call, and started none.
        """
        call: Call = change.payload
        with spoken(change.target):
            answer = self._client.run_task(**call.arguments)
        if answer["tasks"]:
            return str(answer["tasks"][0]["taskArn"])
        said = "; ".join(str(each.get("reason", "")) for each in answer["failures"]) or "it gives no reason"
        raise Refused(
            f"ECS started no {change.target}: {said}.", target=change.target, hint="Run again in some minutes."
        )

    def task(self, cluster: str, arn: str) -> tuple[Optional[Json], float]:
        """A task, and the moment by AWS's clock; None where it is gone, or not known everywhere yet."""
        with spoken(f"task {name_of(arn)}"):
            answer = self._client.describe_tasks(cluster=cluster, tasks=[arn])
        return (dict(answer["tasks"][0]) if answer["tasks"] else None), session.moment_of(answer)

    def tasks_of_family(self, cluster: str, family: str) -> tuple[list[Json], float]:
        """Up to 100 tasks of a family that run, as many that stopped lately, and the moment by AWS's clock.

        ListTasks takes no ``startedBy`` together with a family, and by itself it lists what is to run alone.
        """
        arns: list[str] = []
        with spoken(f"tasks of family {family}"):
            for status in ("RUNNING", "STOPPED"):
                answer = self._client.list_tasks(cluster=cluster, family=family, desiredStatus=status, maxResults=_PAGE)
                arns += answer["taskArns"]
            found: list[Json] = []
            for start in range(0, len(arns), _PAGE):
                found += self._client.describe_tasks(cluster=cluster, tasks=arns[start : start + _PAGE])["tasks"]
        return found, session.moment_of(answer)

    def definitions_at_work(self, cluster: str, family: str) -> set[str]:
        """ARNs of the task definitions of a family that tasks run, of services or not; of up to 100 tasks."""
        with spoken(f"ECS cluster {name_of(cluster)}"):
            listed = self._client.list_tasks(cluster=cluster, family=family, maxResults=_PAGE)["taskArns"]
            found = self._client.describe_tasks(cluster=cluster, tasks=listed)["tasks"] if listed else []
        return {each["taskDefinitionArn"] for each in found}

    def service_deployment(self, arn: str) -> Json:
        """The record of one roll-out."""
        with spoken(f"service deployment {name_of(arn)}"):
            answer = self._client.describe_service_deployments(serviceDeploymentArns=[arn])
        return dict(answer["serviceDeployments"][0]) if answer["serviceDeployments"] else {}

    def service_deployments(self, cluster: str, service: str, statuses: Sequence[str]) -> list[Json]:
        """Up to 100 records of a service's roll-outs, newest first, of these statuses; of all where none is given."""
        asked = {"status": list(statuses)} if statuses else {}
        with spoken(f"ECS service {service}"):
            answer = self._client.list_service_deployments(cluster=cluster, service=service, maxResults=_PAGE, **asked)
        return sorted(answer["serviceDeployments"], key=lambda each: each["createdAt"], reverse=True)

    def revisions(self, arns: Sequence[str]) -> dict[str, str]:
        """Service revision ARN -> ARN of its task definition, for up to 20 revisions."""
        return {arn: each["taskDefinition"] for arn, each in self.service_revisions(arns).items()}

    def service_revisions(self, arns: Sequence[str]) -> dict[str, Json]:
        """Service revision ARN -> the revision, for up to 20 of them: what a service was when a roll-out began."""
        if not arns:
            return {}
        with spoken("service revisions"):
            answer = self._client.describe_service_revisions(serviceRevisionArns=list(arns[:_REVISIONS_A_READ]))
        return {each["serviceRevisionArn"]: dict(each) for each in answer["serviceRevisions"]}


def name_of(arn: str) -> str:
    """The last part of an ARN ("family:7", the name of a service or cluster); a plain name is itself."""
    return arn.rpartition("/")[2]


def target_group_of(settings: Mapping[str, Any]) -> str:
    """ARN of the target group of a service, or of a revision of one; "" where it has none."""
    return next((str(each["targetGroupArn"]) for each in settings.get("loadBalancers", [])), "")


def primary(service: Mapping[str, Any]) -> Json:
    """The deployment that a service is moving to, or stands at; empty where it has none."""
    return next((dict(each) for each in service.get("deployments", []) if each["status"] == "PRIMARY"), {})
