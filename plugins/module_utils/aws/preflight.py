"""What a release needs of AWS, looked at before anything is written. Each look ends in findings, one sentence each.

A finding tells what was seen, and never takes silence for consent: what these credentials may not look at is told as
not checked, and what does not exist yet as not known yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ansible_collections.offramp.ecs.plugins.module_utils.aws import ecr, iam, reach, secrets, session
from ansible_collections.offramp.ecs.plugins.module_utils.aws.definitions import Source
from ansible_collections.offramp.ecs.plugins.module_utils.aws.fault import spoken
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Denied, Missing, Refused
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import first_unknown, is_unknown

Json = Mapping[str, Any]
Verdict = Literal["good", "fault", "doubt", "unknown", "unchecked"]

_GET = "secretsmanager:GetSecretValue"
_DECRYPT = "kms:Decrypt"
_PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
_LOG_IN = "ecr:GetAuthorizationToken"
_WRITE_LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")
_PROVISION = "Run playbooks/provision.yml."
_COPY = "Run playbooks/copy.yml."


@dataclass(frozen=True)
class Finding:
    """What one look found.

    Attributes:
        verdict: ``fault`` is what a release would fail of; ``doubt`` is worth a word and may be what it is to mend.
        told: the sentence.
        hint: what to do about a fault.
    """

    verdict: Verdict
    told: str
    hint: str = ""


@dataclass(frozen=True)
class Needs:
    """What the tasks of a release are to run with; "" and empty where nothing of the kind is wanted.

    Attributes:
        architectures: process type -> processor, in ECS's words.
        port: of the process behind the load balancer; 0 where there is none.
        judge_times: what is in the wrong order, as (sentence, what to do), where the load balancer has these times.
        sources: where the variables' values come from.
    """

    region: str
    image: str
    architectures: Mapping[str, str]
    port: int
    execution_role: str
    sources: tuple[Source, ...]
    log_group: str
    target_group: str
    subnets: tuple[str, ...]
    public_ip: bool
    judge_times: Callable[[Mapping[str, int]], list[tuple[str, str]]] = lambda _times: []


class Preflight:
    """Looks at AWS, through the door; reads only."""

    def __init__(self, region: str, door: Door) -> None:
        self._iam = iam.Iam(region, door)
        self._images = ecr.Images(region, door)
        self._secrets = secrets.Secrets(door, region, "")
        self._logs, self._elb, self._ec2 = (
            session.client(service, region=region, door=door) for service in ("logs", "elbv2", "ec2")
        )

    def findings(self, needs: Needs) -> list[Finding]:
        """Everything that was found, in the order in which ECS would come upon it."""
        looks: list[tuple[str, Any, Callable[[Needs], Iterator[Finding]]]] = [
            ("The subnets of the tasks", needs.subnets, self._network),
            ("The image", needs.image, self._image),
            ("The execution role", needs.execution_role, self._trust),
            ("The secret", needs.sources, self._content),
            ("The log group", needs.log_group, self._log_group),
            ("What the execution role may do", needs.execution_role, self._permissions),
            ("The target group", needs.target_group if needs.port else "", self._target_group),
            ("How tasks come and go", needs.target_group if needs.port else "", self._draining),
        ]
        return [found for what, needed, look in looks for found in _looked(what, needed, look, needs)]

    def _network(self, needs: Needs) -> Iterator[Finding]:
        """Whether tasks in each subnet reach what Fargate starts them from."""
        subnets = self._subnets(needs)
        vpcs = {one["VpcId"] for one in subnets}
        if len(vpcs) > 1:
            yield Finding("fault", f"The subnets of the tasks are of {len(vpcs)} VPCs ({', '.join(sorted(vpcs))}).")
            return
        where = [{"Name": "vpc-id", "Values": sorted(vpcs)}]
        with spoken(f"routes of VPC {', '.join(vpcs)}"):
            tables = self._ec2.describe_route_tables(Filters=where)["RouteTables"]
            of = {one["SubnetId"]: reach.table_of(one["SubnetId"], tables) for one in subnets}
            shut = [name for name, table in of.items() if reach.unreached(table, (), needs.public_ip)]
            endpoints = self._ec2.describe_vpc_endpoints(Filters=where)["VpcEndpoints"] if shut else []
        for name in shut:
            missing = reach.unreached(of[name], endpoints, needs.public_ip)
            if missing:
                yield Finding(
                    "fault",
                    f"Tasks in subnet {name} do not reach {', '.join(missing)}.",
                    "Give it a route to a NAT gateway, or endpoints in its VPC; or release_public_ip where its route "
                    "leads to an internet gateway.",
                )
        if not any(reach.unreached(table, endpoints, needs.public_ip) for table in of.values()):
            yield Finding("good", f"Tasks in {', '.join(of)} reach ECR, Secrets Manager and CloudWatch Logs.")

    def _subnets(self, needs: Needs) -> list[Json]:
        with spoken(f"subnets {', '.join(needs.subnets)}"):
            return list(self._ec2.describe_subnets(SubnetIds=list(needs.subnets))["Subnets"])

    def _image(self, needs: Needs) -> Iterator[Finding]:
        """Whether the image is there, for the processor of each process type."""
        uri, _, digest = needs.image.partition("@")
        repository = ecr.Repository.of(uri)
        if ".dkr.ecr." not in uri or not digest:
            yield Finding("unchecked", f"Image {needs.image} is not checked: it is no digest in ECR.")
            return
        built = self._images.architectures(repository, digest)
        if built is None:
            hint = "Push it again, or release another one."
            yield Finding("fault", f"Repository {repository.name} has no image {digest}.", hint)
            return
        if not built:
            told = "it is one build, whose configuration could not be read (ecr:GetDownloadUrlForLayer), or says none."
            yield Finding("unchecked", f"The architecture of image {digest} is not checked: {told}")
            return
        wrong = {name: wanted for name, wanted in needs.architectures.items() if wanted not in built}
        for name, wanted in wrong.items():
            yield Finding(
                "fault",
                f"Image {digest} is built for {' and '.join(sorted(built))}, and process {name} runs on {wanted}.",
                f"Build it for {wanted}, or set architecture of {name} in release_processes.",
            )
        if not wrong:
            yield Finding("good", f"Image {digest} is there, for {' and '.join(sorted(built))}.")

    def _trust(self, needs: Needs) -> Iterator[Finding]:
        """Whether ECS may give the execution role to tasks."""
        name = iam.name_of(needs.execution_role)
        if iam.trusts_tasks(self._iam.trust_of(needs.execution_role), needs.execution_role, needs.region):
            yield Finding("good", f"ECS may start tasks with role {name}.")
        else:
            told = f"Role {name} does not trust the tasks of this account's ECS (ecs-tasks.amazonaws.com)."
            yield Finding("fault", told, _PROVISION)

    def _content(self, needs: Needs) -> Iterator[Finding]:
        """Whether each version that variables come from is there, with the keys that they name; values stay inside."""
        keys: dict[tuple[str, str], set[str]] = defaultdict(set)
        for source in needs.sources:
            keys[source.arn, source.version] |= {source.key} - {""}
        for (arn, version), wanted in sorted(keys.items()):
            name = arn.rpartition(":secret:")[2] or arn
            if ":secretsmanager:" not in arn:
                yield Finding("unchecked", f"{name} is not checked: it is no secret of Secrets Manager.")
                continue
            content = self._secrets.content_at(arn, version) if version else self._current(arn)
            missing = sorted(wanted - set(content or ()))
            if content is None:
                yield Finding("fault", f"Version {version or 'AWSCURRENT'} of secret {name} is not there.", _COPY)
            elif missing:
                yield Finding("fault", f"Secret {name} has no {', '.join(missing)} in version {version}.", _COPY)
            else:
                yield Finding("good", f"Secret {name} has the {len(wanted)} keys that tasks get.")

    def _current(self, arn: str) -> Mapping[str, str] | None:
        found = self._secrets.read(arn)
        return found.content if found else None

    def _log_group(self, needs: Needs) -> Iterator[Finding]:
        """Whether the log group is there."""
        with spoken(f"log group {needs.log_group}"):
            found = self._logs.describe_log_groups(logGroupNamePrefix=needs.log_group)["logGroups"]
        if any(one["logGroupName"] == needs.log_group for one in found):
            yield Finding("good", f"Log group {needs.log_group} is there.")
        else:
            yield Finding("fault", f"There is no log group {needs.log_group}.", _PROVISION)

    def _permissions(self, needs: Needs) -> Iterator[Finding]:
        """Whether the execution role may do what ECS does with it to start a task, by IAM's own simulation."""
        role = iam.name_of(needs.execution_role)
        pairs = [pair for pair in dict.fromkeys(self._needed(needs)) if not is_unknown(pair)]
        decided = self._iam.decisions(
            needs.execution_role,
            list(dict.fromkeys(action for action, _ in pairs)),
            list(dict.fromkeys(resource for _, resource in pairs)),
            {"kms:ViaService": f"secretsmanager.{needs.region}.amazonaws.com"},
        )
        bad = [(action, resource) for action, resource in pairs if decided.get((action, resource)) != "allowed"]
        for action, resource in bad:
            verdict: Verdict = "fault" if (action, resource) in decided else "unchecked"
            told = "may not do" if verdict == "fault" else "was not told whether it may do"
            yield Finding(verdict, f"Role {role} {told} {action} with {resource}.", _PROVISION)
        if pairs and not bad:
            yield Finding("good", f"Role {role} may do the {len(pairs)} things that a task's start takes.")

    def _needed(self, needs: Needs) -> Iterator[tuple[str, str]]:
        """(action, resource) that a task's start takes."""
        partition, account = iam.account_of(needs.execution_role)
        for arn in dict.fromkeys(source.arn for source in needs.sources if ":secretsmanager:" in source.arn):
            yield _GET, arn
            yield from ((_DECRYPT, key) for key in self._key_of(arn, f"arn:{partition}:kms:{needs.region}:{account}:"))
        repository = ecr.Repository.of(needs.image.partition("@")[0])
        if repository.account:
            of = f"arn:{partition}:ecr:{needs.region}:{repository.account}:repository/{repository.name}"
            yield from ((action, of) for action in _PULL)
            yield _LOG_IN, "*"
        if needs.log_group:
            stream = f"arn:{partition}:logs:{needs.region}:{account}:log-group:{needs.log_group}:log-stream:any"
            yield from ((action, stream) for action in _WRITE_LOGS)

    def _key_of(self, arn: str, prefix: str) -> list[str]:
        """ARN of the secret's own KMS key; none where it is AWS's, which asks for no permission."""
        found = self._secrets.about(arn)
        key = (found and found.settings.kms_key) or ""
        if not key or key.startswith("arn:"):
            return [key] if key else []
        return [f"{prefix}{key}" if key.startswith("alias/") else f"{prefix}key/{key}"]

    def _target_group(self, needs: Needs) -> Iterator[Finding]:
        """Whether tasks can stand in the target group, and what the load balancer says of those that do."""
        name = needs.target_group.split("/")[1]
        with spoken(f"target group {name}"):
            group = self._elb.describe_target_groups(TargetGroupArns=[needs.target_group])["TargetGroups"][0]
        known = needs.subnets and not is_unknown(needs.subnets)
        vpcs = {one["VpcId"] for one in self._subnets(needs)} if known else {group["VpcId"]}
        wrong = [
            told
            for is_wrong, told in (
                (group["TargetType"] != "ip", f"takes targets by {group['TargetType']}, and tasks come by ip"),
                (vpcs != {group["VpcId"]}, f"is in {group['VpcId']}, and the tasks are in {', '.join(sorted(vpcs))}"),
                (not group["LoadBalancerArns"], "is behind no load balancer"),
                (group["Port"] != needs.port, f"sends to port {group['Port']}, and the process has {needs.port}"),
            )
            if is_wrong
        ]
        yield from (Finding("fault", f"Target group {name} {told}.", _PROVISION) for told in wrong)
        if not wrong:
            yield self._health(needs.target_group, name, str(group.get("HealthCheckPath", "")))

    def _draining(self, needs: Needs) -> Iterator[Finding]:
        """Whether requests are served to their end when tasks go, and new tasks get the time to come."""
        name = needs.target_group.split("/")[1]
        with spoken(f"target group {name}"):
            group = self._elb.describe_target_groups(TargetGroupArns=[needs.target_group])["TargetGroups"][0]
            of_group = self._elb.describe_target_group_attributes(TargetGroupArn=needs.target_group)["Attributes"]
        if not group["LoadBalancerArns"]:
            return
        with spoken(f"load balancer of target group {name}"):
            balancer = group["LoadBalancerArns"][0]
            of_balancer = self._elb.describe_load_balancer_attributes(LoadBalancerArn=balancer)["Attributes"]
        attributes = {each["Key"]: each["Value"] for each in [*of_group, *of_balancer]}
        found = needs.judge_times(_times_of(group, attributes))
        for told, hint in found:
            yield Finding("fault", f"{told[0].upper()}{told[1:]}.", hint)
        if not found:
            yield Finding("good", "Requests are served to their end when tasks go, and tasks get the time to come.")

    def _health(self, arn: str, name: str, path: str) -> Finding:
        """Whether the health path answers, which only tasks that run already can tell."""
        with spoken(f"target group {name}"):
            found = self._elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        judged = [one["TargetHealth"] for one in found if one["TargetHealth"]["State"] in ("healthy", "unhealthy")]
        if not judged:
            told = f"Whether {path} answers is not known yet: nothing runs behind target group {name}."
            return Finding("unknown", told)
        sick = [one for one in judged if one["State"] == "unhealthy"]
        if not sick:
            return Finding("good", f"{path} answers for {len(judged)} tasks behind target group {name}.")
        said = sick[0].get("Description") or sick[0].get("Reason", "no reason given")
        return Finding("doubt", f"{path} does not answer for {len(sick)} of {len(judged)} tasks that run now: {said}.")


def _times_of(group: Json, attributes: Mapping[str, str]) -> dict[str, int]:
    """The times of a target group and its load balancer, in seconds; AWS always tells both attributes."""
    return {
        "deregistration_delay": int(attributes["deregistration_delay.timeout_seconds"]),
        "idle_timeout": int(attributes["idle_timeout.timeout_seconds"]),
        "health_interval": group["HealthCheckIntervalSeconds"],
        "healthy_threshold": group["HealthyThresholdCount"],
    }


def _looked(what: str, needed: Any, look: Callable[[Needs], Iterator[Finding]], needs: Needs) -> list[Finding]:
    """The findings of one look; none where nothing of the kind is wanted."""
    unknown = first_unknown(needed)
    if unknown is not None:
        return [Finding("unknown", f"{what} cannot be looked at yet: {unknown[1]} makes it.")]
    if not needed:
        return []
    try:
        return list(look(needs))
    except Denied as error:
        return [Finding("unchecked", f"{what} is not checked: {error.msg}", error.hint)]
    except (Missing, Refused) as error:
        return [Finding("fault", error.msg, error.hint)]
