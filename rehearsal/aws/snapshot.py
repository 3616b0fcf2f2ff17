"""The whole AWS stand-in, copied and put back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from rehearsal.aws.adapters import moto_balancers, snapshots, stacks
from rehearsal.aws.ecs.addition import EcsAddition, Snapshot
from rehearsal.aws.elb.plane import BalancerPlane

EVERY_S = 0.1


class Keeper(Protocol):
    """An addition of ours that remembers what neither ministack nor moto knows."""

    def snapshot(self) -> Any:
        """A copy of it."""

    def restore(self, contents: Any, /) -> None:
        """Let it be as it was."""


@dataclass(frozen=True)
class Contents:
    """A copy of everything but tasks and their targets; ``kept`` is what the keepers remember, in their order."""

    tables: snapshots.Tables
    ecs: Snapshot
    kept: list[Any]


def take(ecs: EcsAddition, keepers: Sequence[Keeper]) -> Contents:
    """Copy everything, as soon as no stack is under way."""
    wait_for_stacks()
    return Contents(snapshots.take(), ecs.snapshot(), [keeper.snapshot() for keeper in keepers])


def put_back(
    contents: Contents, account: str, ecs: EcsAddition, keepers: Sequence[Keeper], plane: BalancerPlane
) -> None:
    """Let everything be as it was, with new tasks behind the load balancers; returns when all services are steady."""
    wait_for_stacks()
    ecs.empty()
    snapshots.put_back(contents.tables)
    for keeper, kept in zip(keepers, contents.kept, strict=True):
        keeper.restore(kept)
    moto_balancers.forget_targets(account)
    plane.push()
    ecs.restore(contents.ecs)


def wait_for_stacks(within: float = 120.0) -> None:
    """Wait until no stack is under way: its thread would go on to write into what was put back.

    Raises:
        TimeoutError: some still are after ``within`` seconds.
    """
    until = time.monotonic() + within
    while moving := stacks.under_way():
        if time.monotonic() > until:
            raise TimeoutError(f"after {within:g} s stacks are still under way: {', '.join(moving)}")
        time.sleep(EVERY_S)
