"""What Heroku says when it says no, as our errors (https://devcenter.heroku.com/articles/platform-api-reference#errors)."""

from __future__ import annotations

from typing import Any, Optional

import httpx

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import (
    Denied,
    Missing,
    OfframpError,
    Refused,
    Throttled,
    Unreachable,
)

_LONGEST_QUOTE = 300


def of_answer(answer: httpx.Response, target: str) -> OfframpError:
    """The member of our tree for an answer that is not 2xx, about ``target`` ("Heroku app bond-server")."""
    status, said = answer.status_code, _quoted(answer)
    line = f"{answer.request.method} {answer.request.url.path}"
    error = _known(status, said, target, line)
    if error is not None:
        return error
    if status == 429:
        left = answer.headers.get("RateLimit-Remaining", "?")
        return Throttled(
            f"Heroku throttled {line}: its hourly limit of calls is used up ({left} left).",
            target=target,
            hint="It refills by about 75 calls a minute: run again in some minutes.",
        )
    if 400 <= status < 500:
        return Refused(f"Heroku refused {line} on {target} ({status}{said}).", target=target)
    return Unreachable(
        f"Heroku at {answer.request.url.scheme}://{answer.request.url.netloc.decode()} answered {line} with {status}.",
        target=target,
        hint="Look at https://status.heroku.com and at HEROKU_API_URL, then run again.",
    )


def _known(status: int, said: str, target: str, line: str) -> Optional[OfframpError]:
    if status == 401:
        return Denied(
            f"Heroku does not accept the token (401 for {target}).",
            target=target,
            hint="Set HEROKU_API_KEY to a valid token: heroku authorizations:create makes one.",
        )
    if status == 402:
        return Refused(
            f"Heroku refused {line} on {target} until the account has a payment method or pays (402{said}).",
            target=target,
            hint="Settle it in Heroku's dashboard (account, billing), then run again.",
        )
    if status == 403:
        return Denied(
            f"Heroku's token may not do {line} (403{said}).",
            target=target,
            hint="Use a token of a collaborator of the app, with the scopes read-protected and write-protected.",
        )
    if status == 404:
        return Missing(
            f"Heroku has no {_bare(target)} (404{said}).",
            target=target,
            hint="Check the name, and that the token's account can see it: heroku apps --all lists what it sees.",
        )
    if status == 406:
        return Refused(
            f"Heroku does not offer version 3 of its API for {line} (406{said}).",
            target=target,
            hint="Check that HEROKU_API_URL is the address of Heroku's Platform API.",
        )
    if status == 422:
        return Refused(f"Heroku found {line} invalid for {target} (422{said}).", target=target)
    return None


def _bare(target: str) -> str:
    return target[len("Heroku ") :] if target.startswith("Heroku ") else target


def _quoted(answer: httpx.Response) -> str:
    """Heroku's own message, led by a colon; nothing where configuration values could be in it."""
    if "/config-vars" in answer.request.url.path:
        return ""
    try:
        body: Any = answer.json()
    except ValueError:
        return ""
    message = body.get("message") if isinstance(body, dict) else None
    return f": {str(message).strip()[:_LONGEST_QUOTE].rstrip('.')}" if message else ""
