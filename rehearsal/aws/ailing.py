"""The faults of AWS itself, in its own words."""

from __future__ import annotations

from rehearsal.aws.errors import RefusedError, error_answer
from rehearsal.aws.request import AwsRequest, parse
from rehearsal.requestlog import Refusal, Request

_THROTTLED = {
    "cloudformation": ("Throttling", 400),
    "ec2": ("RequestLimitExceeded", 503),
    "elasticloadbalancing": ("Throttling", 400),
    "iam": ("Throttling", 400),
    "s3": ("SlowDown", 503),
}
"""How services say "too many requests": none of them by the status 429. All others: ThrottlingException, 400."""
_PREFIXES = {"monitoring": "cloudwatch"}
"""How IAM calls services whose requests are signed for another name."""


def refuse(status: int, request: Request) -> Refusal:
    """No right to it (for 403), throttling (for 429) or an error of the service's own (for 500)."""
    asked = parse(*request)
    if status == 403:
        return error_answer(asked, _denied(asked))
    if status == 429:
        code, status = _THROTTLED.get(asked.service, ("ThrottlingException", 400))
        return error_answer(asked, RefusedError(code, "Rate exceeded", status))
    return error_answer(asked, RefusedError("InternalFailure", "An internal error occurred.", status))


def _denied(asked: AwsRequest) -> RefusedError:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html"""
    if asked.service == "ec2":
        return RefusedError("UnauthorizedOperation", "You are not authorized to perform this operation.", 403)
    action = f"{_PREFIXES.get(asked.service, asked.service)}:{asked.operation}"
    said = (
        f"User: arn:aws:iam::123456789012:user/rehearsal is not authorized to perform: {action} because no "
        f"identity-based policy allows the {action} action"
    )
    code, status = ("AccessDeniedException", 400) if asked.protocol == "json" else ("AccessDenied", 403)
    return RefusedError(code, said, status)
