"""Plays cases in one world: brings it into the state that a case begins in, lets things happen, looks, and judges."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rehearsal.attack import sentences, tracebacks
from rehearsal.home import REQUESTS, VISITORS
from rehearsal.requestlog import Entry, read_log
from rehearsal.running import SEED, RunningWorld, end_with_us
from rehearsal.story import compare_digests
from rehearsal.visits import count_visits
from tests.dry.strangers import CLUSTER, REPOSITORY
from tests.live import judge
from tests.live.case import FRESH, Case, Event, Moment, Run, State
from tests.live.deeds import Deeds
from tests.live.judge import Ran, Service, Traffic, World

ROOT = Path(__file__).resolve().parents[2]
LOOK_S = 0.2
REST_S = 30.0
"""How long the world may take to come to the end that a case says."""
AFTER_S = 3.0
"""How long visitors come after that."""
RUN_S = 300.0
"""No run of a case takes longer, unless something hangs."""
RESULT = "fatal: ["
"""How a failed task's whole result begins: it has the app's own log lines, and its sentence is told once more below."""
SET_BY_THE_RELEASE = {"APP_VERSION"}
WEIGHTS = "offramp.ecs/cloudflare_pool_weights"
SERVICES = ("web", "worker")


@dataclass(frozen=True)
class Outcome:
    """What came of a case: what is not as it says, and its measures (seconds; None where there is nothing to measure).

    ``recovery``: from the first failed task to the old version being the only one; ``readback``: from the last verdict
    on the traffic to the weights that were read back after it.
    """

    name: str
    title: str
    verdict: str
    faults: list[str]
    recovery: float | None
    readback: float | None
    requests: int
    failed: int
    took: float


class Process:
    """A run under way."""

    def __init__(self, run: Run, popen: subprocess.Popen[bytes], ledger: Path, output: Path) -> None:
        self.run, self.popen, self._ledger, self._output = run, popen, ledger, output
        self.began, self.ended = time.time(), 0.0
        self.struck = False

    def over(self) -> bool:
        """Whether it has ended."""
        if self.popen.poll() is None:
            if time.time() - self.began > RUN_S:
                self.popen.kill()
            return False
        self.ended = self.ended or time.time()
        return True

    def told(self) -> Ran:
        """What it told of itself."""
        text = self._output.read_text(errors="replace")
        lines = [line for path in sorted(self._ledger.glob("*.jsonl")) for line in path.read_text().splitlines()]
        return Ran(
            code=self.popen.returncode,
            ledger=[json.loads(line) for line in lines],
            sentences=sentences(text),
            unclear=tracebacks("\n".join(line for line in text.splitlines() if not line.startswith(RESULT))),
            struck=self.struck,
            began=self.began,
            ended=self.ended,
        )


class Tail:
    """The calls of the collection from now on, by operation: the log is long, and is read once."""

    def __init__(self, log: Path) -> None:
        self._log, self._at = log, log.stat().st_size
        self._made: Counter[str] = Counter()

    def made(self, operation: str) -> int:
        """How many calls of an operation were answered since."""
        with self._log.open("rb") as file:
            file.seek(self._at)
            lines = [line for line in file if line.endswith(b"\n")]
        self._at += sum(map(len, lines))
        calls = [Entry(**json.loads(line)) for line in lines]
        self._made.update(each.operation for each in calls if each.caller.startswith("offramp.ecs/"))
        return self._made[operation]


class Stage:
    """One world and its home, in which outputs and ledgers stay."""

    def __init__(self, world: RunningWorld, home: Path, states: dict[str, State]) -> None:
        self._world, self._home, self._states = world, home, states
        self._deeds = Deeds(world)
        world.order(snapshot=FRESH)
        self._kept = {FRESH}

    def play(self, name: str, case: Case) -> Outcome:
        """Play a case and judge it."""
        self._bring(case.given)
        self._world.visit(case.rate)
        started, before = time.time(), count_visits(self._home / VISITORS)
        processes, missed = _Play(self, case, name).through()
        ran = [process.told() for process in processes]
        self._world.order(faults=[])  # the world is asked by calls, too
        world = self._at_the_end(case)
        time.sleep(AFTER_S)
        self._world.visit(0)
        visits = count_visits(self._home / VISITORS)
        traffic = Traffic(
            requests=visits.requests - before.requests,
            failed=visits.failed - before.failed,
            reasons=dict(Counter(visits.reasons) - Counter(before.reasons)),
            late=self._late(started),
        )
        faults = [fault for each, told in zip(case.runs, ran, strict=True) for fault in judge.faults_of_run(each, told)]
        faults += [*missed, *judge.faults_of_world(case.ends, world), *judge.faults_of_traffic(case, traffic)]
        return Outcome(
            name=name,
            title=case.title,
            verdict=next((each.verdict for each in reversed(ran) if each.verdict), ""),
            faults=faults,
            recovery=self._recovery({arn for each in ran for arn in each.given_up}),
            readback=self._readback(ran),
            requests=traffic.requests,
            failed=traffic.failed,
            took=round(time.time() - started, 1),
        )

    # ---- states

    def _bring(self, name: str) -> None:
        """Let the world be in a state, which is made when it is first asked for."""
        if name not in self._kept:
            self._make(name)
        self._world.order(restore=name)

    def _make(self, name: str) -> None:
        state = self._states[name]
        self._bring(state.after)
        for number, step in enumerate(state.by, 1):
            if isinstance(step, str):
                process = self.start(Run(command=step, ends="well"), f"{name}-made-{number}")
                assert process.popen.wait() == 0, f"The state '{name}' cannot be made: {process.told().sentences}"
            else:
                self._deeds.do(step)
        self._world.order(snapshot=name)
        self._kept.add(name)

    # ---- what a play needs

    def start(self, run: Run, name: str) -> Process:
        """Begin a run; a fault that kills is about the one that began last."""
        ledger, output = self._home / "ledger" / name, self._home / f"{name}.log"
        shutil.rmtree(ledger, ignore_errors=True)  # of an earlier world in this home
        environment = {**self._world.tool_environment(), "OFFRAMP_LEDGER": str(ledger), "ANSIBLE_FORCE_COLOR": "0"}
        if run.faults:
            self._world.order(faults=[rule.model_dump() for rule in run.faults])
        with output.open("w") as file:
            popen = subprocess.Popen(
                ["ansible-playbook", "-i", "inventories/rehearsal", *run.words],
                cwd=ROOT,
                env=environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                preexec_fn=end_with_us,
            )
        self._world.order(run=popen.pid)
        return Process(run, popen, ledger, output)

    def finish(self, process: Process) -> None:
        """Take away the faults of a run that has ended."""
        if process.run.faults:
            process.struck = bool(self._world.order(struck=True))
            self._world.order(faults=[])

    def do(self, event: Event) -> None:
        """Let an event happen."""
        self._deeds.do(event.do)

    def share(self) -> float:
        """Percent of the traffic that goes to AWS by the weights."""
        return self._deeds.share()

    @property
    def log(self) -> Path:
        """The request log."""
        return self._home / REQUESTS

    # ---- the end

    def _at_the_end(self, case: Case) -> World:
        """The world as soon as it is as the case says, or when it has had the time for that."""
        until = time.monotonic() + REST_S
        while judge.faults_of_world(case.ends, world := self._look(case)) and time.monotonic() < until:
            time.sleep(LOOK_S)
        return world

    def _look(self, case: Case) -> World:
        digests = compare_digests(self._world.environment, self._home, SEED) if case.ends.differ is not None else None
        return World(
            services={name: found for name in SERVICES if (found := self._service(name))},
            share=self._deeds.share(),
            differ=sorted({*digests.differ, *digests.only_aws} - SET_BY_THE_RELEASE) if digests else [],
            locks=self._locks(),
        )

    def _locks(self) -> list[str]:
        """The parameters that are left: what holds a lock is one, and there are no others here."""
        tables = self._world.order(state=True)["aws"]
        return [name for table, rows in tables.items() if table.startswith("ssm.") for name in rows]

    def _service(self, name: str) -> Service | None:
        ecs = self._deeds.stranger.aws("ecs")
        found = ecs.describe_services(cluster=CLUSTER, services=[f"bond-server-{name}"])["services"]
        if not found:
            return None
        definition = ecs.describe_task_definition(taskDefinition=found[0]["taskDefinition"])["taskDefinition"]
        digest = definition["containerDefinitions"][0]["image"].rpartition("@")[2]
        tags = {each["imageDigest"]: each["imageTag"] for each in self._images()}
        return Service(
            image=tags.get(digest, digest),
            desired=found[0]["desiredCount"],
            running=found[0]["runningCount"],
            deployments=len(found[0]["deployments"]),
        )

    def _images(self) -> list[Any]:
        images: list[Any] = self._deeds.stranger.aws("ecr").list_images(repositoryName=REPOSITORY)["imageIds"]
        return [each for each in images if "imageTag" in each]

    def _late(self, started: float) -> dict[str, int]:
        """Requests by side since the second after the last write of weights."""
        writes = [each.at for each in self._since(started) if each.caller == WEIGHTS and each.kind == "write"]
        late: Counter[str] = Counter()
        for line in (self._home / VISITORS).read_text().splitlines() if writes else []:
            second = json.loads(line)
            if second["second"] > writes[-1] + 1:
                late.update({side: counts["requests"] for side, counts in second["sides"].items()})
        return dict(late)

    def _recovery(self, given_up: set[str]) -> float | None:
        """Of the tasks of revisions that were given up."""
        ecs = self._deeds.stranger.aws("ecs")
        arns = ecs.list_tasks(cluster=CLUSTER, desiredStatus="STOPPED")["taskArns"] if given_up else []
        tasks = ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"] if arns else []
        return judge.recovery([task for task in tasks if task["taskDefinitionArn"] in given_up and "stoppedAt" in task])

    def _readback(self, ran: list[Ran]) -> float | None:
        """From the last verdict on the traffic to the read of the weights that were written after it."""
        verdicts = [
            datetime.fromisoformat(line["at"]).timestamp() for each in ran for line in each.ledger if "health" in line
        ]
        calls = [each for each in self._since(max(verdicts)) if each.caller == WEIGHTS] if verdicts else []
        if not any(each.kind == "write" for each in calls):
            return None
        return round(calls[-1].at - max(verdicts), 2)

    def _since(self, moment: float) -> list[Entry]:
        return [each for each in read_log(self.log) if each.at > moment]


class _Play:
    """The course of one case: its runs, and what happens meanwhile."""

    def __init__(self, stage: Stage, case: Case, name: str) -> None:
        self._stage, self._case, self._name = stage, case, name.replace("/", "-")
        self._began = time.monotonic()
        self._calls = Tail(stage.log)
        self._since: dict[Moment, float] = {}
        self._processes: dict[int, Process] = {}
        self._events = list(case.meanwhile)

    def through(self) -> tuple[list[Process], list[str]]:
        """Play it to the end; the runs in the case's order, and what did not happen, in sentences."""
        for place, run in enumerate(self._case.runs):
            if run.at is None:
                self._start(place)
                self._until(self._processes[place].over)
                self._stage.finish(self._processes[place])
        self._until(lambda: not self._is_coming() and all(process.over() for process in self._processes.values()))
        missed = [f"it never came to {event.at}" for event in self._events]
        for place, run in enumerate(self._case.runs):
            if place not in self._processes:
                missed.append(f"it never came to {run.at}")
                self._start(place)
                self._until(self._processes[place].over)
        return [self._processes[place] for place in sorted(self._processes)], missed

    def _start(self, place: int) -> None:
        self._processes[place] = self._stage.start(self._case.runs[place], f"{self._name}-{place + 1}")

    def _until(self, over: Callable[[], bool]) -> None:
        while not over():
            self._tend()
            time.sleep(LOOK_S)

    def _tend(self) -> None:
        """Do what is due."""
        for event in [each for each in self._events if self._has_come(each.at)]:
            self._events.remove(event)
            self._stage.do(event)
        for place, run in enumerate(self._case.runs):
            if run.at is not None and place not in self._processes and self._has_come(run.at):
                self._start(place)

    def _is_coming(self) -> bool:
        """Whether a moment will come that has not: its call or share was seen, and its seconds are not over."""
        runs = [run.at for place, run in enumerate(self._case.runs) if run.at and place not in self._processes]
        return any(moment in self._since for moment in [*runs, *(event.at for event in self._events)])

    def _has_come(self, moment: Moment) -> bool:
        """Whether a moment has come: its seconds count since its call or share was first seen."""
        if moment not in self._since and self._is_reached(moment):
            self._since[moment] = self._began if moment == Moment(seconds=moment.seconds) else time.monotonic()
        return moment in self._since and time.monotonic() - self._since[moment] >= moment.seconds

    def _is_reached(self, moment: Moment) -> bool:
        if moment.call is not None:
            return self._calls.made(moment.call) >= moment.nth
        return moment.share is None or self._stage.share() >= moment.share
