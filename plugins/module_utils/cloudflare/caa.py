"""CAA records: who may issue certificates for a name (RFC 8659)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

AMAZON = ("amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com")
"""The values that let Amazon issue, see https://docs.aws.amazon.com/acm/latest/userguide/setup-caa.html."""


def others_only(name: str, zone: str, caa: Callable[[str], Sequence[str]]) -> tuple[str, list[str]]:
    """Where CAA records forbid Amazon to issue for a name, and who alone may; ("", []) where they do not. Pure.

    Args:
        name: the name, or a wildcard.
        zone: how far up to look; what stands above it Cloudflare does not know.
        caa: a name -> its CAA records as a zone file has them (``0 issue "amazon.com"``).
    """
    here = name.removeprefix("*.").lower()
    while here == zone.lower() or here.endswith(f".{zone.lower()}"):
        rows = [text.split(maxsplit=2) for text in caa(here)]
        if rows:
            allowed = _allowed(rows, wild=name.startswith("*."))
            return ("", []) if allowed is None or set(allowed) & set(AMAZON) else (here, allowed)
        here = here.partition(".")[2]
    return "", []


def _allowed(rows: list[list[str]], *, wild: bool) -> list[str] | None:
    """Who may issue; None where the records say nothing of that."""
    said = {kind: [_issuer(row[2]) for row in rows if row[1:2] == [kind]] for kind in ("issue", "issuewild")}
    found = (said["issuewild"] if wild else []) or said["issue"]
    return sorted(filter(None, found)) if found else None


def _issuer(value: str) -> str:
    return value.strip().strip('"').partition(";")[0].strip().lower()
