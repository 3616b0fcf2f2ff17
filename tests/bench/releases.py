"""Releases, good and bad, by three ways on the same world: ours, PyPI's ecs-deploy, and stock modules.

All three release the web process of an app that serves all visitors on ground that ours made, with its circuit breaker
on and the version v42 in force. ``ecs-deploy`` is told to roll back. The stock way is stock/deploy.yml: it pins the
secret's version, and waits until no rollout is under way, as side_by_side.py says.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rehearsal.running import SEED
from tests.bench.document import circumstances, ratio, table
from tests.bench.measure import Bench, Run, Way, bench, median
from tests.bench.side_by_side import StockError, stock_environment, stock_way
from tests.contract.strangers.environment import HOME
from tests.dry.strangers import CLUSTER, REPOSITORY, WEB, Stranger

START = "start"
GIVEN = (
    ("playbooks/provision.yml", "playbooks/copy.yml", "playbooks/release.yml"),
    ("playbooks/shift.yml", "-e", "@tests/chaos/few_steps.yml"),
)
ECS_DEPLOY = HOME / "python" / "bin" / "ecs"
PATIENCE_S = 120
"""How long ecs-deploy waits; ours and the stock way wait 90 and 60 s here."""
SETTLE_S = 60.0
OURS = "ours"


@dataclass(frozen=True)
class Build:
    """What is released: its tag, what serves after a right release, and what names the cause where it is bad."""

    told: str
    tag: str
    serves: str = "v42"
    why: str = ""


BUILDS = (
    Build("good", "v41", serves="v41"),
    Build("crashes on start", "v43-crashes", why=r"exit code:? 1\b"),
    Build("never healthy", "v44-never-healthy", why=r"codes: \[503\]"),
    Build("dies after 3 s", "v48-dies-soon", why=r"exit code:? 1\b"),
    Build("no such image", "v99", why=r"has no image v99|v99: not found|CannotPull"),
)


@dataclass(frozen=True)
class Done:
    """A release, and the tag that serves when the world has come to rest."""

    run: Run
    serves: str


def measure(rounds: int) -> str:
    """Measure, and tell it as a section of the document."""
    pins, load = stock_environment(), os.getloadavg()[0]
    if not ECS_DEPLOY.exists():
        raise StockError("ecs-deploy is absent, so this part is left out: `.ci/strangers` gets it.")
    done: dict[tuple[str, str], list[Done]] = {}
    with bench(SEED) as world:
        for options in GIVEN:
            world.run(Way(["ansible-playbook", "-i", "inventories/rehearsal", *options]))
        world.world.order(snapshot=START)
        stranger = Stranger(world.world.environment)
        registry = stranger.output("offramp-production-bond-server", "RepositoryUri")
        for _ in range(rounds):
            for build in BUILDS:
                for name, way in _ways(build, registry).items():
                    print(f"  {build.told}: {name}", flush=True)
                    world.world.order(restore=START)
                    done.setdefault((build.told, name), []).append(_released(world, way, stranger))
    return _report(done, f"{circumstances(rounds, load)} ecs-deploy 1.17.0; {pins}.")


def _ways(build: Build, registry: str) -> dict[str, Way]:
    ours = ["ansible-playbook", "playbooks/release.yml", "-i", "inventories/rehearsal"]
    image = ["--image", "web", f"{registry}:{build.tag}", "--env", "web", "APP_VERSION", build.tag]
    theirs = [str(ECS_DEPLOY), "deploy", CLUSTER, WEB, *image, "--region", "eu-west-1", "--rollback"]
    return {
        OURS: Way([*ours, "-e", "@tests/bench/web_alone.yml", "-e", f"release_image={build.tag}"]),
        "ecs-deploy": Way([*theirs, "--timeout", str(PATIENCE_S)]),
        "stock": stock_way("deploy.yml", "-e", f"image={build.tag}"),
    }


def _released(world: Bench, way: Way, stranger: Stranger) -> Done:
    run = world.attempt(way)
    until = time.monotonic() + SETTLE_S
    while not _at_rest(service := _service(stranger)) and time.monotonic() < until:
        time.sleep(0.5)
    return Done(run, _tag(stranger, service) if _at_rest(service) else "nothing settled")


def _service(stranger: Stranger) -> Any:
    return stranger.aws("ecs").describe_services(cluster=CLUSTER, services=[WEB])["services"][0]


def _at_rest(service: Any) -> bool:
    return len(service["deployments"]) == 1 and service["runningCount"] == service["desiredCount"]


def _tag(stranger: Stranger, service: Any) -> str:
    """The tag of what a service runs, "nothing" where it is to run no task."""
    definition = stranger.aws("ecs").describe_task_definition(taskDefinition=service["taskDefinition"])
    image = definition["taskDefinition"]["containerDefinitions"][0]["image"]
    images = stranger.aws("ecr").list_images(repositoryName=REPOSITORY)["imageIds"]
    tags = {each["imageDigest"]: each["imageTag"] for each in images if "imageTag" in each}
    tag = tags.get(image.rpartition("@")[2], image.rpartition(":")[2])
    return str(tag) if service["desiredCount"] else "nothing"


def _report(done: dict[tuple[str, str], list[Done]], measured: str) -> str:
    rows = [_row(build, name, done) for build in BUILDS for told, name in done if told == build.told]
    head = ["release", "by", "run ends", "says why", "serves after it", "wall s", "/ ours", "calls", "/ ours"]
    return f"""## Releases, good and bad: ours, ecs-deploy and stock modules

{measured}

One web service of two tasks that serves all visitors, with the circuit breaker on, is given another image. WRONG is a
run that does not fail where the release is bad, and a version that should not serve when the world has come to rest.
Ours also resolves the tag, checks what tasks need, and brings the scaling in line; it looks every half a second here
(15 s by default) and goes on for 10 s after a release is complete (60 by default). The stock way reads the
config vars.

{table([*head, "failed requests"], rows)}
"""


def _row(build: Build, name: str, done: dict[tuple[str, str], list[Done]]) -> Sequence[str]:
    mine, theirs = ([each.run for each in done[build.told, way]] for way in (OURS, name))
    wall, calls = median(theirs, _wall), median(theirs, _calls)
    ends = sorted({each.serves for each in done[build.told, name]})
    good = all((run.code != 0) == bool(build.why) for run in theirs)
    says = "" if not build.why else "yes" if all(re.search(build.why, run.said) for run in theirs) else "no"
    return [
        build.told,
        name,
        f"{'well' if theirs[0].code == 0 else 'failed'}{'' if good else ': WRONG'}",
        says,
        f"{', '.join(ends)}{'' if ends == [build.serves] else ': WRONG'}",
        f"{wall:.1f}",
        ratio(wall, median(mine, _wall)),
        f"{calls:.0f}",
        ratio(calls, median(mine, _calls)),
        str(sum(run.failed_visits for run in theirs)),
    ]


def _wall(run: Run) -> float:
    return run.wall


def _calls(run: Run) -> float:
    return len(run.entries)
