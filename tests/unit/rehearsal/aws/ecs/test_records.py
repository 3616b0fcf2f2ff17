"""Service deployments and revisions: what is recorded, and how a deployment is stopped."""

import pytest

from rehearsal.aws.ecs.errors import EcsError
from rehearsal.aws.ecs.surroundings import TargetHealth
from tests.unit.rehearsal.aws.ecs.region import BALANCED, BREAKER, NETWORK, Region, eventually


def record(region: Region) -> str:
    """The ARN of the newest service deployment."""
    return str(
        region("ListServiceDeployments", cluster="bond", service="web")["serviceDeployments"][0]["serviceDeploymentArn"]
    )


def stuck_update(region: Region) -> tuple[str, str]:
    """A completed deployment and one after it that never gets healthy; their ids."""
    before = region.serve(region.define(), **BALANCED, deploymentConfiguration=BREAKER)["deployments"][0]["id"]
    eventually(region.settled)
    region.around.newcomers = TargetHealth("initial")
    return before, region.update(taskDefinition=region.define("v2"))["deployments"][0]["id"]


def described(region: Region, arn: str) -> dict[str, object]:
    found: dict[str, object] = region("DescribeServiceDeployments", serviceDeploymentArns=[arn])["serviceDeployments"][
        0
    ]
    return found


def test_completed_deployment_is_recorded_with_its_revision(region: Region) -> None:
    identity = region.serve(region.define(), **BALANCED, deploymentConfiguration=BREAKER)["deployments"][0]["id"]
    eventually(region.settled)
    arn = region.service["currentServiceDeployment"]
    found = described(region, arn)
    assert found["status"] == "SUCCESSFUL"
    assert found["deploymentCircuitBreaker"] == {"status": "MONITORING_COMPLETE", "failureCount": 0, "threshold": 3}
    revision = region.service["currentServiceRevisions"][0]["arn"]
    assert revision.endswith(identity.removeprefix("ecs-svc/"))
    shown = region("DescribeServiceRevisions", serviceRevisionArns=[revision])["serviceRevisions"][0]
    assert shown["taskDefinition"].endswith("web:1")
    assert shown["networkConfiguration"]["awsvpcConfiguration"]["subnets"] == NETWORK["awsvpcConfiguration"]["subnets"]


def test_rollback_on_request_goes_back_to_the_completed_deployment(region: Region) -> None:
    before, after = stuck_update(region)
    arn = record(region)
    assert region("StopServiceDeployment", serviceDeploymentArn=arn, stopType="ROLLBACK")["serviceDeploymentArn"] == arn
    assert described(region, arn)["status"] in ("ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")
    eventually(lambda: described(region, arn)["status"] == "ROLLBACK_IN_PROGRESS")
    assert region("StopServiceDeployment", serviceDeploymentArn=arn)["serviceDeploymentArn"] == arn
    assert region.deployment(after)["rolloutState"] == "FAILED"
    eventually(region.settled)
    assert region.service["deployments"][0]["id"] == before
    assert described(region, arn)["status"] == "ROLLBACK_SUCCESSFUL"
    with pytest.raises(EcsError) as caught:
        region("StopServiceDeployment", serviceDeploymentArn=arn)
    assert caught.value.code == "ConflictException"


def test_abort_leaves_both_versions_where_they_are(region: Region) -> None:
    before, after = stuck_update(region)
    eventually(lambda: len(region.tasks()) == 2)
    region("StopServiceDeployment", serviceDeploymentArn=record(region), stopType="ABORT")
    eventually(lambda: described(region, record(region))["status"] == "STOPPED")
    assert [each["id"] for each in region.service["deployments"]] == [after, before]
    assert region.deployment(after)["rolloutState"] == "FAILED"
    region.update(taskDefinition="web:1")
    region.around.turn("healthy")
    eventually(region.settled)
    assert region.service["taskDefinition"].endswith("web:1")


def test_unknown_service_deployment(region: Region) -> None:
    arn = region.ecs.naming.arn("service-deployment", "bond", "web", "x")
    assert region("DescribeServiceDeployments", serviceDeploymentArns=[arn])["failures"] == [
        {"arn": arn, "reason": "MISSING"}
    ]
    with pytest.raises(EcsError) as caught:
        region("StopServiceDeployment", serviceDeploymentArn=arn)
    assert caught.value.code == "ServiceDeploymentNotFoundException"


def test_deleted_service_drains_and_can_be_made_again(region: Region) -> None:
    region.serve(region.define(), desired=2, **BALANCED)
    eventually(region.settled)
    region("DeleteService", cluster="bond", service="web", force=True)
    assert region.service["status"] == "DRAINING"
    with pytest.raises(EcsError) as caught:
        region.serve("web:1")
    assert caught.value.message == "Unable to Start a service that is still Draining."
    eventually(lambda: region.service["status"] == "INACTIVE")
    assert not region.tasks()
    region.serve("web:1", **BALANCED)
    eventually(region.settled)
