"""AWS::MemoryDB::*, AWS::ApplicationAutoScaling::* and AWS::Budgets::Budget."""

from __future__ import annotations

from rehearsal.aws.cloudformation.resource import Attributes, Context, Made, Properties, ResourceType

_SCALING = "application-autoscaling"
_TARGET_KEY = ("ResourceId", "ScalableDimension", "ServiceNamespace")


_ANEW = {"Cluster": ("TLSEnabled", "DataTiering", "KmsKeyId", "Port", "SubnetGroupName", "SnapshotName")}
"""Beside its name, what makes a MemoryDB thing anew."""


def _memorydb(noun: str, kind: str, arn: str) -> ResourceType:
    """A MemoryDB thing that is named by ``kind`` and whose API operations are (Create|Update|Delete)``noun``."""

    def attributes(found: Properties) -> Attributes:
        endpoint = found.get("ClusterEndpoint", {})
        address = {f"ClusterEndpoint.{key}": str(value) for key, value in endpoint.items()}
        return {arn: found["ARN"], "Status": found.get("Status", "active"), **address}

    def create(context: Context, properties: Properties) -> Made:
        named = {kind: properties[kind]}
        made = context.call("memorydb", f"Create{noun}", properties | named)[noun]
        return Made(properties[kind], attributes(made))

    def update(context: Context, physical_id: str, old: Properties, new: Properties) -> Attributes:
        changed = dict(new) | {kind: physical_id}
        if noun == "ACL":
            before, after = set(old.get("UserNames", [])), set(new.get("UserNames", []))
            changed |= {"UserNamesToAdd": sorted(after - before), "UserNamesToRemove": sorted(before - after)}
        if noun == "Cluster":
            changed |= {"ShardConfiguration": {"ShardCount": new.get("NumShards", 1)}}
            changed |= {"ReplicaConfiguration": {"ReplicaCount": new.get("NumReplicasPerShard", 1)}}
        return attributes(context.call("memorydb", f"Update{noun}", changed)[noun])

    def delete(context: Context, physical_id: str, properties: Properties) -> None:
        last = {name: properties[name] for name in ("FinalSnapshotName",) if name in properties}
        context.remove("memorydb", f"Delete{noun}", **{kind: physical_id, **last})

    return ResourceType(f"AWS::MemoryDB::{noun}", create, delete, update, (kind, *_ANEW.get(noun, ())), tagged=True)


def _create_target(context: Context, properties: Properties) -> Made:
    context.call(_SCALING, "RegisterScalableTarget", properties)
    return Made("|".join(properties[name] for name in _TARGET_KEY), {})


def _update_target(context: Context, _: str, __: Properties, new: Properties) -> Attributes:
    context.call(_SCALING, "RegisterScalableTarget", new)
    return {}


def _delete_target(context: Context, physical_id: str, _: Properties) -> None:
    key = dict(zip(_TARGET_KEY, physical_id.split("|"), strict=True))
    context.remove(_SCALING, "DeregisterScalableTarget", **key)


def _aimed(properties: Properties) -> Properties:
    """A policy's properties with the target that it names by id spelled out."""
    if "ScalingTargetId" not in properties:
        return properties
    return properties | dict(zip(_TARGET_KEY, properties["ScalingTargetId"].split("|"), strict=True))


def _put_policy(context: Context, properties: Properties) -> Made:
    arn = context.call(_SCALING, "PutScalingPolicy", _aimed(properties))["PolicyARN"]
    return Made(arn, {"Arn": arn})


def _update_policy(context: Context, _: str, __: Properties, new: Properties) -> Attributes:
    return _put_policy(context, new).attributes


def _delete_policy(context: Context, _: str, properties: Properties) -> None:
    key = {name: value for name, value in _aimed(properties).items() if name in ("PolicyName", *_TARGET_KEY)}
    context.remove(_SCALING, "DeleteScalingPolicy", **key)


def _account(context: Context) -> str:
    return str(context.call("sts", "GetCallerIdentity", {})["Account"])


def _create_budget(context: Context, properties: Properties) -> Made:
    budget = {"BudgetName": context.name(100), **properties["Budget"]}
    context.call("budgets", "CreateBudget", properties | {"AccountId": _account(context), "Budget": budget})
    return Made(budget["BudgetName"], {})


def _update_budget(context: Context, name: str, _: Properties, new: Properties) -> Attributes:
    asked = {"AccountId": _account(context), "NewBudget": {**new["Budget"], "BudgetName": name}}
    context.call("budgets", "UpdateBudget", asked)
    return {}


TYPES = (
    _memorydb("SubnetGroup", "SubnetGroupName", "ARN"),
    _memorydb("User", "UserName", "Arn"),
    _memorydb("ACL", "ACLName", "Arn"),
    _memorydb("Cluster", "ClusterName", "ARN"),
    ResourceType(
        "AWS::ApplicationAutoScaling::ScalableTarget", _create_target, _delete_target, _update_target, _TARGET_KEY
    ),
    ResourceType(
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        _put_policy,
        _delete_policy,
        _update_policy,
        ("PolicyName", "ScalingTargetId", *_TARGET_KEY),
    ),
    ResourceType(
        "AWS::Budgets::Budget",
        _create_budget,
        lambda context, name, _: context.remove(
            "budgets", "DeleteBudget", AccountId=_account(context), BudgetName=name
        ),
        _update_budget,
        ("BudgetName", "NotificationsWithSubscribers"),
    ),
)
