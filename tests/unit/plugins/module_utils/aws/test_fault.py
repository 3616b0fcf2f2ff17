"""What AWS says when it says no: each answer is one member of our tree, and a sentence without values."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore import exceptions

from ansible_collections.offramp.ecs.plugins.module_utils.aws import fault, session
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import OfframpError


def raised(error: Exception) -> OfframpError:
    with pytest.raises(OfframpError) as found, fault.spoken("stack bond"):
        raise error
    return found.value


def refused(code: str, message: str = "Said AWS.", status: int = 400) -> exceptions.ClientError:
    answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return exceptions.ClientError(answer, "DescribeStacks")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (refused("AccessDenied", status=403), "denied"),
        (refused("ExpiredToken", status=403), "denied"),
        (refused("Throttling"), "throttled"),
        (refused("ResourceNotFoundException"), "missing"),
        (refused("ValidationError"), "refused"),
        (refused("InternalFailure", status=500), "unreachable"),
        (refused("503", status=503), "unreachable"),
        (exceptions.NoCredentialsError(), "denied"),
        (exceptions.TokenRetrievalError(provider="sso", error_msg="expired"), "denied"),
        (exceptions.CredentialRetrievalError(provider="role", error_msg="x"), "denied"),
        (exceptions.EndpointConnectionError(endpoint_url="http://x"), "unreachable"),
        (exceptions.ReadTimeoutError(endpoint_url="http://x"), "unreachable"),
        (exceptions.ConnectionClosedError(endpoint_url="http://x"), "unreachable"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_failure_has_its_kind_and_names_its_thing(error: Exception, kind: str) -> None:
    found = raised(error)
    assert found.kind == kind
    assert "stack bond" in found.msg
    assert found.target == "stack bond"
    assert found.hint or kind in ("missing", "refused")


Answer = Callable[[int, bytes], None]


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Answer]:
    """``answer(status, body)``: what AWS answers from now on."""
    current = {"status": 200, "body": b""}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(int(current["status"]))
            self.send_header("Content-Length", str(len(bytes(current["body"]))))
            self.end_headers()
            self.wfile.write(bytes(current["body"]))

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    yield lambda status, body: current.update(status=status, body=body)
    server.shutdown()
    thread.join()
    server.server_close()


def asked(service: str, call: str, **arguments: Any) -> OfframpError:
    client = session.client(service, region="eu-west-1", door=Door(shut=False, ordered_by="test"), tries=1)
    with pytest.raises(OfframpError) as found, fault.spoken("cluster bond"):
        getattr(client, call)(**arguments)
    return found.value


@pytest.mark.parametrize(("service", "call"), [("ecs", "list_clusters"), ("cloudformation", "describe_stacks")])
@pytest.mark.parametrize("body", [b"<html>Welcome to the airport</html>", b"hello", b'{"clusterArns": ['])
def test_an_answer_that_is_not_awss_is_told(answer: Answer, service: str, call: str, body: bytes) -> None:
    answer(200, body)
    found = asked(service, call)
    assert found.kind == "unreachable"
    assert found.msg == "What answers for cluster bond does not answer as AWS does."


def test_a_failure_of_awss_own_is_no_refusal(answer: Answer) -> None:
    answer(500, b"<html>oops</html>")
    assert asked("ecs", "list_clusters").kind == "unreachable"


def test_wrong_arguments_are_named_without_their_values(answer: Answer) -> None:
    answer(200, b"{}")
    found = asked("secretsmanager", "put_secret_value", SecretId="bond", SecretString={"KEY": "hunter2"})
    assert found.kind == "bad_input"
    assert "SecretString" in found.msg
    assert "hunter2" not in found.msg
