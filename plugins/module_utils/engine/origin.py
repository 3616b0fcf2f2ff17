"""A request to an origin as a content network makes it: to an address, under another name, by verified TLS.

The standard library does for that, and runs on any bastion. Two variables of the environment serve where names and
certificates are not the world's: ``OFFRAMP_RESOLVE``, a JSON file ``{name: {port: port on 127.0.0.1}}``, and
``OFFRAMP_CA_FILE``, certificates of authorities to trust beside the system's.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput

RESOLVE_VARIABLE = "OFFRAMP_RESOLVE"
CA_VARIABLE = "OFFRAMP_CA_FILE"
_PORT = 443

Trouble = Literal["", "no address", "no route", "certificate", "tls", "broken"]


@dataclass(frozen=True)
class Origin:
    """Where to ask, and under which name: the name that TLS asks for and verifies, and the Host header."""

    name: str
    address: str
    host: str


@dataclass(frozen=True)
class Answer:
    """What came of a request.

    Attributes:
        trouble: what kept it from an answer; nothing where there is one.
        why: the trouble in the library's words.
        status: of the answer.
        location: where it redirects to.
        expires: when the certificate ends, in seconds of the epoch; 0 where that is not known.
    """

    trouble: Trouble = ""
    why: str = ""
    status: int = 0
    location: str = ""
    expires: float = 0.0


def ask(origin: Origin, path: str, timeout: float) -> Answer:
    """GET a path by HTTPS on a connection of its own; never raises for what the network does."""
    try:
        raw = socket.create_connection(_place(origin.address), timeout)
    except socket.gaierror as error:
        return Answer("no address", str(error.strerror or error))
    except OSError as error:
        return Answer("no route", str(error.strerror or error))
    with raw:
        return _ask_over(raw, origin, path)


def _ask_over(raw: socket.socket, origin: Origin, path: str) -> Answer:
    expires = 0.0
    try:
        with _trust().wrap_socket(raw, server_hostname=origin.host) as wire:
            expires = _expires(wire.getpeercert())
            connection = http.client.HTTPConnection(origin.host)
            connection.sock = wire
            connection.request("GET", path, headers={"Host": origin.host, "User-Agent": "offramp.ecs"})
            answer = connection.getresponse()
            answer.read()
            return Answer("", "", answer.status, answer.getheader("Location") or "", expires)
    except ssl.SSLCertVerificationError as error:
        return Answer("certificate", error.verify_message)
    except ssl.SSLError as error:
        return Answer("tls", str(error.reason or error))
    except (OSError, http.client.HTTPException) as error:
        return Answer("broken", str(error) or type(error).__name__, expires=expires)


def _place(address: str) -> tuple[str, int]:
    names = os.environ.get(RESOLVE_VARIABLE, "")
    if names:
        port = _known(names).get(address.lower(), {}).get(str(_PORT))
        if port is not None:
            return "127.0.0.1", port
    return address, _PORT


def _known(names: str) -> Mapping[str, Mapping[str, int]]:
    try:
        with open(names, encoding="utf-8") as file:
            known: Mapping[str, Mapping[str, int]] = json.load(file)
    except (OSError, ValueError) as error:
        raise BadInput(
            f"{RESOLVE_VARIABLE} names no JSON file of names ({type(error).__name__}).",
            target=names,
            hint="Correct it, or unset it to ask DNS.",
        ) from None
    return known


def _trust() -> ssl.SSLContext:
    trust = ssl.create_default_context()
    authorities = os.environ.get(CA_VARIABLE, "")
    if authorities:
        try:
            trust.load_verify_locations(cafile=authorities)
        except OSError as error:
            hint = "Correct it, or unset it to trust the system's authorities."
            raise BadInput(f"{CA_VARIABLE} names no certificates ({error}).", target=authorities, hint=hint) from None
    return trust


def _expires(certificate: Optional[Mapping[str, object]]) -> float:
    until = (certificate or {}).get("notAfter")
    return float(ssl.cert_time_to_seconds(until)) if isinstance(until, str) else 0.0
