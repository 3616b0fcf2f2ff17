"""Whether a case came out as it says: rules without a world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.live.case import Case, Final, Run, Serving, Windows

Line = dict[str, Any]
"""Of a ledger."""
KILLED = -9


@dataclass(frozen=True)
class Ran:
    """What came of one run: its exit code, its ledger, the sentences of its failure, and lines that are none.

    ``struck``: whether its faults struck. Times are in seconds since the epoch.
    """

    code: int
    ledger: list[Line]
    sentences: list[str]
    unclear: list[str]
    struck: bool
    began: float
    ended: float

    @property
    def verdict(self) -> str:
        """The last verdict of a rollout or of the traffic; "" where it came to none."""
        told = [line[noun] for line in self.ledger for noun in ("rollout", "health") if noun in line]
        return str(told[-1]["verdict"]) if told else ""

    @property
    def given_up(self) -> set[str]:
        """The task definitions whose rollout came to a bad end."""
        told = [line["rollout"] for line in self.ledger if "rollout" in line]
        return {each["task_definition"] for each in told if each["verdict"] in ("rolled_back", "failed")}

    @property
    def judged(self) -> float:
        """Seconds of traffic that the last verdict on the traffic had seen."""
        told = [line["health"] for line in self.ledger if "health" in line]
        return float(told[-1]["seen"]) if told else 0.0

    @property
    def changes(self) -> list[str]:
        """Verb and target of each change."""
        return [f"{line['verb']} {line['target']}" for line in self.ledger if line["entry"] == "change"]


@dataclass(frozen=True)
class Service:
    """What a service runs: the tag of its image, tasks that it is to have and that run, deployments under way."""

    image: str
    desired: int
    running: int
    deployments: int


@dataclass(frozen=True)
class World:
    """The world when all runs were over.

    ``differ`` are the configuration keys with other values on AWS than on Heroku, ``locks`` the names of the locks
    that are left, ``served`` counts requests by side since the second after the last write of weights.
    """

    services: dict[str, Service]
    share: float
    differ: list[str]
    locks: list[str]


@dataclass(frozen=True)
class Traffic:
    """What the visitors counted: in all, and by side since the second after the last write of weights."""

    requests: int
    failed: int
    reasons: dict[str, int]
    late: dict[str, int]


def faults_of_run(run: Run, ran: Ran) -> list[str]:
    """What a run did otherwise than its case says, in sentences."""
    found = [f"'{run.command}' said: {line}" for line in ran.unclear]
    ended = {0: "well", KILLED: "killed"}.get(ran.code, "failed")
    if ended != run.ends:
        found.append(f"'{run.command}' ended {ended} ({ran.code}), not {run.ends}: {ran.sentences}")
    if run.faults and not ran.struck:
        found.append(f"no fault struck '{run.command}'")
    if run.verdict is not None and ran.verdict != run.verdict:
        found.append(f"'{run.command}' has the verdict '{ran.verdict}', not '{run.verdict}'")
    said = " ".join([*ran.sentences, *(line["hint"] for line in ran.ledger if line["entry"] == "failure")])
    found += [f"'{run.command}' does not say '{words}': {said}" for words in run.says if words not in said]
    if run.windows is not None:
        found += _too_late(run, ran, run.windows)
    if run.changes is not None and ran.changes != run.changes:
        found.append(f"'{run.command}' changed {ran.changes}, not {run.changes}")
    return found


def _too_late(run: Run, ran: Ran, windows: Windows) -> list[str]:
    judged = ran.judged / windows.of
    return [f"'{run.command}' judged {judged:g} windows, not {windows.most}"] if judged > windows.most else []


def faults_of_world(final: Final, world: World) -> list[str]:
    """What the world holds otherwise than a case says, in sentences."""
    found = [f"the lock {name} is left" for name in world.locks]
    for name, wanted in (("web", final.web), ("worker", final.worker)):
        service = world.services.get(name)
        if service is not None and service.deployments > 1:
            found.append(f"{name} has {service.deployments} deployments under way")
        if wanted is not None:
            found += _misserved(name, wanted, service)
    if final.share is not None and world.share != final.share:
        found.append(f"AWS gets {world.share:g} % of the traffic, not {final.share} %")
    if final.differ is not None and world.differ != sorted(final.differ):
        found.append(f"AWS and Heroku differ in {world.differ}, not in {sorted(final.differ)}")
    return found


def _misserved(name: str, wanted: Serving, service: Service | None) -> list[str]:
    if service is None:
        return [f"there is no service {name}"]
    found = []
    if wanted.image is not None and service.image != wanted.image:
        found.append(f"{name} runs {service.image}, not {wanted.image}")
    if (service.desired, service.running) != (wanted.tasks, wanted.tasks):
        found.append(f"{name} runs {service.running} of {service.desired} tasks, not {wanted.tasks}")
    return found


def faults_of_traffic(case: Case, traffic: Traffic) -> list[str]:
    """What the visitors saw otherwise than a case says, in sentences."""
    most, found = case.failed.most if case.failed else 0, []
    if not traffic.requests:
        found.append("there were no visitors")
    if traffic.failed > most:
        found.append(f"{traffic.failed} of {traffic.requests} requests failed, not {most}: {traffic.reasons}")
    if side := case.ends.served_by:
        found += _not_served_by(side, traffic.late)
    return found


def _not_served_by(side: str, late: dict[str, int]) -> list[str]:
    others = sum(count for name, count in late.items() if name != side)
    if not late.get(side):
        return [f"{side} served nobody at the end"]
    return [f"{others} requests at the end were not served by {side}: {late}"] if others else []


def recovery(bad: Sequence[Line]) -> float | None:
    """Seconds from the first failed task to the last one's end, of the stopped tasks of what was released."""
    failed = [task["stoppingAt"].timestamp() for task in bad]
    gone = [task["stoppedAt"].timestamp() for task in bad]
    return round(max(gone) - min(failed), 1) if bad else None
