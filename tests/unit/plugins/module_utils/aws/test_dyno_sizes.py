"""Dyno sizes on Fargate."""

from __future__ import annotations

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws import dyno_sizes
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("eco", (256, 512)),
        ("Basic", (256, 512)),
        ("standard-1X", (256, 512)),
        ("Standard-2X", (512, 1024)),
        ("performance-m", (2048, 4096)),
        ("Performance-L", (8192, 16384)),
        ("performance-l-ram", (4096, 30720)),
        ("performance-xl", (16384, 65536)),
        ("private-s", (2048, 4096)),
        ("shield-l", (8192, 16384)),
        ("dyno-1c-0.5gb", (1024, 2048)),
        ("dyno-2c-4gb", (2048, 4096)),
        ("dyno-8c-64gb", (16384, 65536)),
    ],
)
def test_a_dyno_becomes_the_smallest_task_that_has_as_much(name: str, task: tuple[int, int]) -> None:
    assert dyno_sizes.on_fargate(name) == task


@pytest.mark.parametrize("name", [*dyno_sizes.HEROKU, "dyno-1c-8gb", "dyno-16c-64gb"])
def test_no_task_has_less_than_its_dyno(name: str) -> None:
    dyno = dyno_sizes.at_heroku(name)
    assert dyno is not None
    try:
        task = dyno_sizes.on_fargate(name)
    except BadInput:
        assert dyno.memory > 122880
        return
    assert task.memory in dyno_sizes.FARGATE[task.cpu]
    assert (task.cpu >= dyno.cpu, task.memory >= dyno.memory) == (True, True)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("standard-3x", "Heroku has no dyno size standard-3x."),
        ("performance-2xl", "A dyno of size performance-2xl has 16384 CPU units and 129024 MiB of memory; Fargate's"),
        ("dyno-32c-64gb", "A dyno of size dyno-32c-64gb has 32768 CPU units"),
    ],
)
def test_what_has_no_task_is_told(name: str, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        dyno_sizes.on_fargate(name)
    assert refused.value.msg.startswith(said)
    assert "cpu and memory" in refused.value.hint
