"""What the handlers of Heroku's routes work with, and what they do in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.heroku.dynos import Dynos
from rehearsal.heroku.logplex import Logplex
from rehearsal.heroku.routing import hosts
from rehearsal.heroku.store import OWNER, App, Store
from rehearsal.restapi import Answer, Asked, Json


class HerokuError(Exception):
    """An answer that is an error, in Heroku's shape ``{id, message}``."""

    def __init__(self, status: int, kind: str, message: str, **more: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"id": kind, "message": message, **more}


@dataclass
class Heroku:
    """The stand-in's parts. Handlers of GET run inside the store's lock; the others take it where they need it."""

    store: Store
    dynos: Dynos
    logplex: Logplex
    publish: Callable[[], None]
    """Brings the router up to date; must not be called in the store's lock."""
    issue: Callable[[list[str]], Path]
    streams_url: Callable[[str], str]
    """The address of a log session by its token."""

    def app(self, asked: Asked) -> App:
        """The app that the path names, or the 404 that says so."""
        found = self.store.find(asked.parts["app"])
        if found is None:
            raise not_found("app", "app")
        return found

    def certificate(self, app: App) -> bytes:
        """The PEM (key first, then the chain) with which the router serves an app's names."""
        return self.issue(hosts(app)).read_bytes()

    def say(self, app: App, text: str) -> None:
        """A line of the API in an app's log, as Heroku writes for each change."""
        self.logplex.write(app.name, "app", "api", f"{text} by user {OWNER}")


@dataclass(frozen=True)
class Listing:
    """A list that is paged by Range; rows are sorted by the attribute ``by``, unless another is asked for."""

    rows: list[Json]
    by: str = "id"


def listing(rows: Iterable[Json], by: str = "id") -> Answer:
    """Answer with a list that the protocol will page."""
    return Answer(Listing(list(rows), by))


def not_found(resource: str, words: str) -> HerokuError:
    """Heroku's 404."""
    return HerokuError(404, "not_found", f"Couldn't find that {words}.", resource=resource)


def invalid(message: str) -> HerokuError:
    """Heroku's 422 for parameters that it cannot take."""
    return HerokuError(422, "invalid_params", message)


def one[T](rows: Iterable[T], identity: str, keys: Callable[[T], tuple[str, ...]], resource: str) -> T:
    """The row that an identity (id, name, ...) names, or a 404."""
    for row in rows:
        if identity in keys(row):
            return row
    raise not_found(resource, resource.replace("_", " "))


def body_of(asked: Asked) -> Mapping[str, Any]:
    """The request's body, which must be a JSON object."""
    if not isinstance(asked.body, dict):
        raise HerokuError(400, "bad_request", "Unable to parse the JSON request body: expected an object.")
    return asked.body


def switch(wanted: Mapping[str, Any], name: str) -> bool:
    """A field that must be true or false, which 1 and 0 are too: PyPI's heroku3 sends them."""
    if wanted.get(name) not in (True, False):
        raise invalid(f"{name} must be true or false.")
    return bool(wanted[name])
