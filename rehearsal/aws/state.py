"""What there is on AWS, as plain values: for comparing worlds.

ministack's services are read from its tables, moto's and ECS through their API. Left out is what tells of the way and
not of the end: events, metrics and what alarms make of them, log lines, tasks and targets, executed change sets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rehearsal.aws.adapters import server, snapshots
from rehearsal.aws.calls import Clients
from rehearsal.restapi import Json
from rehearsal.state.canonical import digest

_MODULES = frozenset(
    [
        "budgets",
        "cloudformation",
        "cloudwatch",
        "cloudwatch_logs",
        "ecr",
        "iam",
        "kms",
        "s3",
        "scheduler",
        "secretsmanager",
        "sns",
        "ssm",
    ]
)
_OF_THE_WAY = frozenset(
    [
        "cloudformation.stack_events",
        "cloudwatch.metrics",
        "cloudwatch.alarm_history",
        "cloudwatch_logs.queries",
        "cloudwatch_logs.log_records",
        "ssm.parameter_history",
    ]
)
_PARAMETERS = "ssm.parameters"
_MADE_BY_A_LOOK = ("scheduler", "default")
"""The schedule group that every region has, and that ministack makes when somebody first asks."""
_VALUES = frozenset(["SecretString", "SecretBinary", "Passwords", "_dynamic"])
"""Keys of what is, or holds, secret values; "_dynamic" has what a stack's dynamic references stood for."""
_PASSING = frozenset(
    [
        "AvailableIpAddressCount",
        "LastAccessedDate",
        "LastUpdatedTime",
        "PrivateIp",
        "PrivateIpAddress",
        "ResponseMetadata",
        "StateReason",
        "StateReasonData",
        "StateValue",
        "_name_seed",
        "_symmetric_key",
        "currentServiceDeployment",
        "currentServiceRevisions",
        "events",
        "failedTasks",
        "lastAccessedDate",
        "lastUpdatedTime",
        "pendingCount",
        "rolloutStateReason",
        "runningCount",
        "streams",
    ]
)
_EXECUTED = ("EXECUTE_COMPLETE", "EXECUTE_FAILED")

_SIMPLE = {
    "ec2": {
        "describe_vpcs": "Vpcs",
        "describe_subnets": "Subnets",
        "describe_route_tables": "RouteTables",
        "describe_internet_gateways": "InternetGateways",
        "describe_nat_gateways": "NatGateways",
        "describe_addresses": "Addresses",
        "describe_security_groups": "SecurityGroups",
        "describe_vpc_endpoints": "VpcEndpoints",
        "describe_flow_logs": "FlowLogs",
    },
    "memorydb": {
        "describe_clusters": "Clusters",
        "describe_subnet_groups": "SubnetGroups",
        "describe_users": "Users",
        "describe_acls": "ACLs",
        "describe_snapshots": "Snapshots",
    },
    "elbv2": {"describe_load_balancers": "LoadBalancers", "describe_target_groups": "TargetGroups"},
    "acm": {"list_certificates": "CertificateSummaryList"},
}
_SCALING = {
    "describe_scalable_targets": "ScalableTargets",
    "describe_scaling_policies": "ScalingPolicies",
    "describe_scheduled_actions": "ScheduledActions",
}


def state_of(clients: Clients, account: str, region: str) -> Json:
    """Everything of an account in a region."""
    with server.request_scope(account, region):
        found: Json = {table: _plain(rows) for table, rows in _tables()}
        found["cloudformation.change_sets"] = [
            row
            for row in found.get("cloudformation.change_sets", {}).values()
            if row.get("ExecutionStatus") not in _EXECUTED
        ]
        for service, calls in _SIMPLE.items():
            for operation, key in calls.items():
                found[f"{service}.{key}"] = _plain(getattr(clients(service), operation)()[key])
        scaling = _scaling(clients)
        scaled = {target["ResourceId"] for target in scaling["scaling.ScalableTargets"]}
        return (
            found
            | _prefix_lists(clients("ec2"), account)
            | _balancing(clients("elbv2"))
            | scaling
            | _ecs(clients("ecs"), scaled)
        )


def _tables() -> Iterator[tuple[str, Json]]:
    for module, table, rows in snapshots.read():
        name = f"{module}.{table}"
        if name == _PARAMETERS:
            yield name, {each: _as_found(each, row) for each, row in rows.items()}
        elif module in _MODULES and name not in _OF_THE_WAY:
            yield name, {key: row for key, row in rows.items() if (module, key) != _MADE_BY_A_LOOK}


def _as_found(name: str, parameter: Json) -> Json:
    """A parameter without its clear text. Of a lock, what counts is that it is there, not who has it since when."""
    left_out = {"OriginalValue"} | ({"Value", "Version"} if name.endswith("/lock") else set())
    return {key: digest(value) if key == "Value" else value for key, value in parameter.items() if key not in left_out}


def _plain(value: Any) -> Any:
    """Without what is of the way, and with digests for secret values."""
    if isinstance(value, Mapping):
        return {
            key: digest(str(child)) if key in _VALUES and child is not None else _plain(child)
            for key, child in value.items()
            if key not in _PASSING
        }
    if isinstance(value, (list, tuple)):
        return [_plain(child) for child in value]
    return value


def _prefix_lists(ec2: Any, account: str) -> Json:
    own = [{"Name": "owner-id", "Values": [account]}]
    found: Json = {"ec2.ManagedPrefixLists": [], "ec2.entries": {}}
    for each in ec2.describe_managed_prefix_lists(Filters=own)["PrefixLists"]:
        identity = each["PrefixListId"]
        found["ec2.ManagedPrefixLists"].append({key: value for key, value in each.items() if key != "State"})
        found["ec2.entries"][identity] = ec2.get_managed_prefix_list_entries(PrefixListId=identity)["Entries"]
    plain: Json = _plain(found)
    return plain


def _balancing(elb: Any) -> Json:
    found: Json = {"elbv2.listeners": [], "elbv2.rules": [], "elbv2.attributes": {}}
    for balancer in elb.describe_load_balancers()["LoadBalancers"]:
        arn = balancer["LoadBalancerArn"]
        found["elbv2.attributes"][arn] = elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
        for listener in elb.describe_listeners(LoadBalancerArn=arn)["Listeners"]:
            found["elbv2.listeners"].append(listener)
            found["elbv2.rules"] += elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    for group in elb.describe_target_groups()["TargetGroups"]:
        arn = group["TargetGroupArn"]
        found["elbv2.attributes"][arn] = elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
    plain: Json = _plain(found)
    return plain


def _scaling(clients: Clients) -> Json:
    scaling = clients("application-autoscaling")
    return {
        f"scaling.{key}": _plain(getattr(scaling, operation)(ServiceNamespace="ecs")[key])
        for operation, key in _SCALING.items()
    }


def _ecs(ecs: Any, scaled: set[str]) -> Json:
    """``scaled`` services (as ``service/CLUSTER/NAME``) have as many tasks as their load wants, whatever the way."""
    clusters = _all(ecs.list_clusters, "clusterArns")
    described = ecs.describe_clusters(clusters=clusters, include=["TAGS", "SETTINGS"])["clusters"] if clusters else []
    found: Json = {"ecs.clusters": _without(described, "activeServicesCount", "runningTasksCount", "pendingTasksCount")}
    found["ecs.services"] = {}
    for cluster in clusters:
        for service in _all(ecs.list_services, "serviceArns", cluster=cluster):
            told = ecs.describe_services(cluster=cluster, services=[service], include=["TAGS"])["services"][0]
            if service.partition(":service/")[2] in {each.partition("/")[2] for each in scaled}:
                told["deployments"] = _without(told["deployments"], "desiredCount")
                del told["desiredCount"]
            found["ecs.services"][told["serviceName"]] = told
    arns = _all(ecs.list_task_definitions, "taskDefinitionArns", status="ACTIVE")
    arns += _all(ecs.list_task_definitions, "taskDefinitionArns", status="INACTIVE")
    found["ecs.task_definitions"] = {
        arn: ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"]) for arn in arns
    }
    plain: Json = _plain(found)
    return plain


def _without(rows: list[Json], *keys: str) -> list[Json]:
    return [{key: value for key, value in row.items() if key not in keys} for row in rows]


def _all(list_them: Callable[..., Json], key: str, **about: str) -> list[str]:
    """All pages of a list operation of ECS."""
    found: list[str] = []
    token: Json = {}
    while True:
        page = list_them(**about, **token)
        found += page[key]
        if not page.get("nextToken"):
            return found
        token = {"nextToken": page["nextToken"]}
