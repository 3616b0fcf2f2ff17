"""All application load balancers, as one worker process (``python -m rehearsal.dataplane.balancer``)."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from dataclasses import dataclass, field

from aiohttp import web

from rehearsal.children import Json
from rehearsal.dataplane.ailing import Ailing
from rehearsal.dataplane.channel import Channel, each_second, main
from rehearsal.dataplane.proxy import (
    Certificates,
    Listener,
    UpstreamError,
    ask,
    client_session,
    page,
    pass_on,
    request_headers,
)
from rehearsal.dataplane.rules import actions_for, all_actions
from rehearsal.dataplane.spread import Spread
from rehearsal.dataplane.tally import Tally
from rehearsal.dataplane.targets import Target, TargetGroup

CONNECT_WITHIN = 10.0
"""AWS: "The load balancer failed to establish a connection to the target before the connection timeout expired (10
seconds)" is a 504."""
IDLE_TIMEOUT = "idle_timeout.timeout_seconds"
DROP_INVALID = "routing.http.drop_invalid_header_fields.enabled"
_VALID_HEADER = re.compile(r"[-A-Za-z0-9]+")
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html"""


@dataclass
class _Entrance:
    """A listener: its socket and what it does with a request; ``attributes`` are its load balancer's."""

    balancer: str
    arn: str
    table: Json
    attributes: Json
    certificates: Certificates
    spread: Spread
    listener: Listener = field(init=False)

    @property
    def idle_timeout(self) -> float:
        """Seconds after which a connection on which nothing is sent is closed, to the client and to the target."""
        return float(self.attributes.get(IDLE_TIMEOUT, 60))


class BalancerPlane:
    """Listeners, target groups and what happened to each request."""

    async def open(self, channel: Channel) -> Json:
        """Start counting; listeners come with the tables."""
        self._channel = channel
        self._entrances: dict[str, _Entrance] = {}
        self._groups: dict[str, TargetGroup] = {}
        self._ailing = Ailing()
        self._tally = Tally()
        self._told_health: Json = {}
        self._session = client_session(CONNECT_WITHIN)
        self._ticker = asyncio.create_task(each_second(self._report_metrics))
        return {}

    async def apply(self, message: Json) -> None:
        """Put a table in force and report where its listeners listen."""
        self._ailing.update(message.get("ailment", {}))
        self._apply_groups(message)
        await self._apply_listeners(message["balancers"])
        listening: Json = {arn: {} for arn in message["balancers"]}
        for entrance in self._entrances.values():
            listening[entrance.balancer][str(entrance.table["port"])] = entrance.listener.port
        self._channel.report({"listening": listening})
        self._report_health()

    def _apply_groups(self, message: Json) -> None:
        used = {
            group
            for balancer in message["balancers"].values()
            for listener in balancer["listeners"]
            for action in all_actions(listener)
            for group in _forward_weights(action)
        }
        tables = message["target_groups"]
        for arn in self._groups.keys() - tables.keys():
            self._groups.pop(arn).close()
        for arn, table in tables.items():
            if arn not in self._groups:
                self._groups[arn] = TargetGroup(arn, self._session, self._report_health)
            self._groups[arn].update(table, in_use=arn in used)

    async def _apply_listeners(self, balancers: Json) -> None:
        wanted = {
            listener["arn"]: (balancer, listener, table["attributes"])
            for balancer, table in balancers.items()
            for listener in table["listeners"]
        }
        for arn, entrance in list(self._entrances.items()):
            if arn not in wanted or _socket(wanted[arn][1]) != _socket(entrance.table):
                self._entrances.pop(arn).listener.close()
        for arn, (balancer, table, attributes) in wanted.items():
            if arn in self._entrances:
                entrance = self._entrances[arn]
                entrance.table, entrance.attributes = table, attributes
                entrance.listener.idle(entrance.idle_timeout)
                _certify(entrance)
            else:
                self._entrances[arn] = await self._open_entrance(balancer, arn, table, attributes)

    async def _open_entrance(self, balancer: str, arn: str, table: Json, attributes: Json) -> _Entrance:
        entrance = _Entrance(balancer, arn, table, attributes, Certificates(), Spread(arn))
        _certify(entrance)

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            return await self._handle(entrance, request)

        certificates = entrance.certificates if table["protocol"] == "HTTPS" else None
        entrance.listener = await Listener.open(handle, certificates, entrance.idle_timeout)
        return entrance

    async def _handle(self, entrance: _Entrance, request: web.BaseRequest) -> web.StreamResponse:
        action = actions_for(request, entrance.table)[-1]  # the last one is the one that answers; others authenticate
        match action["Type"]:
            case "forward":
                return await self._forward(entrance, action, request)
            case "redirect":
                self._tally.count(entrance.balancer, None, "redirects")
                return _redirect(action["RedirectConfig"], entrance.table, request)
            case "fixed-response":
                self._tally.count(entrance.balancer, None, "fixed_responses")
                return _fixed_response(action["FixedResponseConfig"])
        raise NotImplementedError(f"The rehearsal's balancer knows no action of type {action['Type']}.")

    async def _forward(self, entrance: _Entrance, action: Json, request: web.BaseRequest) -> web.StreamResponse:
        weights = _forward_weights(action)
        picked = entrance.spread.pick(list(weights.values()))
        group = None if picked is None else self._groups.get(list(weights)[picked])
        target = group.choose() if group else None
        if group is None or target is None:
            return self._fail(entrance, None, 503)
        started = time.perf_counter()
        try:
            return await self._relay(entrance, group, target, request, started)
        except UpstreamError as error:
            self._tally.count(entrance.balancer, group.arn, "requests")
            if error.unsent:
                self._tally.count(entrance.balancer, group.arn, "connection_errors")
            return self._fail(entrance, group.arn, 504 if error.why in ("slow", "unreachable") else 502)

    async def _relay(
        self, entrance: _Entrance, group: TargetGroup, target: Target, request: web.BaseRequest, started: float
    ) -> web.StreamResponse:
        if target.upstream is None:
            raise UpstreamError("refused")
        headers = request_headers(request)
        if entrance.attributes.get(DROP_INVALID) == "true":
            for name in [name for name in headers if not _VALID_HEADER.fullmatch(name)]:
                headers.popall(name, None)
        headers["X-Forwarded-Proto"] = "https" if request.secure else "http"
        headers["X-Forwarded-Port"] = str(entrance.table["port"])
        headers.setdefault("X-Amzn-Trace-Id", f"Root=1-{int(time.time()):x}-{secrets.token_hex(12)}")
        if await self._ailing.strikes(request.rel_url.raw_path):
            self._tally.answered(entrance.balancer, group.arn, 500, time.perf_counter() - started)
            return page(500, "the rehearsal's AWS ails", AILING)
        async with await ask(self._session, target.upstream, request, headers, entrance.idle_timeout) as answer:
            took = time.perf_counter() - started
            response = await pass_on(request, answer, {})
            self._tally.answered(entrance.balancer, group.arn, answer.status, took)
            return response

    def _fail(self, entrance: _Entrance, group: str | None, status: int) -> web.Response:
        self._tally.failed(entrance.balancer, group, status)
        text = {502: "Bad Gateway", 503: "Service Temporarily Unavailable", 504: "Gateway Time-out"}[status]
        return page(status, f"<html><body><center><h1>{status} {text}</h1></center></body></html>", SERVER)

    def _report_metrics(self, second: int) -> None:
        if metrics := self._tally.take(second):
            self._channel.report({"metrics": metrics})

    def _report_health(self) -> None:
        health: Json = {
            arn: {
                key: {"state": target.state, "reason": target.reason, "description": target.description}
                for key, target in group.health().items()
            }
            for arn, group in self._groups.items()
        }
        if health != self._told_health:
            self._told_health = health
            self._channel.report({"health": health})


SERVER = {"Server": "awselb/2.0"}
AILING = {"X-Rehearsal-Side": "aws"}


def _socket(table: Json) -> tuple[int, str]:
    return table["port"], table["protocol"]


def _certify(entrance: _Entrance) -> None:
    if entrance.table["protocol"] == "HTTPS":
        entrance.certificates.replace({}, default=entrance.table["certificate"])
        entrance.certificates.admit(entrance.table["tls_versions"])


def _forward_weights(action: Json) -> dict[str, float]:
    """Target group -> weight of a forward action; nothing for other actions."""
    if action["Type"] != "forward":
        return {}
    groups = action.get("ForwardConfig", {}).get("TargetGroups") or [{"TargetGroupArn": action["TargetGroupArn"]}]
    return {group["TargetGroupArn"]: float(group.get("Weight", 1)) for group in groups}


def _redirect(config: Json, listener: Json, request: web.BaseRequest) -> web.Response:
    known = {
        "#{protocol}": listener["protocol"],
        "#{host}": request.host.rsplit(":", 1)[0],
        "#{port}": str(listener["port"]),
        "#{path}": request.rel_url.raw_path.lstrip("/"),
        "#{query}": request.rel_url.raw_query_string,
    }

    def filled(part: str, default: str) -> str:
        text = str(config.get(part) or default)
        for placeholder, value in known.items():
            text = text.replace(placeholder, value)
        return text

    query = filled("Query", "#{query}")
    location = (
        f"{filled('Protocol', '#{protocol}').lower()}://{filled('Host', '#{host}')}:{filled('Port', '#{port}')}"
        f"{filled('Path', '/#{path}')}{'?' + query if query else ''}"
    )
    status = int(config["StatusCode"].removeprefix("HTTP_"))
    return page(status, f"<html><body><h1>{status}</h1></body></html>", {**SERVER, "Location": location})


def _fixed_response(config: Json) -> web.Response:
    return web.Response(
        status=int(config["StatusCode"]),
        text=config.get("MessageBody") or "",
        content_type=config.get("ContentType") or "text/plain",
        headers=SERVER,
    )


if __name__ == "__main__":
    main(BalancerPlane)
