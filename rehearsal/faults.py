"""Faults by rule: which call goes wrong, and how. One set of rules for all three stand-ins.

A rule file is a list::

    - {service: aws, operation: UpdateService, nth: 2, answer: 500}
    - {operation: "PATCH /zones/{zone}/load_balancers/{id}", caller: offramp.ecs/cloudflare_pool_weights, answer: reset}
    - {service: heroku, kind: read, times: 3, answer: 429}
    - {operation: CreateService, kill: all}

Each rule counts the calls that fit it from the first, also those that another rule strikes; it strikes the ``nth`` and
the ``times - 1`` that follow. Of two that would strike one call the first does, and the other has missed it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from rehearsal.calls import Call, Kind, Service
from rehearsal.state.canonical import without_ids

Answer = Literal[403, 429, 500, "garbage", "hang", "reset"]
Victims = Literal["all", "main"]
ANSWERS: tuple[Answer, ...] = (403, 429, 500, "garbage", "hang", "reset")


class FaultError(ValueError):
    """The rules cannot be used; the message says what, where and what to do."""


class Rule(BaseModel):
    """One rule. What is left out fits every call."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    service: Service | None = None
    operation: str | None = None
    caller: str | None = None
    target: str | None = None
    """As the request log has it, or with ``<kind>`` in place of each id that another world would make otherwise."""
    kind: Kind | None = None
    nth: Annotated[int, Field(ge=1)] = 1
    times: Annotated[int, Field(ge=1)] = 1
    answer: Answer | None = None
    """What the caller gets. ``hang``: nothing, until it gives up; ``reset``: its connection is cut."""
    kill: Victims | None = None
    """Whom SIGKILL ends: the whole run, or only its main process, so that its workers are orphans."""
    after: bool = False
    """The call takes effect first; without it the stand-in never sees it. A kill comes always after the effect."""

    @model_validator(mode="after")
    def _does_one_thing(self) -> Rule:
        if (self.answer is None) == (self.kill is None):
            raise ValueError("a rule says either answer or kill")
        return self

    def fits(self, service: str, call: Call, caller: str) -> bool:
        """Whether this rule counts a call."""
        said = (self.service, self.operation, self.caller, self.kind)
        is_so = (service, call.operation, caller, call.kind)
        is_meant = self.target in (None, call.target) or self.target == without_ids(call.target)
        return is_meant and all(wanted is None or wanted == found for wanted, found in zip(said, is_so, strict=True))


@dataclass
class Strike:
    """A call that the rule at this place struck; ``passed``: a later call that fits it came through unharmed."""

    rule: int
    passed: bool = False


class Faults:
    """The rules in force, with their counts. Safe for use from several threads."""

    def __init__(self, rules: list[Rule] | None = None) -> None:
        self._lock = threading.Lock()
        self._run: int | None = None
        self._orphans: list[int] = []
        self.obey(rules or [])

    def obey(self, rules: list[Rule]) -> None:
        """Put other rules in force; all counts begin anew."""
        with self._lock:
            self._rules = rules
            self._seen = [0] * len(rules)
            self._struck: list[Strike] = []

    @property
    def struck(self) -> list[Strike]:
        """The calls that the rules in force have struck, in their order."""
        with self._lock:
            return list(self._struck)

    def strike(self, service: str, call: Call, caller: str) -> Rule | None:
        """Count a call; returns the rule that strikes it, if one does."""
        with self._lock:
            fitting = [place for place, rule in enumerate(self._rules) if rule.fits(service, call, caller)]
            for place in fitting:
                self._seen[place] += 1
            due = next((place for place in fitting if self._is_due(place)), None)
            if due is not None:
                self._struck.append(Strike(due))
                return self._rules[due]
            for strike in self._struck:
                strike.passed |= strike.rule in fitting
            return None

    def _is_due(self, place: int) -> bool:
        rule = self._rules[place]
        return rule.nth <= self._seen[place] < rule.nth + rule.times

    def aim_at(self, process: int | None) -> None:
        """Name the process that ``kill`` is about: the main process of the run."""
        with self._lock:
            self._run = process

    def kill(self, victims: Victims) -> None:
        """End the run by SIGKILL, or its main process alone. Nothing happens while none is named."""
        with self._lock:
            run = self._run
        if run is None:
            return
        below = descendants(run)
        with self._lock:
            self._orphans = below
        for process in [run] if victims == "main" else [run, *below]:
            _kill(process)

    def orphans(self) -> list[int]:
        """The processes below the one that was killed last, as far as they still live."""
        with self._lock:
            below = set(self._orphans)
        return sorted(below & {child for child, _ in _processes()})


def descendants(process: int) -> list[int]:
    """The ids of all processes below one, parents before children."""
    children: dict[int, list[int]] = {}
    for child, parent in _processes():
        children.setdefault(parent, []).append(child)
    found = [process]
    for parent in found:
        found.extend(children.get(parent, []))
    return found[1:]


def _processes() -> Iterator[tuple[int, int]]:
    """(id, id of the parent) of all processes that live; one that only waits for its parent's look does not."""
    told = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat="], stdout=subprocess.PIPE, text=True, check=True).stdout
    for line in told.splitlines():
        child, parent, status = line.split()
        if not status.startswith("Z"):
            yield int(child), int(parent)


def load_faults(path: Path) -> list[Rule]:
    """Read a rule file.

    Raises:
        FaultError: the file is missing, is not YAML, or does not hold rules.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FaultError(f"The fault file {path} cannot be read: {error.strerror}.") from error
    except yaml.YAMLError as error:
        raise FaultError(f"The fault file {path} is not YAML: {' '.join(str(error).split())}.") from error
    try:
        return TypeAdapter(list[Rule]).validate_python(content or [])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the top level"
        raise FaultError(f"The fault file {path} has a mistake at {where}: {first['msg']}.") from error


def _kill(process: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it ended by itself, just before
        os.kill(process, signal.SIGKILL)
