"""Routes of a REST API as a table, which serves both to answer a request and to name it in the request log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

Json = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """One request, as a route's handler sees it. Header names are in lower case; ``body`` is parsed JSON or None."""

    method: str
    path: str
    parts: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any = None


@dataclass(frozen=True)
class Answer:
    """What goes back: ``content`` is encoded as JSON."""

    content: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Found[World]:
    """A route that matched, with the parts of the path that its template names."""

    template: str
    parts: Mapping[str, str]
    handler: Callable[[World, Asked], Answer]


class Routes[World]:
    """A table of (method, template) -> handler; ``{name}`` in a template stands for one segment of the path."""

    def __init__(self) -> None:
        self._handlers: dict[tuple[str, str], Callable[[World, Asked], Answer]] = {}

    def on(
        self, method: str, template: str
    ) -> Callable[[Callable[[World, Asked], Answer]], Callable[[World, Asked], Answer]]:
        """Decorate a handler. Handlers may stand under several routes."""

        def register(handler: Callable[[World, Asked], Answer]) -> Callable[[World, Asked], Answer]:
            if (method, template) in self._handlers:
                raise ValueError(f"two handlers for {method} {template}")
            self._handlers[method, template] = handler
            return handler

        return register

    def include(self, others: Iterable[Routes[World]]) -> Routes[World]:
        """Take in the routes of other tables; returns itself."""
        for other in others:
            for (method, template), handler in other._handlers.items():
                self.on(method, template)(handler)
        return self

    def known(self) -> list[tuple[str, str]]:
        """Every (method, template) of the table."""
        return list(self._handlers)

    def find(self, method: str, path: str) -> Found[World] | None:
        """The handler for a path without its query. A template with more literal segments wins over one with fewer."""
        matches = []
        for (its_method, template), handler in self._handlers.items():
            parts = _match(template, path) if its_method == method else None
            if parts is not None:
                matches.append(Found(template, parts, handler))
        return min(matches, key=lambda found: len(found.parts), default=None)


def _match(template: str, path: str) -> dict[str, str] | None:
    wanted, given = template.split("/"), path.rstrip("/").split("/")
    if len(wanted) != len(given):
        return None
    parts = {}
    for pattern, segment in zip(wanted, given, strict=True):
        if pattern.startswith("{"):
            if not segment:
                return None
            parts[pattern[1:-1]] = unquote(segment)
        elif pattern != segment:
            return None
    return parts
