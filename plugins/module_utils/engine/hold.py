"""What keeps other runs away from a thing while a module works on it: asked before each change, and while it waits.

Taking hold is no change: nothing of it is left at the end. So no plan tells of it, a dry run takes none, and a run that
has nothing to change takes none either.
"""

from __future__ import annotations

from typing import Protocol


class Hold(Protocol):
    """Has hold of something, or sees to it that it has.

    Attributes:
        news: sentences for the summary of the run, of hold that was taken from somebody.
    """

    news: list[str]

    def secure(self) -> None:
        """Take hold, or make sure that it is still ours. Right before each change.

        Raises:
            OfframpError: another run has it; nothing may be changed.
        """

    def keep(self) -> None:
        """Do not lose hold while waiting. Called with every look, so it must know by itself when there is a need.

        Raises:
            OfframpError: another run has it now.
        """


class _Nothing:
    """Of modules that need no hold of anything."""

    def __init__(self) -> None:
        self.news: list[str] = []

    def secure(self) -> None:
        """Nothing to do."""

    def keep(self) -> None:
        """Nothing to do."""


NOTHING: Hold = _Nothing()
