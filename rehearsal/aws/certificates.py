"""ACM: certificates are issued when their validation records are in the DNS, and what AWS refuses and moto accepts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rehearsal.aws.adapters.moto_certificates import PENDING
from rehearsal.aws.errors import RefusedError
from rehearsal.aws.service import Parameters, Service, not_offered

_DOMAIN = re.compile(r"(\*\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])")
_TOKEN = re.compile(r"\w{1,32}")
_AMAZON = ("amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com")
"""https://docs.aws.amazon.com/acm/latest/userguide/setup-caa.html"""


@dataclass(frozen=True)
class Dns:
    """What a resolver finds: ``cname`` a name's CNAME ("" for none), ``caa`` the CAA records at a name, as text."""

    cname: Callable[[str], str]
    caa: Callable[[str], list[str]]


NOWHERE = Dns(lambda _: "", lambda _: [])
"""A DNS without records: no certificate that was asked for is ever issued."""


def service() -> Service:
    """The service with its refusals."""
    acm = Service("acm")
    acm.refuses("RequestCertificate")(_request_is_sound)
    return acm


def decide(dns: Dns, names: list[str], records: dict[str, str]) -> tuple[str, str]:
    """The status of a certificate that waits for its validation, and the reason where that is a failure."""
    if any(not amazon_may_issue(name, dns) for name in names):
        return "FAILED", "CAA_ERROR"
    there = all(dns.cname(_plain(name)) == _plain(value) for name, value in records.items())
    return ("ISSUED" if there else PENDING), ""


def amazon_may_issue(name: str, dns: Dns) -> bool:
    """Whether the CAA records nearest to a name let Amazon issue for it (RFC 8659)."""
    labels = name.removeprefix("*.").split(".")
    for start in range(len(labels)):
        found = [text.split(maxsplit=2) for text in dns.caa(".".join(labels[start:]))]
        if not found:
            continue
        kind = "issuewild" if name.startswith("*.") and _values(found, "issuewild") else "issue"
        wanted = _values(found, kind)
        return not wanted or any(value in _AMAZON for value in wanted)
    return True


def _values(rows: Iterable[list[str]], kind: str) -> list[str]:
    return [row[2].strip('"').partition(";")[0].strip() for row in rows if row[1] == kind]


def _plain(name: str) -> str:
    return name.rstrip(".").lower()


def _request_is_sound(parameters: Parameters) -> None:
    if parameters.get("ValidationMethod") != "DNS":
        raise not_offered("certificates that are validated by e-mail")
    token = parameters.get("IdempotencyToken")
    if token is not None and not _TOKEN.fullmatch(token):
        raise _invalid(f"Value '{token}' at 'idempotencyToken' failed to satisfy constraint: \\w+")
    for name in (parameters["DomainName"], *parameters.get("SubjectAlternativeNames", [])):
        if not _DOMAIN.fullmatch(name):
            raise _invalid(f"Value '{name}' at 'domainName' failed to satisfy constraint: not a domain name")


def _invalid(message: str) -> RefusedError:
    return RefusedError("ValidationException", f"1 validation error detected: {message}")
