"""AWS clients ask the door; a change set is a look, unless it makes a new stack."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from ansible_collections.offramp.ecs.plugins.module_utils.aws import session
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door, Kind
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import DoorShut


@pytest.mark.parametrize(
    ("operation", "arguments", "kind"),
    [
        ("DescribeStacks", {}, "read"),
        ("GetTemplate", {}, "read"),
        ("DetectStackDrift", {}, "read"),
        ("ExecuteChangeSet", {}, "write"),
        ("DeleteStack", {}, "write"),
        ("CreateChangeSet", {"ChangeSetType": "UPDATE"}, "preview"),
        ("CreateChangeSet", {}, "preview"),
        ("CreateChangeSet", {"ChangeSetType": "CREATE"}, "write"),
        ("CreateChangeSet", {"ChangeSetType": "IMPORT"}, "write"),
        ("DeleteChangeSet", {}, "preview"),
    ],
)
def test_the_class_of_a_call(operation: str, arguments: dict[str, Any], kind: Kind) -> None:
    assert session.kind_of(operation, arguments) == kind


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")


@pytest.mark.usefixtures("credentials")
def test_a_shut_door_holds_back_the_change_set_that_makes_a_stack() -> None:
    door = Door(shut=True, ordered_by="offramp.ecs/test")
    client = session.client("cloudformation", region="eu-west-1", door=door, tries=1)
    with pytest.raises(DoorShut, match="CreateChangeSet"):
        client.create_change_set(StackName="a", ChangeSetName="b", ChangeSetType="CREATE", TemplateBody="x")
    assert not door.passed


@pytest.mark.usefixtures("credentials")
def test_a_shut_door_lets_a_look_out_and_counts_it_apart() -> None:
    door = Door(shut=True, ordered_by="offramp.ecs/test")
    client = session.client("cloudformation", region="eu-west-1", door=door, tries=1)
    with pytest.raises(Exception, match="Could not connect"):
        client.create_change_set(StackName="a", ChangeSetName="b", ChangeSetType="UPDATE", TemplateBody="x")
    assert door.passed == {"preview": 1}


CUT = 0
"""Instead of a status: the connection ends without an answer."""


class Ecs(http.server.ThreadingHTTPServer):
    """Answers with the given statuses in turn, then with 200; remembers which operations came."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[int] = []
        self.asked: list[str] = []


class Handler(http.server.BaseHTTPRequestHandler):
    server: Ecs

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append(self.headers["X-Amz-Target"].rpartition(".")[2])
        status = self.server.answers.pop(0) if self.server.answers else 200
        if status == CUT:
            self.close_connection = True
            return
        body = b'{"__type": "ThrottlingException"}' if status == 400 else b"{}"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def ecs(credentials: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ecs]:
    server = Ecs()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def client_of(alive: Callable[[], bool] = lambda: True) -> Any:
    return session.client("ecs", region="eu-west-1", door=Door(shut=False, ordered_by="offramp.ecs/test", alive=alive))


def register(client: Any) -> None:
    client.register_task_definition(family="web", containerDefinitions=[])


@pytest.mark.parametrize(("answer", "error"), [(CUT, ConnectionClosedError), (500, ClientError)])
def test_a_task_definition_whose_answer_is_lost_is_not_registered_twice(
    ecs: Ecs, answer: int, error: type[Exception]
) -> None:
    ecs.answers = [answer]
    with pytest.raises(error):
        register(client_of())
    assert ecs.asked == ["RegisterTaskDefinition"]


def test_a_throttled_registration_is_repeated(ecs: Ecs) -> None:
    ecs.answers = [400, 400]
    register(client_of())
    assert len(ecs.asked) == 3


@pytest.mark.parametrize(("forced", "times"), [(False, 2), (True, 1)])
def test_a_forced_deployment_is_not_begun_twice(ecs: Ecs, forced: bool, times: int) -> None:
    ecs.answers = [CUT]
    arguments = {"service": "web", "taskDefinition": "web:1", "forceNewDeployment": forced}
    if forced:
        with pytest.raises(ConnectionClosedError):
            client_of().update_service(**arguments)
    else:
        client_of().update_service(**arguments)
    assert len(ecs.asked) == times


def test_a_worker_that_outlived_its_run_repeats_no_write(ecs: Ecs) -> None:
    ecs.answers = [500]
    with pytest.raises(DoorShut):
        client_of(alive=lambda: not ecs.asked).update_service(service="web")
    assert len(ecs.asked) == 1


def test_regions_are_those_of_all_partitions_and_no_others() -> None:
    regions = session.regions()
    assert {"eu-west-1", "us-gov-west-1", "cn-north-1"} <= set(regions)
    assert "aws-global" not in regions
