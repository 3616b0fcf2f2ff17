"""ministack's Secrets Manager, read where the refusals need it."""

from __future__ import annotations

from typing import Any

from rehearsal.aws.adapters.reach import reach

_SECRETS = "ministack.services.secretsmanager"


def find(secret_id: str) -> dict[str, Any] | None:
    """A secret of the current account and region by name, ARN or partial ARN (its "Versions" by id), or None."""
    found: dict[str, Any] | None = reach(_SECRETS, "_resolve")(secret_id)[1]
    return found


reach(_SECRETS, "_resolve")
