"""What acts by itself in the rehearsal's AWS: it looks again and again, in a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod

logger = logging.getLogger(__name__)


class Lookout(ABC):
    """Looks from :meth:`start` to :meth:`stop`, but never while somebody has ``_acting``."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._looked = time.time()
        self._acting = threading.RLock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep_looking, name=name, daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    @abstractmethod
    def look(self, now: float) -> None:
        """Look once, and act on it; ``now`` is in seconds since the epoch."""

    @abstractmethod
    def _pause(self) -> float:
        """Seconds until the next look."""

    def _keep_looking(self) -> None:
        while not self._over.wait(self._pause()):
            try:
                with self._acting:
                    self.look(time.time())
            except Exception:  # whatever it is, the next look may go well, and the log says what happened
                logger.exception("%s could not look", self._name)
