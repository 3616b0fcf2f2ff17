"""Child processes that cannot outlive their parent, and the line protocol that steers the data plane's workers.

Every process of the rehearsal is a Python program of ours that holds a *leash*: its standard input is a pipe from its
parent, and the end of that pipe (the parent is gone, even by SIGKILL) ends the process. That needs no signals, works
the same on Linux and macOS, and has none of the races of a parent-death signal, which follows threads.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

Json = dict[str, Any]
REPOSITORY = Path(__file__).resolve().parent.parent


def hold_leash() -> None:
    """End this process as soon as its standard input ends. For children that read nothing from it."""

    def watch() -> None:
        while os.read(0, 4096):
            pass
        os._exit(0)

    threading.Thread(target=watch, name="leash", daemon=True).start()


def spawn(
    module: str, *arguments: str, env: Mapping[str, str], stdout: int | TextIO, stderr: int | TextIO
) -> subprocess.Popen[bytes]:
    """Start ``python -m module arguments`` on a leash (its stdin), with exactly the environment given plus PYTHONPATH.

    The child must call :func:`hold_leash` or serve as a :class:`Worker`'s other end. It gets a session of its own, so
    that a signal to the parent's group does not reach it before the parent decides.
    """
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=stderr,
        env={**env, "PYTHONPATH": str(REPOSITORY)},
        start_new_session=True,
    )


def plain_environment() -> dict[str, str]:
    """What a child of the rehearsal needs of our own environment, and nothing else of it."""
    return {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR", "HOME") if name in os.environ}


class Worker:
    """A data-plane process: it takes tables as JSON lines on stdin and answers with JSON lines on stdout.

    Lines out to the worker: ``{"id": n, ...message}``. Lines back: ``{"ready": {...}}`` once, ``{"applied": n}`` for
    each message when it is in force, and ``{"report": {...}}`` whenever the worker has something to tell.
    """

    def __init__(self, module: str, *, on_report: Callable[[Json], None], log: Path, within: float = 20.0) -> None:
        self._module = module
        self._within = within
        self._gone = False
        self._on_report = on_report
        self._applied: dict[int, threading.Event] = {}
        self._ready = threading.Event()
        self._lock = threading.Lock()
        self._sent = 0
        self._about: Json | None = None
        self._log = log.open("a", encoding="utf-8")
        self.process = spawn(module, env=plain_environment(), stdout=subprocess.PIPE, stderr=self._log)
        threading.Thread(target=self._listen, name=f"{module} reports", daemon=True).start()

    def start(self, message: Json) -> Json:
        """Send the first message and return what the worker says of itself, which may be that it cannot start."""
        self._write(message)
        return self.wait_ready()

    def wait_ready(self) -> Json:
        """What the worker says of itself once it listens (its ports, say). Call after the first :meth:`send`."""
        if not self._ready.wait(self._within):
            raise TimeoutError(f"worker {self._module} was not ready within {self._within} s")
        if self._about is None:
            raise self._dead()
        return self._about

    def send(self, message: Json) -> None:
        """Send a message and wait until the worker has it in force."""
        if not self._write(message).wait(self._within):
            raise TimeoutError(f"worker {self._module} did not take a message within {self._within} s")
        if self._gone:
            raise self._dead()

    def stop(self) -> None:
        """Let go of the leash and wait for the end."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(self._within)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._log.close()

    def _write(self, message: Json) -> threading.Event:
        """Send a message; the event is set when the worker has it in force."""
        with self._lock:
            self._sent += 1
            done = self._applied[self._sent] = threading.Event()
            assert self.process.stdin is not None
            self.process.stdin.write(json.dumps({"id": self._sent, **message}).encode() + b"\n")
            self.process.stdin.flush()
        return done

    def _dead(self) -> ChildProcessError:
        return ChildProcessError(f"worker {self._module} ended by itself: see {self._log.name}")

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            message = json.loads(line)
            if "ready" in message:
                self._about = message["ready"]
                self._ready.set()
            elif "applied" in message:
                self._applied.pop(message["applied"]).set()
            else:
                self._on_report(message["report"])
        self._gone = True
        for waiting in (self._ready, *self._applied.values()):
            waiting.set()
