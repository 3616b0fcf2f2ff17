"""The awslogs driver: container output to CloudWatch Logs, in batches from one thread."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict

from rehearsal.aws.ecs.errors import StartFailureError
from rehearsal.aws.ecs.model import Json
from rehearsal.aws.ecs.surroundings import Surroundings

Stream = tuple[str, str]
_LOG = logging.getLogger(__name__)
_BATCH = 0.1


class LogDriver:
    """Sends lines to their streams, a tenth of a second late at most."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._lines: dict[Stream, list[tuple[float, str]]] = defaultdict(list)
        self._waiting = threading.Condition()
        self._sending: set[Stream] = set()
        self._over = False
        self._thread = threading.Thread(target=self._ship, name="awslogs", daemon=True)
        self._thread.start()

    def open(self, definition: Json, task_id: str) -> Stream | None:
        """Make the log stream of a container; None where it logs nowhere.

        Raises:
            StartFailureError: the log group is missing.
        """
        configuration = definition.get("logConfiguration")
        if not configuration or configuration["logDriver"] != "awslogs":
            return None
        options = configuration["options"]
        stream = f"{options['awslogs-stream-prefix']}/{definition['name']}/{task_id}"
        try:
            self._surroundings.open_log(options["awslogs-group"], stream, options.get("awslogs-create-group") == "true")
        except StartFailureError as error:
            raise StartFailureError(
                "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "
                f"failed to create Cloudwatch log stream: {error} : exit status 1"
            ) from error
        return options["awslogs-group"], stream

    def write(self, stream: Stream, line: str) -> None:
        """Take a line; it is sent with the next batch."""
        with self._waiting:
            self._lines[stream].append((time.time(), line))
            self._waiting.notify_all()

    def flush(self, stream: Stream) -> None:
        """Wait until all lines of a stream are sent, as Docker's driver does before it tells of a container's end."""
        with self._waiting:
            self._waiting.wait_for(lambda: stream not in self._lines and stream not in self._sending)

    def stop(self) -> None:
        """Send what is left and end."""
        with self._waiting:
            self._over = True
            self._waiting.notify_all()
        self._thread.join()

    def _ship(self) -> None:
        while True:
            with self._waiting:
                self._waiting.wait_for(lambda: self._lines or self._over)
                if not self._over:
                    self._waiting.wait(_BATCH)
                batches, self._lines = self._lines, defaultdict(list)
                self._sending = set(batches)
                last = self._over
            for (group, stream), lines in batches.items():
                self._send(group, stream, lines)
            with self._waiting:
                self._sending.clear()
                self._waiting.notify_all()
            if last:
                return

    def _send(self, group: str, stream: str, lines: list[tuple[float, str]]) -> None:
        try:
            self._surroundings.write_log(group, stream, lines)
        except Exception:
            _LOG.exception("%d lines of %s are lost", len(lines), stream)
