"""The stand-in's own calls to its services: what CloudFormation, ECS and the world itself ask of AWS.

They go straight to the service's handler, with all its refusals and consequences, but past the front: they are not in
the request log, need no credentials, and no fault hits them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.config import Config

from rehearsal.aws.adapters import server

Clients = Callable[[str], Any]
"""Service name (boto3's) -> a boto3 client that asks within this process, in the current account and region."""

_NOT_AN_ADDRESS = "http://in-process.invalid"


class InProcess:
    """Makes boto3 clients whose requests never leave the process. For worker threads, not for the event loop."""

    def __init__(self) -> None:
        self._session = boto3.Session(aws_access_key_id="in-process", aws_secret_access_key="in-process")  # noqa: S106
        self._clients: dict[tuple[str, str], Any] = {}

    def __call__(self, service: str) -> Any:
        """A client of ``service`` in the region of the request that is being served."""
        region = server.current_region()
        if (service, region) not in self._clients:
            client = self._session.client(
                service,
                region_name=region,
                endpoint_url=_NOT_AN_ADDRESS,
                config=Config(retries={"total_max_attempts": 1}, parameter_validation=True),
            )
            client.meta.events.register("before-send", _answer)
            self._clients[service, region] = client
        return self._clients[service, region]


def _answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
    parts = urlsplit(request.url)
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    query = parse_qs(parts.query, keep_blank_values=True)
    body = request.body.encode() if isinstance(request.body, str) else bytes(request.body or b"")
    service = server.detect_service(request.method, parts.path, headers, query | _form(headers, body))
    answer = server.call_from_thread(
        server.service_handlers()[service], request.method, parts.path, headers, body, query
    )
    return AWSResponse(request.url, answer[0], HeadersDict(answer[1]), _Raw(answer[2]))


def _form(headers: dict[str, str], body: bytes) -> dict[str, list[str]]:
    if not headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {}
    return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


class _Raw:
    """A body that was read already, in the form of urllib3's stream."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: Any, **__: Any) -> Any:
        yield self._body

    def read(self, *_: Any, **__: Any) -> bytes:
        body, self._body = self._body, b""
        return body
