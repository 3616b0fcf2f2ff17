"""What Heroku's dyno sizes are on Fargate: the smallest task that has at least as much memory and CPU.

Memory is as Heroku states it. Its "compute" says how much CPU there is: 12x of it are the two vCPU of a Performance-M,
and a dyno that shares its CPU counts 1x as a quarter (https://devcenter.heroku.com/articles/dyno-types). The sizes of
the Fir generation say both in their names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput


def _sizes(start: int, end: int, step: int) -> tuple[int, ...]:
    return tuple(range(start, end + 1, step))


FARGATE: Mapping[int, tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: _sizes(1024, 4096, 1024),
    1024: _sizes(2048, 8192, 1024),
    2048: _sizes(4096, 16384, 1024),
    4096: _sizes(8192, 30720, 1024),
    8192: _sizes(16384, 61440, 4096),
    16384: _sizes(32768, 122880, 8192),
}
"""CPU units -> MiB of memory (Amazon ECS developer guide, "Task size")."""


class Size(NamedTuple):
    """CPU units (1024 are one vCPU) and MiB of memory."""

    cpu: int
    memory: int


_GIB = 1024
_DEDICATED = {
    "s": Size(2048, 1 * _GIB),
    "m": Size(2048, 5 * _GIB // 2),
    "l": Size(8192, 14 * _GIB),
    "l-ram": Size(4096, 30 * _GIB),
    "xl": Size(8192, 62 * _GIB),
    "2xl": Size(16384, 126 * _GIB),
}
_SHARED = {
    "eco": Size(256, 512),
    "basic": Size(256, 512),
    "standard-1x": Size(256, 512),
    "standard-2x": Size(512, 1024),
}
HEROKU: Mapping[str, Size] = {
    **_SHARED,
    **{f"performance-{name}": size for name, size in _DEDICATED.items() if name != "s"},
    **{f"{kind}-{name}": size for kind in ("private", "shield") for name, size in _DEDICATED.items()},
}
"""Dyno size in lower case -> what it has at Heroku."""
_FIR = re.compile(r"dyno-(?P<cores>\d+)c-(?P<gib>\d+(?:\.5)?)gb")
_NAMED = ("standard-1x", "standard-2x", "performance-m", "performance-l")


def at_heroku(name: str) -> Optional[Size]:
    """What a dyno of a size has; None where there is no such size."""
    found = _FIR.fullmatch(name.lower())
    if found:
        return Size(int(found["cores"]) * 1024, int(float(found["gib"]) * _GIB))
    return HEROKU.get(name.lower())


def on_fargate(name: str) -> Size:
    """The task that takes the place of a dyno of this size.

    Raises:
        BadInput: Heroku has no such size, or Fargate no task as large.
    """
    dyno = at_heroku(name)
    if dyno is None:
        raise BadInput(
            f"Heroku has no dyno size {name}.",
            target=f"size {name}",
            hint=f"Use {', '.join(_NAMED)} or another of Heroku's sizes, or give cpu and memory.",
        )
    fits = [Size(cpu, memory) for cpu, sizes in FARGATE.items() for memory in sizes if cpu >= dyno.cpu]
    large = [size for size in fits if size.memory >= dyno.memory]
    if not large:
        most = f"Fargate's largest task has {max(FARGATE)} and {FARGATE[max(FARGATE)][-1]}"
        raise BadInput(
            f"A dyno of size {name} has {dyno.cpu} CPU units and {dyno.memory} MiB of memory; {most}.",
            target=f"size {name}",
            hint="Give cpu and memory that do.",
        )
    return min(large)
