"""Which private address and port of a task is served at which port of 127.0.0.1."""

from __future__ import annotations

import threading
from collections.abc import Callable

Subscriber = Callable[[], None]


class Addresses:
    """A thread-safe table; the load balancers resolve their targets by it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._real: dict[tuple[str, int], int] = {}
        self._subscribers: list[Subscriber] = []

    def lookup(self, ip: str, port: int) -> tuple[str, int] | None:
        """``("127.0.0.1", real port)`` of a task's port, or None while nothing listens there."""
        with self._lock:
            real = self._real.get((ip, port))
        return None if real is None else ("127.0.0.1", real)

    def subscribe(self, subscriber: Subscriber) -> None:
        """Call ``subscriber`` after each change, from the thread that made it."""
        with self._lock:
            self._subscribers.append(subscriber)

    def publish(self, ip: str, ports: dict[int, int]) -> None:
        """A task at ``ip`` now serves these ports (told port -> real port)."""
        with self._lock:
            self._real.update({(ip, told): real for told, real in ports.items()})
        self._tell()

    def withdraw(self, ip: str) -> None:
        """Nothing is served at ``ip`` any more."""
        with self._lock:
            gone = [key for key in self._real if key[0] == ip]
            for key in gone:
                del self._real[key]
        if gone:
            self._tell()

    def _tell(self) -> None:
        with self._lock:
            subscribers = list(self._subscribers)
        for subscriber in subscribers:
            subscriber()
