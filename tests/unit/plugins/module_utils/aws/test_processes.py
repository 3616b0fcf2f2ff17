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
    ],
    ids=str,
)
def test_what_aws_would_refuse_is_refused_with_what_would_do(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput) as refused:
        processes.check("web", {**GOOD, **wrong})
    assert refused.value.hint == said
