"""Processes of the demo app, as dynos and task containers run them."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping

from rehearsal.children import plain_environment, spawn
from rehearsal.demoapp import CONTROL
from rehearsal.seed import Behaviour


class AppProcess:
    """One running demo app on a leash.

    ``environment`` is what the platform gives the app (its configuration, ``PORT``, ``REHEARSAL_SIDE``,
    ``REHEARSAL_PROCESS``, ``REHEARSAL_DIGEST_KEY``). ``ports`` are those at which the platform will look for it; the
    app takes a free port for each when it listens there, so two processes can never be given the same one.

    ``on_line`` gets each line of its output, ``on_exit`` its exit code after the last line, both from a thread of this
    process's own; ``wait`` and ``stop`` may return a moment before ``on_exit`` is called. A process that a signal ended
    has 128 plus the signal's number, as in a container.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        behaviour: Behaviour,
        ports: list[int],
        worker: bool,
        on_line: Callable[[str], None],
        on_exit: Callable[[int], None],
        on_listening: Callable[[], None] = lambda: None,
    ) -> None:
        self.listening = threading.Event()
        self.ended = threading.Event()
        self.exit_code: int | None = None
        self.real_ports: dict[int, int] = {}
        """Port the app was told -> where it listens on 127.0.0.1; filled when ``listening`` is set."""
        self._on_line = on_line
        self._on_exit = on_exit
        self._on_listening = on_listening
        given = {
            "REHEARSAL_BEHAVIOUR": behaviour.model_dump_json(),
            "REHEARSAL_PORTS": json.dumps({str(port): 0 for port in ports}),
        }
        self._process = spawn(
            "rehearsal.demoapp",
            *(["--worker"] if worker else []),
            env={**plain_environment(), **environment, **given},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._thread = threading.Thread(target=self._follow, name=f"app {self.pid}", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def stop(self, grace_s: float) -> int:
        """SIGTERM, then SIGKILL after ``grace_s`` seconds. Returns the exit code once the process is gone."""
        self._process.send_signal(signal.SIGTERM)
        if not self.ended.wait(grace_s):
            self._process.kill()
        return self.wait()

    def kill(self) -> int:
        """SIGKILL. Returns the exit code once the process is gone."""
        self._process.kill()
        return self.wait()

    def wait(self) -> int:
        """Wait for the end and return the exit code."""
        self.ended.wait()
        assert self.exit_code is not None
        return self.exit_code

    def _follow(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdin is not None
        for raw in self._process.stdout:
            line = raw.decode("utf-8", "replace").rstrip("\n")
            if line.startswith(CONTROL):
                self._take_control(json.loads(line.removeprefix(CONTROL)))
            else:
                self._on_line(line)
        code = self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()
        self.exit_code = code if code >= 0 else 128 - code
        self.ended.set()
        self._on_exit(self.exit_code)

    def _take_control(self, message: dict[str, dict[str, int]]) -> None:
        self.real_ports = {int(told): real for told, real in message["listening"].items()}
        self.listening.set()
        self._on_listening()
