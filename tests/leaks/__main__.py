"""``make test-leaks``: the whole matrix of :mod:`tests.leaks.steps` in one world, then a scan of all that it left.

``make test`` runs a sample of it (test_sample.py), the detector's own tests, and those that plant a leak of each kind.
``python -m tests.leaks TEXT`` runs only the steps in whose names the text occurs (and what they need must be there).
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.leaks.place import place
from tests.leaks.steps import MATRIX


def main(only: str = "") -> int:
    """Run, scan and report; 1 where a leak was found or a step did not do what it is here for."""
    mistakes = []
    with tempfile.TemporaryDirectory(prefix="leaks-") as folder:
        with place(Path(folder)) as world:
            for step in (each for each in MATRIX if only in each.name):
                started = time.monotonic()
                try:
                    world.take(step)
                except AssertionError as error:
                    mistakes.append(str(error))
                print(f"{time.monotonic() - started:6.1f} s  {step.name}", flush=True)
        scan = world.keeper.scan()
    print("\n".join([*map(str, sorted(scan.hits)), *mistakes, str(scan)]))
    return 1 if scan.hits or mistakes else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
