"""The whole AWS stand-in, copied and put back."""

from __future__ import annotations

import time
from dataclasses import dataclass

from rehearsal.aws.adapters import moto_balancers, snapshots, stacks
from rehearsal.aws.ecs.addition import EcsAddition, Snapshot
from rehearsal.aws.elb.plane import BalancerPlane

EVERY_S = 0.1


@dataclass(frozen=True)
class Contents:
    """A copy of everything but tasks and their targets."""

    tables: snapshots.Tables
    ecs: Snapshot


def take(ecs: EcsAddition) -> Contents:
    """Copy everything. No stack may be under way."""
    wait_for_stacks()
    return Contents(snapshots.take(), ecs.snapshot())


def put_back(contents: Contents, account: str, ecs: EcsAddition, plane: BalancerPlane) -> None:
    """Let everything be as it was, with new tasks behind the load balancers; returns when all services are steady."""
    wait_for_stacks()
    ecs.empty()
    snapshots.put_back(contents.tables)
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
