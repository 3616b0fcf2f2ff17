"""The rehearsal's own DNS for what it serves: which names answer where on 127.0.0.1."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

Ports = Mapping[int, int]
"""The port a client asks for -> the real port on 127.0.0.1 that serves it."""
Table = dict[str, dict[int, int]]
Subscriber = Callable[[Table], None]


class Names:
    """A table from DNS name to ports that several threads write to and read from.

    Subscribers get a copy of the whole table at once and after each change, one call at a time and in the order of the
    changes. They are called by the thread that made the change while the table is locked, so they must not wait for
    another thread that uses the table.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._table: Table = {}
        self._subscribers: list[Subscriber] = []

    def publish(self, name: str, ports: Ports) -> None:
        """Let ``name`` answer at exactly these ports (names are compared without regard to case)."""
        with self._lock:
            if self._table.get(name.lower()) != dict(ports):
                self._table[name.lower()] = dict(ports)
                self._tell()

    def withdraw(self, name: str) -> None:
        """Forget a name; nothing happens where it is not known."""
        with self._lock:
            if self._table.pop(name.lower(), None) is not None:
                self._tell()

    def lookup(self, name: str) -> dict[int, int] | None:
        """The ports of a name, or None when nothing is known of it."""
        with self._lock:
            ports = self._table.get(name.lower())
            return None if ports is None else dict(ports)

    def snapshot(self) -> Table:
        """A copy of the whole table."""
        with self._lock:
            return {name: dict(ports) for name, ports in self._table.items()}

    def subscribe(self, subscriber: Subscriber) -> None:
        """Call ``subscriber`` with the table now and after each change."""
        with self._lock:
            self._subscribers.append(subscriber)
            subscriber(self.snapshot())

    def _tell(self) -> None:
        for subscriber in self._subscribers:
            subscriber(self.snapshot())
