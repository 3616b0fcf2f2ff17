"""Routes about processes: formation, dynos, dyno sizes and log sessions."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any

from rehearsal.heroku import render
from rehearsal.heroku.catalog import SIZES, Size
from rehearsal.heroku.logplex import KEPT, Wish
from rehearsal.heroku.store import App, Process, now
from rehearsal.heroku.world import Heroku, body_of, invalid, listing, not_found, one
from rehearsal.restapi import Answer, Asked, Routes

routes: Routes[Heroku] = Routes()
_CHANGE = re.compile(r"[+-]\d+")


@routes.on("GET", "/apps/{app}/formation")
def formation(heroku: Heroku, asked: Asked) -> Answer:
    """The formation of an app."""
    app = heroku.app(asked)
    return listing(render.process(app, row) for row in app.formation.values())


@routes.on("GET", "/apps/{app}/formation/{type}")
def formation_info(heroku: Heroku, asked: Asked) -> Answer:
    """One process type."""
    app = heroku.app(asked)
    return Answer(render.process(app, _row(app, asked.parts["type"])))


@routes.on("PATCH", "/apps/{app}/formation")
def scale_all(heroku: Heroku, asked: Asked) -> Answer:
    """Change several process types at once: all or none."""
    updates = body_of(asked).get("updates")
    if not isinstance(updates, list) or not all(isinstance(one, dict) and one.get("type") for one in updates):
        raise invalid("updates must be a list of objects that have a type.")
    app = heroku.app(asked)
    rows = _scale(heroku, app, {str(update["type"]): update for update in updates})
    return Answer([render.process(app, row) for row in rows])


@routes.on("PATCH", "/apps/{app}/formation/{type}")
def scale_one(heroku: Heroku, asked: Asked) -> Answer:
    """Change one process type."""
    app = heroku.app(asked)
    row = _scale(heroku, app, {asked.parts["type"]: body_of(asked)})[0]
    return Answer(render.process(app, row))


@routes.on("GET", "/apps/{app}/dynos")
def dynos(heroku: Heroku, asked: Asked) -> Answer:
    """The dynos of an app."""
    app = heroku.app(asked)
    return listing(render.dyno(app, dyno) for dyno in heroku.dynos.of(app.name))


@routes.on("GET", "/apps/{app}/dynos/{dyno}")
def dyno_info(heroku: Heroku, asked: Asked) -> Answer:
    """One dyno."""
    app = heroku.app(asked)
    found = one(heroku.dynos.of(app.name), asked.parts["dyno"], lambda dyno: (dyno.id, dyno.name), "dyno")
    return Answer(render.dyno(app, found))


@routes.on("DELETE", "/apps/{app}/dynos")
def restart_all(heroku: Heroku, asked: Asked) -> Answer:
    """Restart all dynos."""
    heroku.dynos.restart(heroku.app(asked))
    return Answer({}, 202)


@routes.on("DELETE", "/apps/{app}/dynos/{dyno}")
def restart_one(heroku: Heroku, asked: Asked) -> Answer:
    """Restart one dyno."""
    identity = asked.parts["dyno"]
    if not heroku.dynos.restart(heroku.app(asked), lambda dyno: identity in (dyno.id, dyno.name)):
        raise not_found("dyno", "dyno")
    return Answer({}, 202)


@routes.on("DELETE", "/apps/{app}/formations/{type}")
def restart_type(heroku: Heroku, asked: Asked) -> Answer:
    """Restart the dynos of one process type."""
    app, kind = heroku.app(asked), asked.parts["type"]
    _row(app, kind)
    heroku.dynos.restart(app, lambda dyno: dyno.type == kind)
    return Answer({}, 202)


@routes.on("GET", "/dyno-sizes")
@routes.on("GET", "/apps/{app}/available-dyno-sizes")
def dyno_sizes(_heroku: Heroku, _asked: Asked) -> Answer:
    """All dyno sizes with their cost."""
    return listing(render.sizes())


@routes.on("GET", "/dyno-sizes/{size}")
def dyno_size_info(_heroku: Heroku, asked: Asked) -> Answer:
    """One dyno size."""
    found = one(render.sizes(), asked.parts["size"], lambda size: (size["id"], size["name"]), "dyno_size")
    return Answer(found)


@routes.on("POST", "/apps/{app}/log-sessions")
def log_session(heroku: Heroku, asked: Asked) -> Answer:
    """Open a log session; the address it returns streams the lines."""
    app, wanted = heroku.app(asked), asked.body if isinstance(asked.body, dict) else {}
    lines = wanted.get("lines", 100)
    if not isinstance(lines, int) or isinstance(lines, bool) or lines < 0:
        raise invalid("lines must be a whole number, zero or more.")
    process = wanted.get("dyno_name") or wanted.get("dyno") or wanted.get("type")
    wish = Wish(app.name, min(lines, KEPT), wanted.get("tail") is True, wanted.get("source"), process)
    made = render.stamp(now())
    url = heroku.streams_url(heroku.logplex.invite(wish))
    return Answer({"created_at": made, "id": str(uuid.uuid4()), "logplex_url": url, "updated_at": made}, 201)


def _row(app: App, identity: str) -> Process:
    return one(app.formation.values(), identity, lambda row: (row.id, row.type), "process type")


def _scale(heroku: Heroku, app: App, updates: Mapping[str, Mapping[str, Any]]) -> list[Process]:
    """Apply checked updates, and return when the dynos that go are out of the router's way."""
    with heroku.store.lock:
        planned = [(row := _row(app, kind), *_wanted(row, update)) for kind, update in updates.items()]
        resized = {row.type for row, _quantity, size in planned if size.name != row.size}
        for row, quantity, size in planned:
            if (row.quantity, row.size) != (quantity, size.name):
                row.quantity, row.size, row.updated_at = quantity, size.name, now()
    shape = " ".join(f"{row.type}@{row.quantity}:{row.size}" for row, _quantity, _size in planned)
    heroku.say(app, f"Scaled to {shape}")
    heroku.dynos.reconcile(app)
    if resized:
        heroku.dynos.restart(app, lambda dyno: dyno.type in resized)
    return [row for row, _quantity, _size in planned]


def _wanted(row: Process, update: Mapping[str, Any]) -> tuple[int, Size]:
    """Quantity and size after an update; both ways to name a size are taken, and quantities like "+1"."""
    named = update.get("dyno_size") or update.get("size") or row.size
    named = named.get("name") or named.get("id") if isinstance(named, dict) else named
    size = next((it for it in SIZES.values() if named in (it.name, it.name.lower(), _size_id(it))), None)
    size = size or SIZES.get(str(named).lower())
    if size is None:
        raise invalid(f"No such dyno size as {named}.")
    quantity = _quantity(row.quantity, update.get("quantity", row.quantity))
    if quantity > size.most:
        raise invalid(f"Cannot update to more than {size.most} {size.name} size dynos per process type.")
    return quantity, size


def _quantity(before: int, wanted: Any) -> int:
    """A whole number, also as text, or a change like "+1"."""
    change = _CHANGE.fullmatch(wanted) if isinstance(wanted, str) else None
    if change is None and (isinstance(wanted, bool) or not re.fullmatch(r"-?\d+", str(wanted))):
        raise invalid("quantity must be a whole number, or a change like +1.")
    after = before + int(wanted) if change else int(wanted)
    if after < 0:
        raise invalid("quantity must not be negative.")
    return after


def _size_id(size: Size) -> str:
    return str(render.named("dyno-size", size.name)["id"])
