"""The lock of an app: one run at a time releases it or shifts its traffic.

It is a parameter in Parameter Store, which has no compare-and-swap, but counts the writes to a name: whoever expected
the number that its write got was the first to write since it looked, and nobody else can have got it. So a lock that
is free is made without overwriting; one that is renewed, reclaimed or taken over is overwritten, the number checked,
and, where it is another, the text put back that stood there. A lease of two minutes, by AWS's clock, ends what a
killed run left; the run's owner need not wait for that.
"""

from __future__ import annotations

import getpass
import json
import os
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal, NoReturn, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws.parameters import Parameter, Parameters
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Refused, Throttled, Unreachable
from ansible_collections.offramp.ecs.plugins.module_utils.engine.hold import NOTHING, Hold
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import Options

ABOUT: Options = {
    "stage": {"type": "str", "required": True},
    "app": {"type": "str", "required": True},
    "purpose": {"type": "str", "required": True},
    "owner": {"type": "str", "default": ""},
    "break_it": {"type": "bool", "default": False},
    "lease": {"type": "float", "default": 120.0},
}
"""Which lock, and for whom."""
LOCK: Options = {"lock": {"type": "dict", "options": ABOUT}}
"""The lock that a module's changes need (documentation fragment ``offramp.ecs.lock``)."""

Standing = Literal["free", "ours", "left", "expired", "theirs", "foreign"]
"""How a lock stands to a run. ``left``: by a dead run of the same owner. ``foreign``: it is no lock at all."""

_RENEWED_AFTER = 1 / 2
"""Of a lease."""
_TRIES = 3
_WHY = {"left": "that run is dead", "expired": "its lease was over", "theirs": "by order"}
_BREAKING = "-e offramp_break_lock=true takes the lock all the same, and stops whoever has it."


@dataclass(frozen=True)
class Run:
    """Who runs: a person or job, which a later run finds again, on a host, in a process (see :func:`process_of`)."""

    owner: str
    host: str
    process: str


@dataclass(frozen=True)
class Held:
    """What a lock says; moments are in UTC, to the second."""

    owner: str
    host: str
    process: str
    purpose: str
    since: str
    until: str

    def of(self, run: Run) -> bool:
        """Whether this very run has it."""
        return (self.owner, self.host, self.process) == (run.owner, run.host, run.process)

    def text(self) -> str:
        """As the parameter holds it."""
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Asked:
    """A lock and who asks for it; ``lease`` is in seconds."""

    stage: str
    app: str
    purpose: str
    run: Run
    break_it: bool
    lease: float

    @property
    def name(self) -> str:
        """The parameter's name."""
        return f"/offramp/{self.stage}/{self.app}/lock"

    @property
    def target(self) -> str:
        """The lock for a person."""
        return f"lock of app {self.stage}/{self.app}"


def asked(about: Mapping[str, Any]) -> Asked:
    """What a module's :data:`ABOUT` options ask for, in the name of whoever runs this."""
    run = Run(owner_of(about["owner"], os.environ), platform.node(), process_of(os.getppid()))
    return Asked(about["stage"], about["app"], about["purpose"], run, about["break_it"], about["lease"])


def hold(params: Mapping[str, Any], door: Door) -> Hold:
    """The lock that a module's option :data:`LOCK` names; nothing where it names none."""
    about = params.get("lock")
    return Lock(asked(about), Parameters(params["region"], door)) if about else NOTHING


def owner_of(given: str, environment: Mapping[str, str]) -> str:
    """A name that a later run of the same person or job has, too: the given one, GitLab's job, or user@host.

    A job of GitLab that is retried has the same pipeline and name
    (https://docs.gitlab.com/ci/variables/predefined_variables/).
    """
    if given:
        return given
    if "CI_PIPELINE_ID" in environment:
        of = {name: environment.get(name, "") for name in ("CI_JOB_NAME", "CI_PROJECT_PATH")}
        return f"GitLab job {of['CI_JOB_NAME']} of {of['CI_PROJECT_PATH']}, pipeline {environment['CI_PIPELINE_ID']}"
    return f"{_user()}@{platform.node()}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user need not be known to it
        return str(os.getuid())


def process_of(number: int) -> str:
    """A process by its number and the moment of its start, in the kernel's ticks where there is /proc."""
    return f"{number} {_start_of(number)}".strip()


def is_alive(process: str) -> bool:
    """Whether a process of this host still runs."""
    number = int(process.partition(" ")[0])
    try:
        os.kill(number, 0)
    except PermissionError:
        return process_of(number) == process
    except OSError:
        return False
    return process_of(number) == process


def _start_of(number: int) -> str:
    """ "" where that cannot be told, or the process is a zombie."""
    try:
        fields = Path(f"/proc/{number}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]


def standing(held: Optional[Held], run: Run, now: float, alive: Callable[[str], bool]) -> Standing:
    """How a lock stands to a run at a moment; ``alive`` tells of a process on the run's own host."""
    if held is None:
        return "free"
    if held.of(run):
        return "ours"
    if held.owner == run.owner and (held.host != run.host or not alive(held.process)):
        return "left"
    return "expired" if _seconds(held.until) <= now else "theirs"


def read(text: str) -> Optional[Held]:
    """What a parameter's text says; None where it is not one of ours."""
    try:
        held = Held(**json.loads(text))
        _seconds(held.until)
        int(held.process.partition(" ")[0])
    except (AttributeError, TypeError, ValueError):
        return None
    return held


@dataclass(frozen=True)
class Look:
    """A lock at one moment: its parameter, what that says, and how it stands to us."""

    parameter: Optional[Parameter]
    held: Optional[Held]
    standing: Standing


class Lock:
    """One app's lock, for one run."""

    def __init__(self, asked_for: Asked, parameters: Parameters) -> None:
        self._asked, self._parameters = asked_for, parameters
        self._ours: Optional[tuple[Held, int]] = None
        """What we know to have written, or read as ours, with its version."""
        self._renewed = self._aws_minus_ours = 0.0
        self.news: list[str] = []

    def look(self) -> Look:
        """One read."""
        found = self._parameters.read(self._asked.name)
        self._aws_minus_ours = self._parameters.moment - time.monotonic()
        held = read(found.text) if found else None
        if found and held is None:
            return Look(found, None, "foreign")
        return Look(found, held, standing(held, self._asked.run, self._now(), is_alive))

    def is_fresh(self, held: Held) -> bool:
        """Whether its lease need not be renewed yet."""
        return _seconds(held.until) - self._now() > self._asked.lease * (1 - _RENEWED_AFTER)

    def secure(self) -> None:
        """See :class:`engine.hold.Hold`: one read, and a write or a few where it is not ours yet, or not for long."""
        for _ in range(_TRIES):
            look = self.look()
            if self._ours is not None and look.standing != "ours":
                self._lost(look)
            if look.standing in ("theirs", "foreign") and not self._asked.break_it:
                break
            if look.parameter and look.held and look.standing == "ours" and self.is_fresh(look.held):
                self._note(look.held, look.parameter.version)
                return
            if self._taken(look):
                return
        raise _refusal(self._asked, look)

    def keep(self) -> None:
        """See :class:`engine.hold.Hold`: one write when half of the lease has passed."""
        if self._ours is None:
            self.secure()
        elif time.monotonic() - self._renewed >= self._asked.lease * _RENEWED_AFTER:
            held, version = self._ours
            try:
                renewed = self._overwritten(Parameter(held.text(), version), since=held.since)
            except (Throttled, Unreachable):
                if _seconds(held.until) <= self._now():
                    raise
                return  # nobody may take it yet; the next look tries again
            if not renewed:
                self._lost(self.look())

    def free(self) -> None:
        """Let go of it, where it is ours or was left by a dead run of ours."""
        look = self.look()
        if look.parameter is None or look.held is None or look.standing not in ("ours", "left"):
            return
        # Where others may be about to take it over, they are to notice: their write would get another number now.
        certain = look.standing == "ours" and self.is_fresh(look.held)
        if certain or self._overwritten(look.parameter, since=look.held.since):
            self._parameters.delete(self._asked.name)
            self._ours = None

    def _taken(self, look: Look) -> bool:
        """Whether it became ours; where not, somebody was quicker."""
        now = _moment(self._now())
        if look.parameter is None:
            wanted = self._wanted(now)
            created = self._parameters.create(self._asked.name, wanted.text())
            if created:
                self._note(wanted, 1)
            return created
        if look.held and look.standing == "ours":
            return self._overwritten(look.parameter, since=look.held.since)
        taken = self._overwritten(look.parameter, since=now)
        if taken and look.held:
            had = f"{look.held.owner}, who had it for {look.held.purpose} since {look.held.since}"
            self.news.append(f"The {self._asked.target}: taken from {had} ({_WHY[look.standing]})")
        return taken

    def _overwritten(self, before: Parameter, *, since: str) -> bool:
        """Write where ``before`` was read; whether nobody wrote in between. Else what they wrote is put back.

        The number alone does not tell of a lock that was deleted and made again, so its text is looked at, too, where
        it was not ours.
        """
        wanted = self._wanted(since)
        version = self._parameters.replace(self._asked.name, wanted.text())
        ours = self._ours is not None or self._text_at(before.version) == before.text
        # Ours twice: the answer to the first was lost, so boto3 wrote again.
        if ours and (version == before.version + 1 or self._text_at(before.version + 1) == wanted.text()):
            self._note(wanted, version)
            return True
        theirs = self._text_at(version - 1)
        if theirs:
            self._parameters.replace(self._asked.name, theirs)
        else:
            self._parameters.delete(self._asked.name)
        return False

    def _text_at(self, version: int) -> str:
        found = self._parameters.read(self._asked.name, version) if version else None
        return found.text if found else ""

    def _wanted(self, since: str) -> Held:
        run, until = self._asked.run, _moment(self._now() + self._asked.lease)
        return Held(run.owner, run.host, run.process, self._asked.purpose, since, until)

    def _note(self, held: Held, version: int) -> None:
        self._ours = held, version
        self._renewed = time.monotonic() - self._asked.lease + _seconds(held.until) - self._now()

    def _now(self) -> float:
        return time.monotonic() + self._aws_minus_ours

    def _lost(self, look: Look) -> NoReturn:
        held = look.held
        by = f"{held.owner} took it for {held.purpose} at {held.since}" if held else "somebody deleted it"
        raise Refused(
            f"The {self._asked.target} was broken while this run had it: {by}.",
            target=self._asked.target,
            hint="Nothing more was written. Find out who works on the app, then run again.",
        )


def _refusal(asked_for: Asked, look: Look) -> Refused:
    held, target = look.held, asked_for.target
    if held is None:
        return Refused(
            f"Parameter {asked_for.name} is no lock of ours: somebody else wrote it, or writes it all the time.",
            target=target,
            hint=f"Find out who does. {_BREAKING}",
        )
    return Refused(
        f"The {target} is not free: {held.owner} has it for {held.purpose}, since {held.since} and until {held.until}, "
        "and longer while that run lives.",
        target=target,
        hint=f"Wait for its end. {_BREAKING}",
    )


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds(moment: str) -> float:
    return datetime.strptime(moment, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp()
