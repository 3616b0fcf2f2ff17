"""ARNs and ids as ECS makes them."""

from __future__ import annotations

import base64
import secrets
import uuid
from dataclasses import dataclass


@dataclass(frozen=True)
class Naming:
    """The names of things in one account and region."""

    account: str
    region: str

    def arn(self, kind: str, *path: str) -> str:
        """``arn:aws:ecs:REGION:ACCOUNT:kind/path/...``."""
        return f"arn:aws:ecs:{self.region}:{self.account}:{'/'.join((kind, *path))}"

    @property
    def caller(self) -> str:
        """Who registers and creates things: the stand-in does not verify who signs."""
        return f"arn:aws:iam::{self.account}:root"


def task_id() -> str:
    """32 hexadecimal digits."""
    return uuid.uuid4().hex


def deployment_number() -> str:
    """19 digits: the number of a service revision, and of the deployment ``ecs-svc/<number>`` that brings it."""
    return str(10**18 + secrets.randbelow(9 * 10**18))


def service_deployment_id() -> str:
    """21 URL-safe characters."""
    return base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")[:21]


def interface_id() -> str:
    """An elastic network interface's id."""
    return f"eni-0{secrets.token_hex(8)}"


def last_part(reference: str) -> str:
    """The name in a name or ARN."""
    return reference.rsplit("/", 1)[-1]


def real_platform(version: str | None) -> str:
    """The Fargate platform version that "LATEST" stands for."""
    return "1.4.0" if version in (None, "LATEST") else version
