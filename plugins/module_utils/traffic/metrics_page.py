"""An app's own metrics endpoint: running totals as JSON, read at the end of each period (docs/guard.md has more).

Expressions are JMESPath's (https://jmespath.org/specification.html). Each gives one number, the total over all
instances, or a list of numbers, one for each instance that the expression for the instances names.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Optional

import httpx
import jmespath

from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import (
    BadInput,
    Denied,
    OfframpError,
    Unreachable,
)
from ansible_collections.offramp.ecs.plugins.module_utils.engine.http_door import DoorTransport
from ansible_collections.offramp.ecs.plugins.module_utils.policy.counters import WHOLE, Reading, Totals, counted

TOKEN_VARIABLE = "OFFRAMP_METRICS_TOKEN"  # noqa: S105 - its name, not its value
_PATIENCE_S = 5.0
_LATE, _QUICK_S = 0.25, 0.1
"""The part of a period, and the seconds on top, by which a reading may be late and still be of its moment."""


@dataclass(frozen=True)
class Expressions:
    """JMESPath for an answer: the instances' names, their totals; an empty one is not asked for."""

    instances: str
    requests: str
    errors: str
    slow: str

    def refuse_wrong(self) -> None:
        """Refuse what is no JMESPath.

        Raises:
            BadInput: with the expression.
        """
        for name, text in vars(self).items():
            try:
                jmespath.compile(text or "@")
            except jmespath.exceptions.JMESPathError as error:
                why = str(error).splitlines()[0].rstrip(":. ")
                raise BadInput(
                    f"The expression {text!r} for {name} is no JMESPath: {why}.",
                    target="metrics endpoint",
                    hint="See https://jmespath.org, and docs/guard.md for examples.",
                ) from error

    def read(self, answer: Any, where: str) -> Reading:
        """The totals in an answer.

        Raises:
            BadInput: an expression gives something else than totals.
        """
        names = self._names(answer, where)
        columns = {name: self._column(name, answer, names, where) for name in ("requests", "errors", "slow")}
        rows = zip(columns["requests"], columns["errors"], columns["slow"])
        return {name: Totals(*row) for name, row in zip(names, rows)}

    def _names(self, answer: Any, where: str) -> list[str]:
        if not self.instances:
            return [WHOLE]
        found = jmespath.search(self.instances, answer)
        names = found if isinstance(found, list) else [found]
        if all(isinstance(name, (str, int)) and not isinstance(name, bool) and name != WHOLE for name in names):
            told = [str(name) for name in names]
            if len(set(told)) == len(told):
                return told
        raise _wrong("instances", self.instances, found, "different names of instances", where)

    def _column(self, name: str, answer: Any, names: list[str], where: str) -> list[Any]:
        text = getattr(self, name)
        if name == "slow" and not text:
            return [None] * len(names)
        found = jmespath.search(text, answer)
        numbers = found if isinstance(found, list) else [found]
        if len(numbers) == len(names) and all(_is_total(number) for number in numbers):
            return [int(number) for number in numbers]
        meant = f"{len(names)} whole numbers, one for each instance" if self.instances else "one whole number"
        raise _wrong(name, text, found, meant, where)


Fetch = Callable[[], Any]
"""Gives an endpoint's answer as plain JSON; raises an OfframpError where there is none."""


class MetricsPage:
    """Reads an endpoint at the end of each period, from its start on.

    Args:
        fetch: gives an answer.
        where: the endpoint in a sentence.
        expressions: what to take from an answer.
        period: seconds from one reading to the next, at whole multiples since the epoch.
    """

    remembers = False

    def __init__(self, fetch: Fetch, where: str, expressions: Expressions, period: int) -> None:
        self._fetch, self._where, self._expressions, self._period = fetch, where, expressions, period
        self._readings: dict[int, Optional[Reading]] = {}
        self.trouble = ""
        self._closing = threading.Event()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Read it once, then go on reading.

        Raises:
            BadInput: an expression gives something else than totals.
            OfframpError: the endpoint does not answer.
        """
        self._expressions.read(self._fetch(), self._where)
        threading.Thread(target=self._follow, name="metrics-page", daemon=True).start()

    def counts(self, starts: range) -> dict[int, Optional[tuple[int, ...]]]:
        """What was counted in each period, by its start; None where a reading at one of its ends does not tell."""
        with self._lock:
            return {start: self._between(start, start + starts.step) for start in starts}

    def close(self) -> None:
        """Read no more."""
        self._closing.set()

    def _between(self, start: int, end: int) -> Optional[tuple[int, ...]]:
        before, after = self._readings.get(start), self._readings.get(end)
        if before is None or after is None:
            return None
        earlier = {name for at, reading in self._readings.items() if at < start and reading for name in reading}
        return counted(before, after, earlier - before.keys())

    def _follow(self) -> None:
        while True:
            moment = (int(time.time()) // self._period + 1) * self._period
            if self._closing.wait(max(0.0, moment - time.time())):
                return
            reading, trouble = self._reading(moment)
            with self._lock:
                self._readings[moment], self.trouble = reading, trouble

    def _reading(self, moment: int) -> tuple[Optional[Reading], str]:
        """What the endpoint tells of a moment, or why it does not."""
        try:
            reading = self._expressions.read(self._fetch(), self._where)
        except OfframpError as error:
            return None, error.msg
        if time.time() > moment + _LATE * self._period + _QUICK_S:
            return None, f"{self._where} answers too slowly for periods of {self._period} s."
        return reading, ""


def fetch_of(door: Door, url: str, side: str) -> Fetch:
    """How to read an endpoint on the network; ``OFFRAMP_METRICS_TOKEN`` of the environment goes along as a bearer's."""
    http = httpx.Client(transport=DoorTransport(door, f"the metrics of {side}"), timeout=_PATIENCE_S)
    where = where_of(url, side)

    def fetch() -> Any:
        token = os.environ.get(TOKEN_VARIABLE, "").strip()
        headers = {"Cache-Control": "no-cache", **({"Authorization": f"Bearer {token}"} if token else {})}
        answer = http.get(url, headers=headers)
        if answer.status_code in (401, 403):
            raise Denied(
                f"{where} may not be read ({answer.status_code}).", target=where, hint=f"Set {TOKEN_VARIABLE}."
            )
        try:
            if answer.is_success:
                return answer.json()
        except ValueError:
            pass
        raise Unreachable(
            f"{where} answers {answer.status_code}, and no JSON.",
            target=where,
            hint="Check its address, and that this host may reach it.",
        )

    return fetch


def where_of(url: str, side: str) -> str:
    """An endpoint in a sentence, without what may be secret in its address."""
    parts = httpx.URL(url)
    return f"The metrics endpoint of {side} ({parts.scheme}://{parts.host}{parts.path})"


def _is_total(number: object) -> bool:
    return isinstance(number, (int, float)) and not isinstance(number, bool) and number >= 0 and number == int(number)


def _wrong(name: str, text: str, found: Any, meant: str, where: str) -> BadInput:
    kinds: Mapping[type, str] = {
        dict: "an object",
        list: "a list",
        str: "a text",
        bool: "a truth",
        type(None): "nothing",
    }
    told = kinds.get(type(found), f"{found}"[:40])
    told = f"a list of {len(found)}" if isinstance(found, list) else told
    return BadInput(
        f"{where} gives {told} for {name} ({text!r}), where {meant} must stand.",
        target="metrics endpoint",
        hint="Correct the expression, or what the endpoint tells (docs/guard.md).",
    )
