"""What the rehearsal adds around an emulated service: refusals before it, own answers instead, consequences after."""

from __future__ import annotations

import asyncio
import json
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from rehearsal.aws.adapters import server
from rehearsal.aws.adapters.reach import Patches
from rehearsal.aws.adapters.server import Answer, Handler
from rehearsal.aws.errors import RefusedError, error_answer
from rehearsal.aws.request import AwsRequest, nested, parse

Parameters = dict[str, Any]
"""A request's parameters as the API documents them: nested, lists as lists, values as sent (strings in Query)."""
Check = Callable[[Parameters], None]
"""Raises RefusedError for what AWS refuses; runs on the event loop, so it only looks things up."""
Own = Callable[[Parameters], Parameters | None]
"""An answer of our own, for operations of JSON protocols; None leaves it to the service."""
Consequence = Callable[[AwsRequest], None]
"""What follows from a request that succeeded; runs in a thread, and the answer waits for it."""


_UNKNOWN = re.compile(rb"InvalidAction|UnknownOperation|Unknown (?:\w+ )?action|NotImplemented")
"""How the emulators say that they do not know an operation."""


def not_offered(what: str) -> RefusedError:
    """The loud answer to what the rehearsal lacks: nobody shall take it for an answer of AWS."""
    return RefusedError("NotImplemented", f"The rehearsal's AWS offers no {what}. See rehearsal/aws.", 501)


def say_loudly_what_is_not_offered(patches: Patches) -> None:
    """Let every service answer an operation that its emulator lacks with the same loud error."""
    for name in sorted(server.SERVICES_WE_OFFER):
        server.wrap_service(patches, name, _loud)


def _loud(inner: Handler) -> Handler:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Answer:
        try:
            answer = await inner(method, path, headers, body, query)
        except NotImplementedError:
            answer = 400, {}, b"NotImplemented"
        if answer[0] < 400 or not _UNKNOWN.search(answer[2]):
            return answer
        request = parse(method, path, headers, body)
        return error_answer(request, not_offered(f"operation {request.operation} of {request.service}"))

    return handle


@dataclass
class Service:
    """The additions to one service, by operation."""

    name: str
    checks: dict[str, list[Check]] = field(default_factory=lambda: defaultdict(list))
    gates: dict[str, list[Check]] = field(default_factory=lambda: defaultdict(list))
    """Checks that take their time: they run in a thread."""
    own: dict[str, Own] = field(default_factory=dict)
    consequences: list[Consequence] = field(default_factory=list)

    def refuses(self, *operations: str) -> Callable[[Check], Check]:
        """Decorator: run this check before these operations."""

        def register(check: Check) -> Check:
            for operation in operations:
                self.checks[operation].append(check)
            return check

        return register

    def install(self, patches: Patches) -> None:
        """Put the additions around the service's handler."""
        server.wrap_service(patches, self.name, self._around)

    def _around(self, inner: Handler) -> Handler:
        async def handle(
            method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
        ) -> Answer:
            whole = path + (f"?{urlencode(query, doseq=True)}" if query else "")
            request = parse(method, whole, headers, body)
            try:
                flat = request.protocol == "query"
                parameters = nested(request.parameters) if flat else dict(request.parameters)
                for check in self.checks.get(request.operation, ()):
                    check(parameters)
                for gate in self.gates.get(request.operation, ()):
                    await asyncio.to_thread(gate, parameters)
                own = self.own.get(request.operation)
                if own and (told := own(parameters)) is not None:
                    return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(told).encode()
            except RefusedError as refusal:
                return error_answer(request, refusal)
            answer = await inner(method, path, headers, body, query)
            if answer[0] < 300 and request.kind != "read":
                for consequence in self.consequences:
                    await asyncio.to_thread(consequence, request)
            return answer

        return handle
