"""Runs Ansible so that it keeps and prints all it can, in one folder; then every byte of that is scanned."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rehearsal.running import end_with_us
from tests.leaks.detector import Detector, Finding
from tests.leaks.processes import Processes

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
CONNECTIONS = ROOT / "tests" / "unit" / "plugins" / "plugin_utils" / "connection"
_APP = b"rehearsal.demoapp"
_OF_A_RUN = b"ANSIBLE_LOG_PATH="
_WRITTEN_BY_RUNNER = "artifacts/*/command"
"""ansible-runner writes the environment it was given to this file of its artifacts, whatever it runs."""


@dataclass(frozen=True, order=True)
class Hit:
    """A leak: where, which value, in which spelling."""

    where: str
    finding: Finding

    def __str__(self) -> str:
        return f"{self.where}: {self.finding.canary} ({self.finding.form})"


@dataclass
class Scan:
    """How much was looked at, and what was found."""

    files: int = 0
    file_bytes: int = 0
    processes: int = 0
    process_bytes: int = 0
    hits: set[Hit] = field(default_factory=set)

    def __str__(self) -> str:
        return (
            f"{self.files} files of {self.file_bytes / 1e6:.1f} MB; command lines and environments of {self.processes} "
            f"processes, {self.process_bytes / 1e6:.1f} MB without repeats; {len(self.hits)} hits"
        )


@dataclass(frozen=True)
class Ran:
    """What came of a command: its exit code, and what a person saw."""

    code: int
    told: str


class Keeper:
    """Keeps what runs leave and show in the folder ``scanned``, and watches all processes below this one.

    Args:
        root: an empty folder.
    """

    def __init__(self, root: Path) -> None:
        self.scanned = root / "scanned"
        self.scanned.mkdir()
        self._config: dict[str, str] = {}
        self._credentials: dict[str, str] = {}
        self._processes = Processes(os.getpid())
        self._outputs = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the processes of this block."""
        self._processes.start()
        try:
            yield
        finally:
            self._processes.stop()

    def folder(self, name: str) -> Path:
        """A folder that is scanned."""
        path = self.scanned / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def environment(self) -> dict[str, str]:
        """Settings with which Ansible keeps and prints all it can, in folders that are scanned."""
        return {
            "HOME": str(self.folder("home")),
            "TMPDIR": str(self.folder("tmp")),
            "ANSIBLE_LOCAL_TEMP": str(self.folder("local")),
            "ANSIBLE_REMOTE_TEMP": str(self.folder("remote")),
            "ANSIBLE_KEEP_REMOTE_FILES": "1",
            "ANSIBLE_CACHE_PLUGIN": "jsonfile",
            "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(self.folder("facts")),
            "ANSIBLE_LOG_PATH": str(self.scanned / "ansible.log"),
            "ANSIBLE_DISPLAY_TRACEBACK": "always",
            "ANSIBLE_CALLBACKS_ENABLED": "offramp.ecs.ledger,offramp.ecs.summary,tree,junit",
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callbacks"),
            "ANSIBLE_CALLBACK_TREE_DIR": str(self.folder("tree")),
            "ANSIBLE_CONNECTION_PLUGINS": str(CONNECTIONS),
            "JUNIT_OUTPUT_DIR": str(self.folder("junit")),
            "OFFRAMP_LEDGER": str(self.folder("ledger")),
        }

    def run(
        self,
        command: Sequence[str | Path],
        cwd: Path,
        environment: Mapping[str, str],
        started: Callable[[int], object] = lambda process: None,
    ) -> Ran:
        """Run a command to its end, in :meth:`environment` and more; ``started`` learns its process id at once."""
        self._outputs += 1
        path = self.folder("outputs") / f"{self._outputs:02}.txt"
        with path.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=end_with_us,
            )
            started(process.pid)
            code = process.wait()
        return Ran(code, path.read_text(encoding="utf-8", errors="replace"))

    def look_for(self, *, config: Mapping[str, str] = {}, credentials: Mapping[str, str] = {}) -> None:
        """Look for these values, by their names.

        Args:
            config: of the app; they must be nowhere but in the environment of the app itself.
            credentials: what an operator exports; they may be in the environment of the run, too.
        """
        self._config.update(config)
        self._credentials.update(credentials)

    def scan(self) -> Scan:
        """Look at everything that was kept and seen so far."""
        scan = Scan()
        config, credentials = Detector(self._config), Detector(self._credentials)
        for path in sorted(self.scanned.rglob("*")):
            if path.is_file() and not path.is_symlink():
                detectors = [config] if path.match(_WRITTEN_BY_RUNNER) else [config, credentials]
                scan.files += 1
                scan.file_bytes += path.stat().st_size
                found = {finding for detector in detectors for finding in detector.in_file(path)}
                scan.hits |= {Hit(str(path.relative_to(self.scanned)), finding) for finding in found}
        self._scan_processes(scan, config, credentials)
        return scan

    def _scan_processes(self, scan: Scan, config: Detector, credentials: Detector) -> None:
        scan.processes = self._processes.count
        for (part, text), commands in self._processes.seen.items():
            scan.process_bytes += len(text)
            is_app = part == "environ" and all(_APP in command for command in commands)
            is_run = part == "environ" and _OF_A_RUN in text
            found = (set() if is_app else config.in_bytes(text)) | (set() if is_run else credentials.in_bytes(text))
            program = Path(os.fsdecode(min(commands).split(b"\0")[0])).name or "a process"
            scan.hits |= {Hit(f"{part} of {program}", finding) for finding in found}
