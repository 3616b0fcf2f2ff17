"""A service's settings: AWS's defaults, and what is refused."""

from __future__ import annotations

import copy

from rehearsal.aws.ecs.errors import EcsError, invalid
from rehearsal.aws.ecs.model import Cluster, Json

_NOT_BUILT_LIMITS = ("lifecycleHooks", "linearConfiguration", "canaryConfiguration", "earlySuccessCriteria")
_NOT_BUILT = ("serviceRegistries", "serviceConnectConfiguration", "volumeConfigurations", "vpcLatticeConfigurations")


def with_defaults(settings: Json, cluster: Cluster) -> Json:
    """What a new service's settings are where the request does not say."""
    settings = copy.deepcopy(settings)
    if not settings.get("launchType") and not settings.get("capacityProviderStrategy") and cluster.default_strategy:
        settings["capacityProviderStrategy"] = copy.deepcopy(cluster.default_strategy)
    complete_network(settings)
    given = settings.get("deploymentConfiguration", {})
    settings["deploymentConfiguration"] = {
        "deploymentCircuitBreaker": {"enable": False, "rollback": False},
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
        "strategy": "ROLLING",
        "bakeTimeInMinutes": 0,
        **given,
    }
    roomy = settings["deploymentConfiguration"]["maximumPercent"] > 100
    return {
        "platformVersion": "LATEST",
        "platformFamily": "Linux",
        "loadBalancers": [],
        "serviceRegistries": [],
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": "ECS"},
        "enableECSManagedTags": False,
        "propagateTags": "NONE",
        "enableExecuteCommand": False,
        "availabilityZoneRebalancing": "ENABLED" if roomy else "DISABLED",
        "placementConstraints": [],
        "placementStrategy": [],
        **({"healthCheckGracePeriodSeconds": 0} if settings.get("loadBalancers") else {}),
        **settings,
    }


def complete_network(settings: Json) -> None:
    """Fill in what a network configuration leaves out."""
    network = settings.get("networkConfiguration", {}).get("awsvpcConfiguration")
    if network:
        network.setdefault("assignPublicIp", "DISABLED")
        network.setdefault("securityGroups", [])


def check_settings(settings: Json) -> None:
    """What is refused of a service's settings, by AWS or because the rehearsal has no such thing."""
    limits = settings["deploymentConfiguration"]
    if not 0 <= limits["minimumHealthyPercent"] <= limits["maximumPercent"]:
        raise invalid("maximumPercent and minimumHealthyPercent must be positive, and the latter not the larger one.")
    if limits["maximumPercent"] == limits["minimumHealthyPercent"] == 100:
        raise invalid("Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.")
    if settings["deploymentController"]["type"] != "ECS" or limits.get("strategy", "ROLLING") != "ROLLING":
        raise EcsError("UnsupportedFeatureException", "The rehearsal has rolling deployments only.")
    if settings["schedulingStrategy"] != "REPLICA":
        raise invalid("The daemon scheduling strategy is not supported for tasks on AWS Fargate.")
    if unbuilt := [name for name in _NOT_BUILT if settings.get(name)]:
        raise EcsError("UnsupportedFeatureException", f"The rehearsal has no {unbuilt[0]}.")
    if settings["availabilityZoneRebalancing"] == "ENABLED" and limits["maximumPercent"] <= 100:
        raise invalid("AvailabilityZoneRebalancing needs a maximumPercent of more than 100.")
    if limits.get("alarms", {}).get("enable") and not limits["alarms"].get("alarmNames"):
        raise invalid("The alarm names must be specified when deployment alarms are enabled.")
    if limits.get("bakeTimeInMinutes"):
        raise EcsError("UnsupportedFeatureException", "The rehearsal has no bake time of your own.")
    if unbuilt := [name for name in _NOT_BUILT_LIMITS if limits.get(name)]:
        raise EcsError("UnsupportedFeatureException", f"The rehearsal has no {unbuilt[0]}.")
    if not 0 <= settings.get("healthCheckGracePeriodSeconds", 0) <= 2_147_483_647:
        raise invalid("healthCheckGracePeriodSeconds must be between 0 and 2,147,483,647.")
