"""What Fargate allows of a process type."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws import processes
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from tests.unit.plugins.ecs_parts import process

GOOD = process(port=8080)


@pytest.mark.parametrize(
    "size", [(256, 2048), (512, 1024), (1024, 8192), (2048, 4096), (4096, 30720), (8192, 20480), (16384, 122880)]
)
def test_sizes_of_the_table_pass(size: tuple[int, int]) -> None:
    processes.check("web", {**GOOD, "cpu": size[0], "memory": size[1]})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"cpu": 300}, "Use 256, 512, 1024, 2048, 4096, 8192 or 16384."),
        ({"memory": 4096}, "With 256 CPU units use 512, 1024 or 2048 MiB."),
        ({"cpu": 8192, "memory": 17408}, "With 8192 CPU units use 16384, 20480, ... up to 61440 MiB."),
        ({"stop_timeout": 121}, "Fargate waits at most 120 s."),
        ({"port": 70000}, "Use 1 to 65535."),
        ({"minimum": 5, "maximum": 4}, "Set minimum to no more than maximum."),
        ({"size": "standard-2x", "cpu": 512}, "Give size, or cpu and memory, in release_processes."),
        ({"size": "standard-2x", "memory": 512}, "Give size, or cpu and memory, in release_processes."),
    ],
    ids=str,
)
def test_what_aws_would_refuse_is_refused_with_what_would_do(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput) as refused:
        processes.check("web", {**GOOD, **wrong})
    assert refused.value.hint == said


@pytest.mark.parametrize(
    ("given", "size"),
    [({}, (256, 512)), ({"memory": 1024}, (256, 1024)), ({"size": "standard-2x"}, (512, 1024))],
    ids=str,
)
def test_a_size_is_stated_or_a_dynos(given: dict[str, Any], size: tuple[int, int]) -> None:
    assert processes.size_of("web", process(**given)) == size


def test_an_unknown_size_names_the_process() -> None:
    with pytest.raises(BadInput, match="Process web: Heroku has no dyno size huge"):
        processes.check("web", process(size="huge"))


@pytest.mark.parametrize(("given", "wrong"), [({"port": 80, "command": ["x"]}, "a port"), ({}, "no command")])
def test_the_release_process_is_no_service(given: dict[str, Any], wrong: str) -> None:
    with pytest.raises(BadInput, match=f"Process release has {wrong}"):
        processes.check("release", process(**given))
    assert processes.services_of({"release": 1, "web": 2}) == {"web": 2}
    assert processes.gates_of({"release": 1, "web": 2}) == {"release": 1}
