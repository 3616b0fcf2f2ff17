"""Whether an origin answers as a content network will ask it, from what came of one request. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ansible_collections.offramp.ecs.plugins.module_utils.engine.origin import Answer, Origin

Verdict = Literal["good", "doubt", "fault", "unchecked"]

_SOON_S = 14 * 86_400
_STRICT = "Full (strict)"


@dataclass(frozen=True)
class Finding:
    """What is to be said of an origin: ``fault`` is what visitors would meet, ``doubt`` is worth a word."""

    verdict: Verdict
    told: str
    hint: str = ""


def judge(origin: Origin, path: str, codes: str, answer: Answer, now: float) -> Finding:
    """Judge one answer.

    Args:
        origin: which was asked.
        path: for which path.
        codes: statuses of a good answer ("200", "2xx", "200,302").
        answer: what came.
        now: in seconds of the epoch.
    """
    who, asked = f"Origin {origin.name} ({origin.address})", f"https://{origin.host}{path}"
    if answer.trouble:
        return _of_trouble(who, origin, answer)
    if expected(answer.status, codes):
        left = answer.expires - now
        if answer.expires and left < _SOON_S:
            told = f"{who} answers {asked} as it should, and its certificate ends in {max(0, left) / 86_400:.0f} days"
            return Finding("doubt", told, "See that it is renewed before the ramp ends.")
        return Finding("good", f"{who} answers {asked} with {answer.status}, by a certificate for that name")
    if answer.location:
        loop = " itself, without end" if answer.location.rstrip("/") == asked.rstrip("/") else f" {answer.location}"
        told = f"{who} redirects {asked} to{loop} ({answer.status})"
        hint = f"Let it answer HTTPS under the name {origin.host}, and choose a path that answers {codes}."
        return Finding("fault", told, hint)
    told = f"{who} answers {asked} with {answer.status}, and not {codes}"
    return Finding("fault", told, f"See that it serves the name {origin.host}, or choose another shift_health_path.")


def _of_trouble(who: str, origin: Origin, answer: Answer) -> Finding:
    if answer.trouble == "no address":
        return Finding("fault", f"{who} has no address in DNS ({answer.why})", "Correct the address of the pool.")
    if answer.trouble == "no route":
        told = f"{who} cannot be reached from here ({answer.why}), as where only Cloudflare is let in"
        return Finding("unchecked", told, "Cloudflare's monitor checks it in its place.")
    if answer.trouble == "certificate":
        told = f"{who} shows a certificate that is not valid for {origin.host} ({answer.why})"
        hint = f"Cloudflare's mode {_STRICT} refuses it (526): give the origin a certificate for {origin.host}."
        return Finding("fault", told, hint)
    if answer.trouble == "tls":
        hint = f"Cloudflare answers visitors with 525 then: see that it speaks TLS under the name {origin.host}."
        return Finding("fault", f"{who} does not speak TLS as {origin.host} ({answer.why})", hint)
    return Finding("fault", f"{who} cut the connection off ({answer.why})", "See why, then run again.")


def expected(status: int, codes: str) -> bool:
    """Whether a status is one of "200", "2xx" or "200,302"."""
    wanted = [code.strip().lower() for code in codes.split(",")]
    return any(str(status) == code or (code.endswith("xx") and code[:1] == str(status)[:1]) for code in wanted)
