"""Cloudflare as the rehearsal has it, with an edge that finds every pool healthy, and our modules run against it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from rehearsal.requestlog import Entry, read_log
from rehearsal.restapi import Json
from tests.unit.plugins.arguments import validated
from tests.unit.rehearsal.cloudflare.stage import Edge, Stage


class HealthyEdge(Edge):
    """Tells at once that each monitored pool is healthy, or why it is not."""

    reason = ""

    def send(self, message: Json) -> None:
        super().send(message)
        seen = {"healthy": not self.reason, "failure_reason": self.reason}
        health = {
            pool: {"healthy": seen["healthy"], "origins": {origin["name"]: seen for origin in row["origins"]}}
            for pool, row in message["monitors"].items()
        }
        # as the real edge does, from a thread of its own: the sender holds a lock that health needs
        Thread(target=self.report, args=({"pool_health": health},), daemon=True).start()


class CloudflareWorld(Stage):
    """The stand-in, and the door to it for modules."""

    def __init__(self, directory: Path) -> None:
        self.said: list[str] = []
        super().__init__(directory)

    @property
    def sickness(self) -> str:
        """Why the edge holds every pool for unhealthy; nothing while it does not."""
        return self._healthy_edge.reason

    @sickness.setter
    def sickness(self, reason: str) -> None:
        self._healthy_edge.reason = reason

    def environment(self) -> dict[str, str]:
        """What modules need to find it."""
        return {"CLOUDFLARE_BASE_URL": self.cloudflare.url, "CLOUDFLARE_API_TOKEN": self.cloudflare.token}

    def run(self, module: Any, *, dry: bool = False, dies_after: int | None = None, **params: Any) -> dict[str, Any]:
        """A module's result; with ``dies_after`` the run is killed when it has made so many writes."""
        arguments = validated(module, params)
        left = iter(range(dies_after)) if dies_after is not None else iter(int, 1)
        orders = runner.Orders(dry=dry, say=self.said.append, alive=lambda: next(left, None) is not None)
        return runner.run(module.MODULE, arguments, orders)

    def requests(self) -> list[Entry]:
        """The requests of modules so far."""
        return [entry for entry in read_log(self.log.path) if entry.caller.startswith("offramp.ecs/")]

    def writes(self) -> list[str]:
        """The writes of modules so far."""
        return [entry.operation for entry in self.requests() if entry.kind == "write"]

    def _raise_edge(self, report: Callable[[Json], None]) -> Edge:
        self.edge = self._healthy_edge = HealthyEdge(report)
        return self.edge
