"""moto as a whole: its services answered in this process, and its state."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from rehearsal.aws.adapters import server
from rehearsal.aws.adapters.reach import Patches, reach
from rehearsal.aws.adapters.server import Answer

SERVICES = {
    "ec2": None,
    "elasticloadbalancing": None,
    "acm": "CertificateManager.",
    "memorydb": "AmazonMemoryDB.",
    "application-autoscaling": "AnyScaleFrontendService.",
    "ce": "AWSInsightsIndexService.",
    "servicequotas": "ServiceQuotasV20190624.",
}
"""What moto answers, with the prefix of X-Amz-Target where the protocol has one."""


class Moto:
    """moto's services as ministack handlers. moto is not made for threads, so one call at a time."""

    def __init__(self) -> None:
        os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
        dispatcher = reach("moto.moto_server.werkzeug_app", "DomainDispatcherApplication")
        client = reach("werkzeug.test", "Client")
        self._client = client(dispatcher(reach("moto.moto_server.werkzeug_app", "create_backend_app")))
        self._lock = threading.Lock()

    def install(self, patches: Patches) -> None:
        """Let moto answer its services."""
        for name, prefix in SERVICES.items():
            if name in server.service_handlers():
                patches.entry(server.service_handlers(), name, self.handle)
            else:
                server.add_service(patches, name, str(prefix), self.handle)

    async def handle(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Answer:
        """Answer one request, off the event loop."""
        return await asyncio.to_thread(self.call, method, path, headers, body, query)

    def call(self, method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]) -> Answer:
        """Answer one request, in this thread."""
        passed = {name: value for name, value in headers.items() if name not in ("content-length", "host")}
        passed["x-moto-account-id"] = server.current_account()
        with self._lock:
            answer = self._client.open(
                path, method=method, data=body, headers=passed, query_string=urlencode(dict(query), doseq=True)
            )
            kept = {name: value for name, value in answer.headers.items() if name.lower() != "content-length"}
            return answer.status_code, kept, answer.data


def backend(service: str, account: str, region: str) -> Any:
    """moto's model of a service ("elbv2", "ec2", ...) in an account and region."""
    return reach("moto.backends", "get_backend")(service)[account][region]


def regions_in_use(service: str, account: str) -> list[str]:
    """The regions in which anything ever asked a service of an account."""
    of_account = reach("moto.backends", "get_backend")(service)[account]
    return list(of_account.keys())


def forget_everything() -> None:
    """Empty all of moto's tables."""
    reach("moto.core.base_backend", "BackendDict").reset()
