"""The one door for writes. A dry run shuts it; no module knows whether it is shut.

Every transport (boto3's event hook, the HTTP transport) asks the door before a request leaves. Requests are of three
classes: a *read* always passes; a *write* passes when the door is open; a *preview* is a write that only looks (a
change set on an existing stack), is undone by who made it, and always passes, but is counted apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Literal

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import DoorShut

Kind = Literal["read", "write", "preview"]


class Door:
    """Lets requests out, or not.

    Args:
        shut: whether writes are held back.
        ordered_by: the caller's name, which transports send as ``User-Agent`` ("offramp.ecs/ecs_service").
        alive: whether the run that ordered this work still lives. A worker whose run was killed must not go on
            writing beside the next run.
    """

    def __init__(self, *, shut: bool, ordered_by: str, alive: Callable[[], bool] = lambda: True) -> None:
        self._shut = shut
        self._alive = alive
        self.ordered_by = ordered_by
        self.passed: Counter[Kind] = Counter()

    def let_out(self, kind: Kind, operation: str) -> None:
        """Count a request that is about to leave.

        Raises:
            DoorShut: it is a write and the door is shut, or the run that ordered it has died.
        """
        if kind == "write" and self._shut:
            raise DoorShut(f"{self.ordered_by} tried to write ({operation}) in a dry run.", hint="Please report this.")
        if kind != "read" and not self._alive():
            raise DoorShut(f"{self.ordered_by} outlived its run and was stopped before {operation}.")
        self.passed[kind] += 1
