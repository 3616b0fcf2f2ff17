"""What a container secret's ``valueFrom`` means, as the ECS agent resolves it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from rehearsal.aws.ecs.errors import StartFailureError

_REFERENCE = re.compile(r"(arn:aws:secretsmanager:[^:]+:\d+:secret:[^:]+)(?::([^:]*):([^:]*):([^:]*))?")
_NOT_RETRIEVED = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
    "unable to retrieve secret from asm: "
)


@dataclass(frozen=True)
class SecretReference:
    """``<full ARN>[:json-key:version-stage:version-id]``, empty parts as None."""

    arn: str
    key: str | None
    stage: str | None
    version: str | None

    @staticmethod
    def parse(value_from: str) -> SecretReference:
        """Read a ``valueFrom``. Raises StartFailureError where it names no secret by its ARN."""
        found = _REFERENCE.fullmatch(value_from)
        if found is None:
            raise StartFailureError(
                f"{_NOT_RETRIEVED}unexpected ARN format with parameters when trying to retrieve ASM secret: "
                f"{value_from}"
            )
        return SecretReference(found.group(1), found.group(2) or None, found.group(3) or None, found.group(4) or None)

    def request(self) -> dict[str, str]:
        """GetSecretValue's parameters."""
        given = {"SecretId": self.arn, "VersionStage": self.stage, "VersionId": self.version}
        return {name: value for name, value in given.items() if value}

    def pick(self, secret: str) -> str:
        """What of the secret's text goes into the environment. Raises StartFailureError where the key is missing."""
        if self.key is None:
            return secret
        try:
            values = json.loads(secret)
        except ValueError as error:
            raise StartFailureError(
                f"{_NOT_RETRIEVED}service call has been retried 1 time(s): unable to unmarshal secret value as JSON"
            ) from error
        if not isinstance(values, dict) or self.key not in values:
            raise StartFailureError(
                f"{_NOT_RETRIEVED}service call has been retried 1 time(s): retrieved secret from Secrets Manager did "
                f"not contain json key {self.key}"
            )
        return _as_text(values[self.key])

    def unavailable(self, error: str) -> StartFailureError:
        """The failure where Secrets Manager does not give the secret."""
        return StartFailureError(
            f"{_NOT_RETRIEVED}service call has been retried 1 time(s): failed to fetch secret {self.arn} from secrets "
            f"manager: {error}"
        )


def _as_text(value: Any) -> str:
    """A JSON value as the agent, a Go program, prints it."""
    if isinstance(value, str):
        return value
    return "<nil>" if value is None else json.dumps(value)
