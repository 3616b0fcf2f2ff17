"""Cloudflare's monitors: whether the origins of each pool are healthy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import aiohttp

from rehearsal.children import Json
from rehearsal.dataplane.probes import at_intervals, probe
from rehearsal.dataplane.proxy import Upstream

Reach = Callable[[str, int, str, bool], Upstream | None]
"""(address, port, name for TLS, whether by TLS) -> where that is; None for an address that nothing answers at."""


class Monitors:
    """Probes every pool that has a monitor.

    ``tell`` gets {pool id: {"healthy", "origins": {name: {...}}}} of a pool when that is new or has changed.
    """

    def __init__(self, reach: Reach, tell: Callable[[Json], None]) -> None:
        self._reach = reach
        self._tell = tell
        self._rows: Json = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._told: Json = {}

    def update(self, session: aiohttp.ClientSession, rows: Json) -> None:
        """Put new monitors in force; each row holds its pool's ``origins`` too. One that did not change goes on."""
        for pool in list(self._tasks):
            if rows.get(pool) != self._rows.get(pool):
                self._tasks.pop(pool).cancel()
        self._told = {pool: told for pool, told in self._told.items() if pool in rows}
        self._rows = rows
        for pool in rows.keys() - self._tasks.keys():
            self._tasks[pool] = asyncio.create_task(self._follow(session, pool, rows[pool]))

    async def _follow(self, session: aiohttp.ClientSession, pool: str, row: Json) -> None:
        async def once() -> None:
            origins = [origin for origin in row["origins"] if origin["enabled"]]
            results = await asyncio.gather(*(self._probe(session, row, origin) for origin in origins))
            health = {
                "healthy": any(result["healthy"] for result in results),
                "origins": {origin["name"]: result for origin, result in zip(origins, results, strict=True)},
            }
            if health != self._told.get(pool):
                self._told[pool] = health
                self._tell({pool: health})

        await at_intervals(once, float(row["interval"]))

    async def _probe(self, session: aiohttp.ClientSession, row: Json, origin: Json) -> Json:
        headers = {name: ", ".join(values) for name, values in (row.get("header") or {}).items()}
        host = headers.setdefault("Host", origin["host"] or origin["address"])
        headers.setdefault("User-Agent", "Mozilla/5.0 (compatible; Cloudflare-Traffic-Manager/1.0)")
        tls = row["type"] == "https"
        port = row.get("port") or (443 if tls else 80)
        problem, status = "", None
        for _ in range(int(row.get("retries") or 0) + 1):
            upstream = self._reach(origin["address"], port, host, tls)
            probed = await probe(
                session, upstream, row["path"], float(row["timeout"]), headers, row.get("method") or "GET"
            )
            status = probed.status
            if status is not None and _expected(status, row["expected_codes"]):
                return {"healthy": True, "address": origin["address"], "response_code": status, "failure_reason": ""}
            problem = {"timeout": "HTTP timeout occurred", "connection": "TCP connection failed"}.get(
                probed.problem, "Response code mismatch error"
            )
        return {"healthy": False, "address": origin["address"], "response_code": status, "failure_reason": problem}


def _expected(status: int, codes: str) -> bool:
    """Whether a status is one of "200", "2xx" or "200,302"."""
    return any(str(status) == code or (code.endswith("xx") and code[0] == str(status)[0]) for code in _split(codes))


def _split(codes: str) -> list[str]:
    return [code.strip().lower() for code in codes.split(",")]
