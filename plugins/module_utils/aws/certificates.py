"""ACM's certificates (https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws import session
from ansible_collections.offramp.ecs.plugins.module_utils.aws.fault import spoken
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door

OWNER = "offramp-certificate"
"""The tag of a certificate that we requested; its value says for which app."""
PENDING = "PENDING_VALIDATION"
_KEYS = [
    "RSA_1024",
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "EC_prime256v1",
    "EC_secp384r1",
    "EC_secp521r1",
]
"""All kinds of keys: ListCertificates tells of the first two only, unless asked."""
_A_DAY = 86_400


@dataclass(frozen=True)
class Record:
    """A DNS record that ACM wants to see, without the dots at the ends of names."""

    name: str
    value: str


@dataclass(frozen=True)
class Certificate:
    """A certificate as ACM tells it.

    Attributes:
        days: days until its end, rounded down; 0 where it is not issued.
        kind: AMAZON_ISSUED, IMPORTED or PRIVATE.
        renewable: whether ACM will renew it: one of its own, in use, whose validation records stay.
        reason: why a request failed.
        owner: the app that we requested it for; "" where it is not ours.
        records: the validation record of each of its names, as far as ACM tells them yet.
    """

    arn: str
    status: str
    names: tuple[str, ...]
    days: int
    kind: str = ""
    renewable: bool = False
    reason: str = ""
    owner: str = ""
    records: Mapping[str, Record] = field(default_factory=dict)


def serves(name: str, hostname: str) -> bool:
    """Whether a certificate's name covers a hostname; a wildcard stands for exactly one label (RFC 6125, 6.4.3)."""
    name, hostname = name.lower(), hostname.lower()
    return name == hostname or (name.startswith("*.") and hostname.partition(".")[2] == name[2:])


def covers(names: Iterable[str], wanted: Iterable[str]) -> bool:
    """Whether a certificate of these names serves all the wanted ones."""
    have = list(names)
    return all(any(serves(name, hostname) for name in have) for hostname in wanted)


def certificate_of(told: Mapping[str, Any], owner: str = "") -> Certificate:
    """A certificate from DescribeCertificate."""
    ends = told.get("NotAfter")
    options = [option for option in told.get("DomainValidationOptions", []) if option.get("ResourceRecord")]
    return Certificate(
        arn=told["CertificateArn"],
        status=told["Status"],
        names=tuple(told.get("SubjectAlternativeNames") or [told["DomainName"]]),
        days=int((ends.timestamp() - time.time()) // _A_DAY) if ends else 0,
        kind=told.get("Type", ""),
        renewable=told.get("RenewalEligibility") == "ELIGIBLE",
        reason=told.get("FailureReason", ""),
        owner=owner,
        records={option["DomainName"]: _record(option["ResourceRecord"]) for option in options},
    )


def token_of(names: Collection[str], earlier: Iterable[str]) -> str:
    """The token by which ACM knows a repeated request: of the names, and of what was requested for them before."""
    return hashlib.sha256(" ".join([*names, "", *sorted(earlier)]).encode()).hexdigest()[:32]


class Certificates:
    """Reads and requests certificates of a region."""

    def __init__(self, region: str, door: Door) -> None:
        self._acm = session.client("acm", region=region, door=door)

    def describe(self, arn: str) -> Certificate:
        """A certificate with its owner.

        Raises:
            Missing: there is no such certificate.
        """
        with spoken(f"certificate {arn}"):
            told = self._acm.describe_certificate(CertificateArn=arn)["Certificate"]
            return certificate_of(told, self._tags(arn).get(OWNER, ""))

    def serving(self, hostname: str) -> list[str]:
        """The ARNs of all certificates, in whatever state, of which a name covers a hostname."""
        with spoken(f"certificates of {hostname}"):
            pages = self._acm.get_paginator("list_certificates").paginate(Includes={"keyTypes": _KEYS})
            rows = [row for page in pages for row in page["CertificateSummaryList"]]
        return [row["CertificateArn"] for row in rows if covers(_names(row), [hostname])]

    def tagged(self, tags: Mapping[str, str]) -> list[str]:
        """The ARNs of the issued certificates that have all these tags."""
        with spoken("certificates by their tags"):
            pages = self._acm.get_paginator("list_certificates").paginate(
                CertificateStatuses=["ISSUED"], Includes={"keyTypes": _KEYS}
            )
            arns = [row["CertificateArn"] for page in pages for row in page["CertificateSummaryList"]]
            return [arn for arn in arns if tags.items() <= self._tags(arn).items()]

    def request(self, names: tuple[str, ...], token: str, tags: Mapping[str, str]) -> str:
        """Request a certificate that is validated by DNS; its ARN."""
        first, *others = names
        also = {"SubjectAlternativeNames": others} if others else {}
        with spoken(f"certificate of {first}"):
            made = self._acm.request_certificate(
                DomainName=first,
                ValidationMethod="DNS",
                IdempotencyToken=token,
                Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
                **also,
            )
        return str(made["CertificateArn"])

    def _tags(self, arn: str) -> dict[str, str]:
        told = self._acm.list_tags_for_certificate(CertificateArn=arn).get("Tags", [])
        return {tag["Key"]: tag.get("Value", "") for tag in told}


def _names(row: Mapping[str, Any]) -> list[str]:
    return [row["DomainName"], *row.get("SubjectAlternativeNameSummaries", [])]


def _record(told: Mapping[str, str]) -> Record:
    return Record(told["Name"].rstrip(".").lower(), told["Value"].rstrip(".").lower())
