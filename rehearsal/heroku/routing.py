"""What the router's process is told: where each host leads, which dynos serve it, with which certificate."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from rehearsal.ailments import Ailment
from rehearsal.heroku.dynos import Dyno, Dynos
from rehearsal.heroku.store import App, Store
from rehearsal.restapi import Json


class Issuer(Protocol):
    """Where certificates come from; :class:`rehearsal.dataplane.tls.Authority` in earnest."""

    def issue(self, names: list[str]) -> Path:
        """The PEM file for these names."""


def table(store: Store, dynos: Dynos, issue: Callable[[list[str]], Path], ailment: Ailment) -> Json:
    """The router's whole table. ``starting`` and ``crashed`` count web dynos that cannot serve (yet, any more)."""
    with store.lock:
        apps = {app.name: _row(app, [dyno for dyno in dynos.of(app.name) if dyno.web]) for app in store.apps.values()}
    certificates = {host: str(issue(row["hosts"])) for row in apps.values() for host in row["hosts"]}
    return {"apps": apps, "certificates": certificates, "ailment": ailment.model_dump()}


def hosts(app: App) -> list[str]:
    """Every name under which the router knows an app: its domains and their DNS targets."""
    return [name for domain in app.domains for name in (domain.hostname, domain.cname) if name is not None]


def public_names(app: App) -> list[str]:
    """The names that Heroku's own DNS answers (a custom domain's DNS is its owner's business)."""
    return [domain.cname or domain.hostname for domain in app.domains]


def _row(app: App, web: list[Dyno]) -> Json:
    up = [dyno for dyno in web if dyno.state == "up" and dyno.process is not None]
    return {
        "hosts": hosts(app),
        "maintenance": app.maintenance,
        "dynos": [{"name": dyno.name, "port": dyno.process.real_ports[dyno.port]} for dyno in up if dyno.process],
        "starting": sum(dyno.state == "starting" for dyno in web),
        "crashed": sum(dyno.state == "crashed" for dyno in web),
    }
