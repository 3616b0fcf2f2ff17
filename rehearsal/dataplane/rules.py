"""The rules of a load balancer's listener: which actions a request gets."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from functools import cache

from aiohttp import web

from rehearsal.children import Json

Actions = list[Json]


def actions_for(request: web.BaseRequest, listener: Json) -> Actions:
    """The actions of the first rule (in the order of their priorities) that fits, else the listener's default."""
    for rule in listener.get("rules", ()):
        if all(_fits(condition, request) for condition in rule["conditions"]):
            actions: Actions = rule["actions"]
            return actions
    default: Actions = listener["default_actions"]
    return default


def all_actions(listener: Json) -> Iterable[Json]:
    """Every action that some request to the listener may get."""
    yield from listener["default_actions"]
    for rule in listener.get("rules", ()):
        yield from rule["actions"]


def _fits(condition: Json, request: web.BaseRequest) -> bool:
    return _FIELDS[condition["Field"]](condition, request)


def _values(condition: Json, config: str) -> list[str]:
    """The values, which stand in the condition itself or in its newer ``...Config``."""
    values: list[str] = condition.get(config, {}).get("Values") or condition.get("Values") or []
    return values


def _host(condition: Json, request: web.BaseRequest) -> bool:
    host = request.host.rsplit(":", 1)[0].lower()
    return any(_like(value.lower(), host) for value in _values(condition, "HostHeaderConfig"))


def _path(condition: Json, request: web.BaseRequest) -> bool:
    path = request.rel_url.raw_path
    return any(_like(value, path) for value in _values(condition, "PathPatternConfig"))


def _method(condition: Json, request: web.BaseRequest) -> bool:
    return request.method in _values(condition, "HttpRequestMethodConfig")


def _header(condition: Json, request: web.BaseRequest) -> bool:
    config = condition["HttpHeaderConfig"]
    sent = request.headers.getall(config["HttpHeaderName"], [])
    return any(_like(value.lower(), one.lower()) for value in config["Values"] for one in sent)


def _query(condition: Json, request: web.BaseRequest) -> bool:
    sent = [(key.lower(), value.lower()) for key, value in request.rel_url.query.items()]
    return any(
        _like(wanted.get("Key", "*").lower(), key) and _like(wanted["Value"].lower(), value)
        for wanted in condition["QueryStringConfig"]["Values"]
        for key, value in sent
    )


def _source(condition: Json, request: web.BaseRequest) -> bool:
    client = ipaddress.ip_address(request.remote or "127.0.0.1")
    return any(client in ipaddress.ip_network(block) for block in _values(condition, "SourceIpConfig"))


@cache
def _pattern(wildcards: str) -> re.Pattern[str]:
    """AWS knows two wildcards: * for any characters and ? for exactly one."""
    return re.compile("".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in wildcards))


def _like(wildcards: str, text: str) -> bool:
    return _pattern(wildcards).fullmatch(text) is not None


_FIELDS: dict[str, Callable[[Json, web.BaseRequest], bool]] = {
    "host-header": _host,
    "path-pattern": _path,
    "http-request-method": _method,
    "http-header": _header,
    "query-string": _query,
    "source-ip": _source,
}
