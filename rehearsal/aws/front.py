"""The door of the AWS stand-in: who may come in, what is offered at all, and where faults strike."""

from __future__ import annotations

from collections.abc import Callable

from rehearsal.aws.adapters.server import SERVICES_WE_OFFER, Answer
from rehearsal.aws.errors import RefusedError, error_answer
from rehearsal.aws.request import AwsRequest, parse
from rehearsal.aws.service import not_offered
from rehearsal.requestlog import AsgiApp, Message, Receive, Scope, Send

WRONG_KEY = "AKIAWRONG"
"""Access keys that begin like this do not exist; all others do."""

Faults = Callable[[AwsRequest], RefusedError | None]
"""What goes wrong with a request, if anything (throttling, say); asked once for each request."""


def no_faults(_: AwsRequest) -> RefusedError | None:
    """Nothing goes wrong."""
    return None


def front(app: AsgiApp, faults: Callable[[], Faults]) -> AsgiApp:
    """Put the door in front of ``app``. ``faults`` is asked for the current rules with every request."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        body = await _body(receive)
        request = _read(scope, body)
        refusal = _refusal(request) or faults()(request)
        if refusal is not None:
            await _send(send, error_answer(request, refusal))
            return
        await app(scope, _again(body, receive), send)

    return wrapped


def _refusal(request: AwsRequest) -> RefusedError | None:
    if not request.access_key:
        return RefusedError("MissingAuthenticationToken", "Missing Authentication Token", 403)
    if request.access_key.startswith(WRONG_KEY):
        return _unknown_key(request)
    if request.service not in SERVICES_WE_OFFER:
        return not_offered(f"service '{request.service}' (operation {request.operation})")
    return None


def _unknown_key(request: AwsRequest) -> RefusedError:
    if request.service == "ec2":
        message = "AWS was not able to validate the provided access credentials"
        return RefusedError("AuthFailure", message, 401)
    code = "UnrecognizedClientException" if request.protocol in ("json", "rpc") else "InvalidClientTokenId"
    return RefusedError(code, "The security token included in the request is invalid.", 403)


def _read(scope: Scope, body: bytes) -> AwsRequest:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = scope.get("query_string", b"").decode("latin-1")
    return parse(scope["method"], scope["path"] + (f"?{query}" if query else ""), headers, body)


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    given = False

    async def once_more() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once_more


async def _send(send: Send, answer: Answer) -> None:
    status, headers, body = answer
    sent = [(name.encode(), value.encode()) for name, value in headers.items()]
    sent.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": body})
