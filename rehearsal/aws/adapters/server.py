"""ministack as a whole: its settings, its ASGI app, its table of services, and the scope of a request."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from rehearsal.aws.adapters.reach import Patches, reach
from rehearsal.requestlog import AsgiApp

Answer = tuple[int, dict[str, str], bytes]
"""Status, headers, body."""
Handler = Callable[[str, str, dict[str, str], bytes, dict[str, list[str]]], Awaitable[Answer]]
"""A ministack service: (method, path, headers with lower-case names, body, query parameters) -> Answer."""

SERVICES_WE_OFFER = frozenset(
    [
        "acm",
        "application-autoscaling",
        "budgets",
        "ce",
        "cloudformation",
        "ec2",
        "ecr",
        "ecs",
        "elasticloadbalancing",
        "iam",
        "kms",
        "logs",
        "memorydb",
        "monitoring",
        "s3",
        "scheduler",
        "secretsmanager",
        "servicequotas",
        "sns",
        "ssm",
        "sts",
        "tagging",
    ]
)


def configure(account: str, region: str, port: int) -> None:
    """Set what ministack reads from the environment (most of it at its import).

    DOCKER_HOST names a socket that does not exist: so ministack knows that there is no daemon, loads no docker SDK and
    looks for no containers on this machine.
    """
    os.environ.update(
        MINISTACK_ACCOUNT_ID=account,
        MINISTACK_REGION=region,
        GATEWAY_PORT=str(port),
        BIND_HOST="127.0.0.1",
        DOCKER_HOST="unix:///nonexistent/docker.sock",
        SFTP_ENABLED="0",
        IOT_MTLS_ENABLED="0",
        MOTO_IAM_LOAD_MANAGED_POLICIES="false",
    )
    os.environ.setdefault("LOG_LEVEL", "ERROR")


def asgi_app() -> AsgiApp:
    """ministack's ASGI app (with its lifespan: it must be served by a server that runs lifespans)."""
    app: AsgiApp = reach("ministack.app", "app")
    return app


def service_handlers() -> dict[str, Handler]:
    """The table service -> handler that every request is dispatched by."""
    handlers: dict[str, Handler] = reach("ministack.app", "SERVICE_HANDLERS")
    return handlers


def add_service(patches: Patches, name: str, target_prefix: str, handler: Handler) -> None:
    """Offer a service that ministack lacks; its requests are known by the prefix of their X-Amz-Target."""
    patches.entry(service_handlers(), name, handler)
    patches.entry(reach("ministack.core.router", "SERVICE_PATTERNS"), name, {"target_prefixes": [target_prefix]})


def wrap_service(patches: Patches, name: str, around: Callable[[Handler], Handler]) -> None:
    """Put a layer around a service's handler, for requests from clients and from other services alike."""
    patches.entry(service_handlers(), name, around(service_handlers()[name]))


def detect_service(method: str, path: str, headers: Mapping[str, str], query: Mapping[str, list[str]]) -> str:
    """Which service a request is for, as ministack routes it."""
    return str(reach("ministack.core.router", "detect_service")(method, path, dict(headers), dict(query)))


def call_from_thread(handler: Handler, *request: Any) -> Answer:
    """Run a service's handler on the server's loop and wait for it; from worker threads only."""
    answer: Answer = reach("ministack.app", "call_service_handler_sync")(handler, *request)
    return answer


def request_scope(account: str, region: str) -> AbstractContextManager[None]:
    """A context in which ministack's tables are those of this account and region."""
    scope: AbstractContextManager[None] = reach("ministack.core.responses", "request_scope")(account, region)
    return scope


def current_account() -> str:
    """The account of the request that is being served."""
    return str(reach("ministack.core.responses", "get_account_id")())


def current_region() -> str:
    """The region of the request that is being served."""
    return str(reach("ministack.core.responses", "get_region")())


def forget_everything() -> None:
    """Empty all tables of all services, as at the start."""
    reach("ministack.app", "_reset_all_state")()
