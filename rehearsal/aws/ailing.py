"""The faults of AWS itself, in its own words."""

from __future__ import annotations

from rehearsal.aws.errors import RefusedError, error_answer
from rehearsal.aws.request import parse
from rehearsal.requestlog import Refusal, Request

_THROTTLED = {
    "cloudformation": ("Throttling", 400),
    "ec2": ("RequestLimitExceeded", 503),
    "elasticloadbalancing": ("Throttling", 400),
    "iam": ("Throttling", 400),
    "s3": ("SlowDown", 503),
}
"""How services say "too many requests": none of them by the status 429. All others: ThrottlingException, 400."""


def refuse(status: int, request: Request) -> Refusal:
    """Throttling (for 429) or an error of the service's own (for 500)."""
    asked = parse(*request)
    if status == 429:
        code, status = _THROTTLED.get(asked.service, ("ThrottlingException", 400))
        return error_answer(asked, RefusedError(code, "Rate exceeded", status))
    return error_answer(asked, RefusedError("InternalFailure", "An internal error occurred.", status))
