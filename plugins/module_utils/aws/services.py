"""ECS services: written from an app's process type, and compared setting by setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws import task_network
from ansible_collections.offramp.ecs.plugins.module_utils.aws.ecs import name_of
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import Options

Json = dict[str, Any]

_NO_ALARMS = {"alarmNames": [], "enable": False, "rollback": False}
_DEPLOYMENT_DEFAULTS = {
    "alarms": _NO_ALARMS,
    "bakeTimeInMinutes": 0,
    "deploymentCircuitBreaker": {"enable": False, "rollback": False},
    "maximumPercent": 200,
    "minimumHealthyPercent": 100,
    "strategy": "ROLLING",
}
_DEFAULTS = {
    "availabilityZoneRebalancing": "DISABLED",
    "enableECSManagedTags": False,
    "enableExecuteCommand": False,
    "loadBalancers": [],
    "platformVersion": "LATEST",
    "propagateTags": "NONE",
}
SETTINGS = (
    "taskDefinition",
    "deploymentConfiguration",
    "networkConfiguration",
    "healthCheckGracePeriodSeconds",
    *_DEFAULTS,
)
"""What is compared, and converged by UpdateService."""


OPTIONS: Options = {
    "target_group_arn": {"type": "str", "default": ""},
    "circuit_breaker": {"type": "bool", "default": True},
    "alarms": {"type": "list", "elements": "str", "default": []},
    "minimum_percent": {"type": "int", "default": 100},
    "maximum_percent": {"type": "int", "default": 200},
    "zone_rebalancing": {"type": "bool", "default": True},
    "exec": {"type": "bool", "default": False},
}
"""How a service is run, as a module's options."""


def write(params: Mapping[str, Any]) -> Json:
    """The wanted settings of a service in the API's form, from the arguments of ``ecs_service``."""
    process = params["process"]
    breaker = {"enable": params["circuit_breaker"], "rollback": params["circuit_breaker"]}
    balanced = {
        "targetGroupArn": params["target_group_arn"],
        "containerName": params["container"],
        "containerPort": process["port"],
    }
    return normalised(
        {
            "taskDefinition": params["task_definition"],
            "deploymentConfiguration": {
                "alarms": _alarms(params["alarms"] if process["port"] else []),
                "deploymentCircuitBreaker": breaker,
                "minimumHealthyPercent": params["minimum_percent"],
                "maximumPercent": params["maximum_percent"],
            },
            "networkConfiguration": task_network.written(params),
            "loadBalancers": [balanced] if process["port"] else [],
            "healthCheckGracePeriodSeconds": process["health_grace"] if process["port"] else 0,
            "availabilityZoneRebalancing": "ENABLED" if params["zone_rebalancing"] else "DISABLED",
            "enableExecuteCommand": params["exec"],
            "enableECSManagedTags": True,
            "propagateTags": "SERVICE",
        }
    )


def normalised(service: Mapping[str, Any]) -> Json:
    """One form for what we want and for what ECS describes: defaults filled in, sets sorted."""
    network = service["networkConfiguration"]["awsvpcConfiguration"]
    deployment = {**_DEPLOYMENT_DEFAULTS, **service["deploymentConfiguration"]}
    alarms = {**_NO_ALARMS, **(deployment["alarms"] or {})}
    deployment["alarms"] = {**alarms, "alarmNames": sorted(alarms["alarmNames"])}
    known = {key: value for key, value in deployment.items() if key in _DEPLOYMENT_DEFAULTS}
    settings = {key: service.get(key, default) for key, default in _DEFAULTS.items()}
    return {
        **settings,
        "taskDefinition": service["taskDefinition"],
        "deploymentConfiguration": known,
        "networkConfiguration": {
            "awsvpcConfiguration": {
                "assignPublicIp": network.get("assignPublicIp", "DISABLED"),
                "securityGroups": sorted(network.get("securityGroups", [])),
                "subnets": sorted(network["subnets"]),
            }
        },
        "healthCheckGracePeriodSeconds": service.get("healthCheckGracePeriodSeconds", 0),
        "loadBalancers": sorted(
            ({key: each[key] for key in sorted(each) if each[key]} for each in settings["loadBalancers"]), key=str
        ),
    }


def _alarms(names: Sequence[str]) -> Json:
    """The alarms that a deployment watches, and is rolled back by; none where there are no names."""
    return {"alarmNames": list(names), "enable": True, "rollback": True} if names else dict(_NO_ALARMS)


def for_creation(settings: Mapping[str, Any]) -> Json:
    """Settings as CreateService takes them, on Fargate; a grace period is for services behind a load balancer only."""
    kept = dict(settings)
    if not kept["loadBalancers"]:
        del kept["healthCheckGracePeriodSeconds"]
    return {**kept, "launchType": "FARGATE"}


def readable(settings: Mapping[str, Any]) -> Json:
    """Settings for a person, with short names of what has an ARN."""
    told = dict(settings)
    if "taskDefinition" in told:
        told["taskDefinition"] = _short(told["taskDefinition"])
    if "networkConfiguration" in told:
        told["networkConfiguration"] = told["networkConfiguration"]["awsvpcConfiguration"]
    return told


def tag_list(tags: Mapping[str, str]) -> list[Json]:
    """Tags as ECS takes them."""
    return [{"key": key, "value": str(value)} for key, value in sorted(tags.items())]


def tag_map(tags: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Tags as ECS tells them."""
    return {tag["key"]: tag.get("value", "") for tag in tags}


def _short(arn: str) -> str:
    return name_of(arn) if arn.startswith("arn:") else arn
