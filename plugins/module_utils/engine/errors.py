"""The one tree of errors. Each says what failed, on which thing, and what to do; a traceback is a bug."""

from __future__ import annotations

from typing import Any


class OfframpError(Exception):
    """Something that a person can act on.

    Args:
        msg: one sentence, what failed and where.
        target: the thing it failed on, in the vendor's terms ("Heroku app bond-server").
        hint: one sentence, what to do.
        details: more evidence for the result (reasons, events, log lines); never a secret value.
    """

    kind = "error"

    def __init__(self, msg: str, *, target: str = "", hint: str = "", details: dict[str, Any] | None = None) -> None:
        super().__init__(msg)
        self.msg = msg
        self.target = target
        self.hint = hint
        self.details = details or {}

    def sentence(self) -> str:
        """What a person reads: the failure and what to do about it."""
        return f"{self.msg} {self.hint}".strip()


class BadInput(OfframpError):
    """The arguments cannot be meant; nothing was written."""

    kind = "bad_input"


class Missing(OfframpError):
    """The vendor has no such thing."""

    kind = "missing"


class Denied(OfframpError):
    """The vendor does not let this token or role do that (401, 403, AccessDenied)."""

    kind = "denied"


class Refused(OfframpError):
    """The vendor understood the request and said no (validation, quota, conflict)."""

    kind = "refused"


class Throttled(OfframpError):
    """Too many calls, still after the retries."""

    kind = "throttled"


class Unreachable(OfframpError):
    """The endpoint does not answer, or answers what it never should (cut off, 5xx, not JSON)."""

    kind = "unreachable"


class Deadline(OfframpError):
    """What we waited for did not come in time."""

    kind = "deadline"


class Verdict(OfframpError):
    """The thing was judged and found bad (a failed rollout, a failed stack, unhealthy traffic)."""

    kind = "verdict"


class LeftOver(OfframpError):
    """After all changes were applied, observing again still showed differences."""

    kind = "left_over"


class DoorShut(OfframpError):
    """A write was tried while the door was shut, or after the run that ordered it had died. Always a bug of ours."""

    kind = "door_shut"
