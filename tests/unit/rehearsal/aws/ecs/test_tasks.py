"""Tasks as processes: what they find, how they start and end, and what is told of it."""

import os
import signal
import urllib.request
from typing import Any

import pytest

from rehearsal.aws.ecs.surroundings import TargetHealth
from rehearsal.seed import Behaviour
from tests.unit.rehearsal.aws.ecs.region import BALANCED, NETWORK, Region, eventually
from tests.unit.rehearsal.aws.ecs.steered import GROUP, LOGS, ROLE, SECRET

NO_STREAM = (
    "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed "
    "to create Cloudwatch log stream: ResourceNotFoundException: The specified"
)


def awslogs(group: str) -> Any:
    """A log configuration of a container."""
    options = {"awslogs-group": group, "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "app"}
    return {"logDriver": "awslogs", "options": options}


def run(region: Region, definition: str, **request: Any) -> str:
    """RunTask; the task's ARN."""
    region("CreateCluster", clusterName="bond")
    started = region(
        "RunTask",
        cluster="bond",
        taskDefinition=definition,
        launchType="FARGATE",
        networkConfiguration=NETWORK,
        **request,
    )
    return str(started["tasks"][0]["taskArn"])


def task(region: Region, arn: str) -> Any:
    return region("DescribeTasks", cluster="bond", tasks=[arn])["tasks"][0]


def reaches(region: Region, arn: str, status: str) -> Any:
    eventually(lambda: task(region, arn)["lastStatus"] == status)
    return task(region, arn)


def pid_of(region: Region, arn: str) -> int:
    run = region.ecs.tasks._runs[arn.rpartition("/")[2]]
    return run._running["web"].process.pid


def environment_of(region: Region, arn: str) -> dict[str, str]:
    with open(f"/proc/{pid_of(region, arn)}/environ") as file:
        return dict(pair.split("=", 1) for pair in file.read().split("\0") if pair)


def test_containers_get_their_configuration_and_nothing_of_ours(
    region: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEROKU_API_KEY", "ours")
    variables = [{"name": "PORT", "value": "8080"}, {"name": "EMPTY", "value": ""}]
    secrets = [{"name": "API_KEY", "valueFrom": f"{SECRET}:API_KEY::v1"}]
    arn = run(region, region.define(environment=variables, secrets=secrets))
    reaches(region, arn, "RUNNING")
    eventually(lambda: environment_of(region, arn).get("PORT"))
    found = environment_of(region, arn)
    given = {name for name in found if not name.startswith(("REHEARSAL_", "AWS_", "PYTHON", "LC_"))}
    assert given <= {"PORT", "EMPTY", "API_KEY", "PATH", "LANG", "HOME", "TMPDIR"}
    assert (found["API_KEY"], found["EMPTY"], found["REHEARSAL_SIDE"]) == ("s3cret", "", "aws")


def test_a_task_is_reached_at_its_address_and_answers(region: Region) -> None:
    arn = run(region, region.define())
    details = reaches(region, arn, "RUNNING")["attachments"][0]["details"]
    ip = next(each["value"] for each in details if each["name"] == "privateIPv4Address")
    eventually(lambda: region.addresses.lookup(ip, 8080))
    host, port = region.addresses.lookup(ip, 8080) or ("", 0)
    with urllib.request.urlopen(f"http://{host}:{port}/health") as answer:
        assert answer.status == 200
    region("StopTask", cluster="bond", task=arn, reason="enough")
    stopped = reaches(region, arn, "STOPPED")
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("UserInitiated", "enough")
    assert stopped["containers"][0]["exitCode"] == 0
    assert region.addresses.lookup(ip, 8080) is None


@pytest.mark.parametrize(
    ("tag", "container", "reason"),
    [
        ("missing", {}, "CannotPullContainerError: "),
        ("v1", {"secrets": [{"name": "A", "valueFrom": f"{SECRET}:OTHER::v1"}]}, "ResourceInitializationError: "),
        ("v1", {"logConfiguration": awslogs("/none")}, f"{NO_STREAM} log group does not exist. : exit status 1"),
    ],
)
def test_task_that_cannot_start_says_why(region: Region, tag: str, container: Any, reason: str) -> None:
    stopped = reaches(region, run(region, region.define(tag, **container)), "STOPPED")
    assert stopped["stopCode"] == "TaskFailedToStart"
    assert stopped["stoppedReason"].startswith(reason)
    assert "startedAt" not in stopped
    assert "exitCode" not in stopped["containers"][0]


def test_output_goes_to_the_log_stream_of_the_container(region: Region) -> None:
    arn = run(region, region.define(logConfiguration=awslogs(LOGS)))
    stream = LOGS, f"app/web/{arn.rpartition('/')[2]}"
    eventually(lambda: any("listens on port 8080" in line for line in region.around.streams.get(stream, [])))


def test_crash_is_told_with_its_exit_code(region: Region) -> None:
    region.around.behaviours["bad"] = Behaviour(starts="crashes", exit_code=7)
    stopped = reaches(region, run(region, region.define("bad")), "STOPPED")
    assert stopped["stopCode"] == "EssentialContainerExited"
    assert stopped["stoppedReason"] == "Essential container in task exited"
    assert stopped["containers"][0]["exitCode"] == 7


def test_killed_task_is_seen_and_replaced(region: Region) -> None:
    region.serve(region.define(), **BALANCED)
    eventually(region.settled)
    before = region.tasks()[0]["taskArn"]
    os.kill(pid_of(region, before), signal.SIGKILL)
    stopped = reaches(region, before, "STOPPED")
    assert stopped["containers"][0]["exitCode"] == 137
    eventually(lambda: [each["lastStatus"] for each in region.tasks()] == ["RUNNING"])
    assert region.tasks()[0]["taskArn"] != before
    assert region.service["deployments"][0]["failedTasks"] == 0


def test_task_drains_before_its_process_is_told_to_stop(region: Region) -> None:
    region.around.delay = 0.6
    region.serve(region.define(), **BALANCED)
    eventually(region.settled)
    arn = region.tasks()[0]["taskArn"]
    pid = pid_of(region, arn)
    region.update(desiredCount=0)
    eventually(lambda: region.around.history[-1][0] == "out")
    assert task(region, arn)["lastStatus"] == "DEACTIVATING"
    os.kill(pid, 0)
    stopped = reaches(region, arn, "STOPPED")
    assert stopped["stoppedAt"] - stopped["stoppingAt"] >= 0.6
    assert stopped["stopCode"] == "ServiceSchedulerInitiated"


def test_unhealthy_target_is_replaced_after_the_grace_period(region: Region) -> None:
    region.serve(region.define(), healthCheckGracePeriodSeconds=1, **BALANCED)
    eventually(region.settled)
    arn = region.tasks()[0]["taskArn"]
    target = next(iter(region.around.targets))
    told = "Health checks failed with these codes: [503]"
    region.around.targets[target] = TargetHealth("unhealthy", "Target.ResponseCodeMismatch", told)
    stopped = reaches(region, arn, "STOPPED")
    assert stopped["stoppedReason"] == f"Task failed ELB health checks in (target-group {GROUP})"
    assert stopped["stoppingAt"] - stopped["startedAt"] >= 1
    assert f"(service web) (port 8080) is unhealthy in (target-group {GROUP}) due to (reason {told})" in region.events
    eventually(lambda: region.service["runningCount"] == 1)


def test_container_health_check_is_done_by_request(region: Region) -> None:
    check = {"command": ["CMD-SHELL", "curl -f http://localhost:8080/health || exit 1"], "interval": 5, "retries": 1}
    region.around.behaviours["sick"] = Behaviour(starts="never_healthy")
    well = run(region, region.define(healthCheck=check))
    sick = run(region, region.define("sick", healthCheck=check))
    eventually(lambda: task(region, well)["healthStatus"] == "HEALTHY")
    eventually(lambda: task(region, sick)["healthStatus"] == "UNHEALTHY")
    assert task(region, sick)["lastStatus"] == "RUNNING"


def test_same_client_token_starts_no_second_task(region: Region) -> None:
    definition = region.define()
    assert run(region, definition, clientToken="release-1") == run(region, definition, clientToken="release-1")


def test_all_processes_end_with_the_region() -> None:
    region = Region()
    arn = run(region, region.define())
    reaches(region, arn, "RUNNING")
    pid = pid_of(region, arn)
    region.ecs.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_capacity_provider_and_platform_are_told(region: Region) -> None:
    region("CreateCluster", clusterName="bond")
    strategy = [
        {"capacityProvider": "FARGATE", "base": 1, "weight": 1},
        {"capacityProvider": "FARGATE_SPOT", "weight": 4},
    ]
    request = {"capacityProviderStrategy": strategy, "networkConfiguration": NETWORK}
    started = region("RunTask", cluster="bond", taskDefinition=region.define(), **request)["tasks"][0]
    assert (started["capacityProviderName"], started["launchType"]) == ("FARGATE", "FARGATE")
    assert started["platformVersion"] == "1.4.0"


def test_containers_start_in_the_order_of_their_dependencies(region: Region) -> None:
    region.around.behaviours["once"] = Behaviour(dies_after=0.2, exit_code=0)
    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/bond:{}"
    needs = [{"containerName": "prepare", "condition": "SUCCESS"}]
    containers = [
        {"name": "web", "image": image.format("v1"), "dependsOn": needs},
        {"name": "prepare", "image": image.format("once"), "essential": False},
    ]
    size = {"cpu": "256", "memory": "512", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"]}
    made = region(
        "RegisterTaskDefinition", family="two", executionRoleArn=ROLE, containerDefinitions=containers, **size
    )
    arn = run(region, made["taskDefinition"]["taskDefinitionArn"])
    eventually(lambda: task(region, arn)["containers"][1]["lastStatus"] == "RUNNING")
    assert task(region, arn)["containers"][0]["lastStatus"] == "PENDING"
    web, prepare = reaches(region, arn, "RUNNING")["containers"]
    assert (web["lastStatus"], prepare["lastStatus"], prepare["exitCode"]) == ("RUNNING", "STOPPED", 0)
