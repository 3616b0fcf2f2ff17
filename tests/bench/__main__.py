"""``make bench``: what our runs cost, against a plain script, against stock modules, and with many apps.

Every part measures in worlds of its own and writes its section of docs/benchmarks.md. Nothing here asserts a time.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

from tests.bench import apps, guard, noop, releases, side_by_side
from tests.bench.document import write

Measure = Callable[[int], str]
"""So many rounds -> a section of the document."""
PARTS: Mapping[str, tuple[Measure, int]] = {
    "copy": (side_by_side.measure_copy, 3),
    "stock": (side_by_side.measure_migration, 3),
    "noop": (noop.measure, 5),
    "apps": (apps.measure, 3),
    "guard": (guard.measure, 600),
    "release": (releases.measure, 1),
}
"""In the order of the document, with how many rounds each makes."""


def main() -> None:
    """Measure the wanted parts, print and write them down."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--only", choices=PARTS, action="append", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, metavar="N", help="so many rounds of each part, for a quick look")
    options = parser.parse_args()
    for name in options.only or PARTS:
        print(f"Measuring: {name}", flush=True)
        measure, rounds = PARTS[name]
        try:
            section = measure(options.rounds or rounds)
        except side_by_side.StockError as error:
            print(error, flush=True)
            continue
        write(section, name, list(PARTS))
        print(f"\n{section}", flush=True)


if __name__ == "__main__":
    main()
