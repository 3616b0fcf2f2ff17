"""What Cloudflare says when it says no, as our errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import cloudflare

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import (
    Denied,
    Missing,
    OfframpError,
    Refused,
    Throttled,
    Unreachable,
)

# Cloudflare answers a token of the wrong form with 400: 6003 "Invalid request headers", 6111 "Invalid format ..."
_MALFORMED_TOKEN = frozenset({6003, 6111})


@contextmanager
def spoken(target: str, scope: str = "") -> Iterator[None]:
    """Turn the SDK's exceptions into ours, about ``target`` ("load balancer api.bond.example").

    Args:
        target: what the request is about.
        scope: the permission that the token needs for it ("Load Balancing: Edit on zone bond.example").

    Raises:
        OfframpError: the member of the tree that fits.
    """
    try:
        yield
    except cloudflare.APIStatusError as error:
        raise _of_answer(error, target, scope) from error
    except cloudflare.APIConnectionError as error:
        if isinstance(error.__cause__, OfframpError):  # the SDK wraps whatever its transport raises
            raise error.__cause__ from None
        raise _cut_off(error, target) from error
    except cloudflare.APIError as error:
        raise _cut_off(error, target) from error


def _of_answer(error: cloudflare.APIStatusError, target: str, scope: str) -> OfframpError:
    status, said = error.status_code, _said(error)
    call = f"{error.request.method} {error.request.url.path}"
    if status in (401, 403) or _codes(error) & _MALFORMED_TOKEN:
        need = f"needs {scope}" if scope else "may do that"
        hint = f"Check CLOUDFLARE_API_TOKEN, and that the token {need}."
        return Denied(f"Cloudflare refused {target} ({status}: {said}).", target=target, hint=hint)
    if status == 404:
        return Missing(f"Cloudflare has no {target} (404: {said}).", target=target)
    if status == 429:
        hint = "Run again in five minutes."
        return Throttled(f"Cloudflare throttled {call} on {target}: {said}.", target=target, hint=hint)
    if status >= 500:
        hint = "Look at https://www.cloudflarestatus.com, then run again."
        return Unreachable(f"Cloudflare failed at {call} on {target} ({status}: {said}).", target=target, hint=hint)
    hint = {
        409: "Something else writes to it: wait until it has ended, then run again.",
        412: "Something else still uses it, or it changed meanwhile: look at it, then run again.",
    }.get(status, "")
    return Refused(f"Cloudflare refused {call} on {target} ({status}: {said}).", target=target, hint=hint)


def _said(error: cloudflare.APIStatusError) -> str:
    """Cloudflare's own words: "pool is in use (1005)"."""
    words = [f"{str(part.get('message', '')).strip().rstrip('.')} ({part.get('code')})" for part in _parts(error)]
    return "; ".join(words) or "no reason given"


def _codes(error: cloudflare.APIStatusError) -> set[Any]:
    return {part.get("code") for part in _parts(error)}


def _parts(error: cloudflare.APIStatusError) -> list[dict[str, Any]]:
    body = error.body if isinstance(error.body, dict) else {}
    return [part for part in body.get("errors") or [] if isinstance(part, dict)]


def _cut_off(error: cloudflare.APIError, target: str) -> Unreachable:
    return Unreachable(
        f"Cloudflare does not answer for {target} ({type(error).__name__}).",
        target=target,
        hint="Check the network and CLOUDFLARE_BASE_URL, then run again.",
    )
