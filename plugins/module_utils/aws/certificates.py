"""ACM's certificates (https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import session
from ansible_collections.offramp.ecs.plugins.module_utils.aws.fault import spoken
from ansible_collections.offramp.ecs.plugins.module_utils.aws.tagged import Tags, tags_of, the_one
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput, Verdict

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
_LONGEST = 64
"""Characters of a certificate's first name, which is its common name."""
_SOON = 45
"""Days before the end when AWS itself begins to warn."""


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


@dataclass(frozen=True)
class Given:
    """A certificate that is given, by its ARN, else by its tags, and what it must do.

    Attributes:
        names: what it must serve.
        least_days: how long it must still be in force.
    """

    arn: str
    tags: Mapping[str, str]
    names: tuple[str, ...]
    least_days: int


def given_of(arn: str, tags: Mapping[str, Any], names: tuple[str, ...], least_days: int, region: str) -> Given:
    """A certificate that is given; it must be of the region, as its ARN tells.

    Raises:
        BadInput: it is none, or of another region.
    """
    parts = arn.split(":")
    if arn and (parts[2:3] != ["acm"] or len(parts) != 6):
        raise BadInput(f"{arn!r} is not the ARN of an ACM certificate.", target="certificate", hint="Correct it.")
    if arn and parts[3] != region:
        raise BadInput(
            f"The certificate {arn} is of {parts[3]}, and a load balancer in {region} cannot use it.",
            target=f"certificate {arn}",
            hint=f"Request one in {region}.",
        )
    return Given(arn, tags_of(tags), names, least_days)


def fault_of(have: Certificate, given: Given) -> str:
    """What is wrong with a certificate that is given, as the end of a sentence; "" when nothing is. Pure."""
    if have.status != "ISSUED":
        return f"is not issued, but {have.status}"
    unserved = [wanted for wanted in given.names if not covers(have.names, [wanted])]
    if unserved:
        return f"is for {', '.join(have.names)}, not for {', '.join(unserved)}"
    if have.days < given.least_days:
        return f"ends in {have.days} days"
    return ""


def choose(
    found: Iterable[Certificate], names: Collection[str], least_days: int, owner: str, asked: str
) -> Optional[Certificate]:
    """The certificate to use: the one this run asked for, else a good one, else a request of ours that waits. Pure.

    Args:
        found: those that serve the first name.
        names: what it must serve.
        least_days: how long it must still be in force.
        owner: the app that it is for: its own are preferred, then those that ACM renews.
        asked: ARN of what this run waits for; "" for none.
    """
    fitting = [one for one in found if one.arn == asked or covers(one.names, names)]
    good = [one for one in fitting if one.status == "ISSUED" and one.days >= least_days]
    pending = [one for one in fitting if one.status == PENDING and one.owner == owner]
    waited_for = [one for one in fitting if one.arn == asked]
    best = sorted(good, key=lambda one: (one.owner == owner, one.kind == "AMAZON_ISSUED", one.days, one.arn))
    return next(iter([*waited_for, *reversed(best), *pending]), None)


def by_bare_name(records: Mapping[str, Record]) -> dict[str, Record]:
    """Validation records by name; a wildcard has that of the name below its star."""
    return {bare(name): record for name, record in records.items()}


def bare(name: str) -> str:
    """A name without the star of a wildcard."""
    return name.removeprefix("*.")


def told_of(one: Certificate) -> dict[str, Any]:
    """What playbooks may know of a certificate."""
    return {
        "arn": one.arn,
        "names": list(one.names),
        "status": one.status,
        "days": one.days,
        "renewable": one.renewable,
    }


def left_behind(old: Certificate) -> str:
    """A sentence about a certificate of ours that is not used (any more)."""
    why = old.reason or (f"ends in {old.days} days" if old.status == "ISSUED" else old.status)
    return f"ACM certificate {old.arn} ({', '.join(old.names)}; {why}) is left: delete it when nothing uses it"


def unrenewed(one: Certificate) -> list[str]:
    """A sentence about a certificate that will end, if it will."""
    if one.status != "ISSUED" or one.days >= _SOON or one.renewable:
        return []
    return [f"ACM certificate {one.arn} ends in {one.days} days, and ACM says that it will not renew it"]


def not_issued(one: Certificate) -> Verdict:
    """The failure of a request."""
    why = " ".join(filter(None, [one.status, one.reason]))
    return Verdict(
        f"ACM did not issue the certificate of {', '.join(one.names)}: {why}.",
        target=f"certificate {one.arn}",
        hint="Look at the certificate in ACM; the next run requests another.",
    )


def refuse_too_long(hostname: str) -> None:
    """Refuse a hostname that cannot be a certificate's first name.

    Raises:
        BadInput: it is too long.
    """
    if len(hostname) > _LONGEST:
        raise BadInput(
            f"The hostname {hostname} has {len(hostname)} characters; ACM takes {_LONGEST} as a certificate's first.",
            target=f"certificate of {hostname}",
            hint="Request the certificate by hand with a shorter first name, and give its ARN.",
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

    def given(self, given: Given) -> Certificate:
        """The certificate that is given, checked.

        Raises:
            BadInput: it cannot serve, or its tags do not name exactly one.
            Missing: there is none of this ARN.
        """
        have = self.describe(given.arn or self._tagged(given.tags))
        wrong = fault_of(have, given)
        if wrong:
            raise BadInput(
                f"The certificate {have.arn} {wrong}.",
                target=f"certificate {have.arn}",
                hint=f"Give an issued certificate for {', '.join(given.names)}, or none, so that one is requested.",
            )
        return have

    def serving(self, hostname: str) -> list[str]:
        """The ARNs of all certificates, in whatever state, of which a name covers a hostname."""
        with spoken(f"certificates of {hostname}"):
            pages = self._acm.get_paginator("list_certificates").paginate(Includes={"keyTypes": _KEYS})
            rows = [row for page in pages for row in page["CertificateSummaryList"]]
        return [row["CertificateArn"] for row in rows if covers(_names(row), [hostname])]

    def _tagged(self, tags: Tags) -> str:
        with spoken("certificates by their tags"):
            pages = self._acm.get_paginator("list_certificates").paginate(
                CertificateStatuses=["ISSUED"], Includes={"keyTypes": _KEYS}
            )
            arns = [row["CertificateArn"] for page in pages for row in page["CertificateSummaryList"]]
            found = [arn for arn in arns if tags.items() <= self._tags(arn).items()]
        return the_one(found, tags, kind="issued certificates", one="certificate", by="ARN")

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
