#!/usr/bin/python
"""An issued ACM certificate for an app's hostname, validated through Cloudflare."""

from __future__ import annotations

DOCUMENTATION = """
module: acm_certificate
short_description: Have an issued ACM certificate for a hostname
description:
  - Looks for an issued certificate of the region that serves the hostname and its alternative names, whoever made it,
    and uses it as it is. Where there is none, one is requested, its DNS validation records are written at Cloudflare
    (not proxied), and the run waits until it is issued.
  - A request that an earlier run left pending is taken up. One that failed, timed out or expired, and one of other
    names, is left alone, told, and a new one is requested. The listener changes with the app's stack.
  - The validation records stay, since ACM renews by them; one that is gone is written again.
  - A record of that name that says something else is refused, and so are CAA records that let others issue but not
    Amazon, before anything is requested.
options:
  hostname:
    description: Name that visitors use, 64 characters at most.
    type: str
    required: true
  alternative_names:
    description: Further names that the certificate must serve.
    type: list
    elements: str
    default: []
  zone:
    description: Cloudflare zone that all the names are in.
    type: str
    required: true
  arn:
    description: ARN of a certificate that is given. It is checked and used, and nothing is requested.
    type: str
    default: ""
  given_tags:
    description: Tags of a certificate that is given, which exactly one issued certificate of the region has.
    type: dict
    default: {}
  owner:
    description: The app that it is for, as it stands in the tag C(offramp-certificate) of what is requested.
    type: str
    required: true
  days:
    description: Days for which it must still be in force. ACM renews its own certificates 60 days before their end.
    type: int
    default: 14
  tags:
    description: Further tags of a certificate that is requested.
    type: dict
    default: {}
extends_documentation_fragment:
  - offramp.ecs.aws
  - offramp.ecs.cloudflare
  - offramp.ecs.waiting
version_added: 0.1.0
author: The Offramp founders (@offramp)
"""

EXAMPLES = """
- name: Have a certificate
  offramp.ecs.acm_certificate:
    region: eu-west-1
    hostname: api.bond.example
    zone: bond.example
    owner: production/bond-server
"""

RETURN = """
certificate:
  description: The certificate. In a dry run that is to request it the ARN is known after apply.
  returned: success
  type: dict
  contains:
    arn: {description: Its ARN., type: str}
    names: {description: The names that it serves., type: list}
    status: {description: Its status in ACM's words., type: str}
    days: {description: "Days until its end, rounded down.", type: int}
    renewable: {description: "Whether ACM renews it: its own, and in use.", type: bool}
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import certificates
from ansible_collections.offramp.ecs.plugins.module_utils.aws.certificates import OWNER, PENDING, Certificate
from ansible_collections.offramp.ecs.plugins.module_utils.aws.tagged import tags_of
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.validation import Validation, within_zone
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import OfframpError
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module
from ansible_collections.offramp.ecs.plugins.module_utils.engine.settle import Waiting
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown

SPEC = spec.spec(
    spec.AWS,
    spec.WAITING,
    options={
        "hostname": {"type": "str", "required": True},
        "alternative_names": {"type": "list", "elements": "str", "default": []},
        "zone": {"type": "str", "required": True},
        "arn": {"type": "str", "default": ""},
        "given_tags": {"type": "dict", "default": {}},
        "owner": {"type": "str", "required": True},
        "days": {"type": "int", "default": 14},
        "tags": {"type": "dict", "default": {}},
    },
)


@dataclass(frozen=True)
class Want:
    """What must be served: ``given`` alone says it where a certificate is given; ``names`` begin with the hostname."""

    names: tuple[str, ...]
    days: int
    tags: Mapping[str, str]
    given: Optional[certificates.Given] = None


@dataclass(frozen=True)
class Have:
    """What there is.

    Attributes:
        certificate: the one that serves, or is to; None where one must be requested.
        left: others of ours for the hostname, which do not serve (any more).
        absent: the validated names whose record is not at Cloudflare; those that are not known yet count as absent.
        asked: whether this run saw the certificate pending, so that its failure is this run's.
    """

    certificate: Optional[Certificate]
    left: tuple[Certificate, ...] = ()
    absent: tuple[str, ...] = ()
    asked: bool = False


class Api:
    """ACM and Cloudflare, and what this run has asked for."""

    def __init__(self, params: Mapping[str, Any], door: Door) -> None:
        self.acm = certificates.Certificates(params["region"], door)
        self.dns = Validation(params["zone"], door)
        self.asked = ""
        self.records: dict[str, certificates.Record] = {}

    def request(self, names: tuple[str, ...], earlier: list[str], tags: Mapping[str, str]) -> None:
        """Request a certificate."""
        self.asked = self.acm.request(names, certificates.token_of(names, earlier), tags)

    def write(self, name: str) -> None:
        """Write the validation record of a name, which ACM has told by now."""
        record = self.records[name]
        self.dns.write(record.name, record.value, f"ACM renews the certificate of {name} by it")


def want_of(params: Mapping[str, Any]) -> Want:
    """The wanted names; each must be in the zone where a certificate may have to be requested."""
    names = tuple(dict.fromkeys(name.lower() for name in (params["hostname"], *params["alternative_names"])))
    tags = tags_of(params["tags"])
    want = Want(names, params["days"], {**tags, OWNER: params["owner"]})
    if params["arn"] or params["given_tags"]:
        given = certificates.given_of(params["arn"], params["given_tags"], names, params["days"], params["region"])
        return replace(want, given=given)
    certificates.refuse_too_long(names[0])
    within_zone(names, params["zone"])
    return want


def observe(api: Api, want: Want) -> Have:
    """The given certificate; else those that serve the hostname, and the validation records of the chosen one."""
    if want.given is not None:
        return Have(api.acm.given(want.given))
    arns = dict.fromkeys([*api.acm.serving(want.names[0]), *([api.asked] if api.asked else [])])
    found = [api.acm.describe(arn) for arn in arns]
    chosen = certificates.choose(found, want.names, want.days, want.tags[OWNER], api.asked)
    mine = [one for one in found if one.owner == want.tags[OWNER] and one is not chosen]
    for one in (*mine, *([chosen] if chosen else [])):
        api.records.update(certificates.by_bare_name(one.records))
    if chosen is None:
        api.dns.refuse_caa(want.names)
    elif chosen.status == PENDING:
        api.asked = chosen.arn
    return Have(chosen, tuple(mine), _absent(api, chosen, want), bool(chosen and chosen.arn == api.asked))


def plan(have: Have, want: Want) -> list[Change]:
    """Request one where none serves; write the records that are missing."""
    changes = []
    if have.certificate is None:
        after = {"names": list(want.names), "validation": "DNS"}
        payload = partial(Api.request, names=want.names, earlier=[one.arn for one in have.left], tags=want.tags)
        changes.append(Change("create", f"ACM certificate of {want.names[0]}", after=after, payload=payload))
    record = {"type": "CNAME", "proxied": False}
    targets = [(f"DNS record that validates {name} at Cloudflare", name) for name in have.absent]
    return changes + [
        Change("create", target, after=record, payload=partial(Api.write, name=name)) for target, name in targets
    ]


def foresee(have: Have, want: Want) -> Have:
    """A certificate whose ARN nobody knows yet, where one is to be requested."""
    if have.certificate is not None:
        return replace(have, absent=())
    arn = Unknown(f"ARN of the certificate of {want.names[0]}", "playbooks/provision.yml")
    return replace(have, certificate=Certificate(arn, PENDING, want.names, 0), absent=())


def report(have: Have) -> dict[str, Any]:
    """What playbooks use."""
    return certificates.told_of(have.certificate or Certificate("", "", (), 0))


def headline(have: Have) -> list[str]:
    """What is left behind, and what will end without being renewed."""
    return [
        *map(certificates.left_behind, have.left),
        *(certificates.unrenewed(have.certificate) if have.certificate else []),
    ]


def _absent(api: Api, chosen: Optional[Certificate], want: Want) -> tuple[str, ...]:
    """Records are ours to keep for what we requested; a certificate of somebody else's is used as it is."""
    if chosen is not None and chosen.owner != want.tags[OWNER]:
        return ()
    names = dict.fromkeys(certificates.bare(name) for name in (chosen.names if chosen else want.names))
    known = {name: api.records[name] for name in names if name in api.records}
    there = {name for name, record in known.items() if api.dns.has(record.name, record.value)}
    return tuple(name for name in names if name not in there)


def _settled(have: Have) -> bool:
    """Issued; or waiting for us, who must write a record that ACM has told."""
    one = have.certificate
    if one is None or one.status == "ISSUED":
        return True
    return bool(have.absent) and all(
        name in certificates.by_bare_name(one.records) for name in map(certificates.bare, one.names)
    )


def _failed(have: Have) -> Optional[OfframpError]:
    one = have.certificate
    if one is None or not have.asked or one.status in ("ISSUED", PENDING):
        return None
    return certificates.not_issued(one)


def _progress(have: Have) -> str:
    one = have.certificate
    if one is None or have.absent:
        return "ACM has not told the validation records yet"
    return f"{one.names[0]} is at {one.status}, and its validation records are at Cloudflare"


MODULE = Module[Api, Want, Have](
    name="acm_certificate",
    noun="certificate",
    spec=SPEC,
    connect=Api,
    want=want_of,
    observe=observe,
    plan=plan,
    apply={"create": lambda api, change: change.payload(api)},
    foresee=foresee,
    report=report,
    headline=headline,
    waiting=Waiting[Have](settled=_settled, failed=_failed, progress=_progress),
    in_turn=True,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
