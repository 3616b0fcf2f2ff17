"""moto's certificates, made to be issued as ACM's are: by the validation records that are in the DNS."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rehearsal.aws.adapters import server
from rehearsal.aws.adapters.moto_server import backend
from rehearsal.aws.adapters.reach import Patches, reach

ALGORITHM = "EC_prime256v1"
TOLD_AFTER_S = 0.3
"""How long a new certificate does not tell its validation records yet."""
PENDING = "PENDING_VALIDATION"
_MODELS = "moto.acm.models"
_ONLY_ISSUED = ("Issuer", "NotAfter", "NotBefore", "Serial", "IssuedAt", "SignatureAlgorithm")

Decide = Callable[[list[str], dict[str, str]], tuple[str, str]]
"""(names, record name -> value) -> (status, reason of a failure) of a certificate that waits for its validation."""
Make = Callable[[list[str]], Path]
"""Names -> a PEM file with key, certificate and chain."""


def issue_by(patches: Patches, decide: Decide, make: Make) -> None:
    """Let a requested certificate be ``make``'s, and be issued or fail when ``decide`` says so."""
    bundle = reach(_MODELS, "CertBundle")

    def generate(domain_name: str, account_id: str, region: str, sans: list[str] | None = None, **_: Any) -> Any:
        names = list(dict.fromkeys([domain_name, *(sans or [])]))
        made = _bundle(account_id, region, make(names), PENDING)
        made.sans, made.common_name, made.told_from = names, domain_name, time.time() + TOLD_AFTER_S
        return made

    def check(self: Any) -> None:
        if self.status == PENDING and self.told_from <= time.time():
            self.status, self.failure = decide(self.sans, _records(self))
        elif self.status == "ISSUED":
            before_check(self)

    def describe(self: Any) -> dict[str, Any]:
        told: dict[str, Any] = before_describe(self)
        return {"Certificate": _completed(self, told["Certificate"])}

    patches.member(bundle, "generate_cert", staticmethod(generate))
    before_check = patches.member(bundle, "check", check)
    before_describe = patches.member(bundle, "describe", describe)


def put_issued(account: str, region: str, pem: Path) -> str:
    """Put a certificate (key, certificate, chain) into ACM as one that Amazon issued. Returns its ARN."""
    made = _bundle(account, region, pem, "ISSUED")
    backend("acm", account, region)._certificates[made.arn] = made
    return str(made.arn)


def pem(account: str, arn: str) -> bytes | None:
    """Key, certificate and chain of a certificate in ACM, or None where there is none that is issued."""
    region = arn.split(":")[3]
    found = backend("acm", account, region)._certificates.get(arn)
    if found is None or found.status != "ISSUED":
        return None
    chain = bytes(found.chain).replace(reach(_MODELS, "AWS_ROOT_CA"), b"")  # moto adds that to every chain
    return b"\n".join((bytes(found.key), bytes(found.cert), chain))


def _bundle(account: str, region: str, path: Path, status: str) -> Any:
    key, certificate, *chain = _blocks(path.read_bytes())
    return reach(_MODELS, "CertBundle")(
        account,
        certificate,
        key,
        chain=b"".join(chain) or None,
        region=region,
        cert_type="AMAZON_ISSUED",
        cert_status=status,
    )


def _records(found: Any) -> dict[str, str]:
    return {name: value for each in found.sans for name, value in [_record(each)]}


def _record(domain: str) -> tuple[str, str]:
    """Name and value of a domain's validation record: the same for all certificates of an account, as ACM's are."""
    bare = domain.removeprefix("*.")
    mark = hashlib.sha256(f"{server.current_account()} {bare}".encode()).hexdigest()
    return f"_{mark[:32]}.{bare}.", f"_{mark[32:64]}.rehearsal.acm-validations.aws."


def _completed(found: Any, told: dict[str, Any]) -> dict[str, Any]:
    """What DescribeCertificate and the lists tell, with the validation as it is."""
    pending = found.status != "ISSUED"
    kept = {name: value for name, value in told.items() if not (pending and name in _ONLY_ISSUED)}
    kept |= {"SubjectAlternativeNames": found.sans, "SubjectAlternativeNameSummaries": found.sans}
    kept |= {"HasAdditionalSubjectAlternativeNames": False, "RenewalEligibility": _eligibility(found)}
    if getattr(found, "failure", ""):
        kept["FailureReason"] = found.failure
    if found.type == "AMAZON_ISSUED":
        kept["DomainValidationOptions"] = [_option(found, name) for name in found.sans]
    return kept


def _eligibility(found: Any) -> str:
    return "ELIGIBLE" if found.type == "AMAZON_ISSUED" and found.in_use_by else "INELIGIBLE"


def _option(found: Any, domain: str) -> dict[str, Any]:
    status = {"ISSUED": "SUCCESS"}.get(found.status, found.status)
    told = {"DomainName": domain, "ValidationDomain": domain, "ValidationMethod": "DNS", "ValidationStatus": status}
    if getattr(found, "told_from", 0) > time.time():
        return told
    name, value = _record(domain)
    return {**told, "ResourceRecord": {"Name": name, "Type": "CNAME", "Value": value}}


def _blocks(content: bytes) -> list[bytes]:
    end = b"-----END"
    parts = content.split(b"-----BEGIN")[1:]
    assert all(end in part for part in parts), "not a PEM file"
    return [b"-----BEGIN" + part for part in parts]


for _name in ("generate_cert", "check", "describe"):
    reach(_MODELS, "CertBundle", _name)
