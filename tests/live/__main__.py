"""``make test-live``: every case in one world, each judged, told in a table that goes to docs/cases.md."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rehearsal.running import SEED, running_world
from tests.bench.document import circumstances_of_one, table, write
from tests.kept import Kept
from tests.live.case import KINDS, Case, CaseError, load_cases, load_states
from tests.live.stage import Outcome, Stage

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "cases.md"
HEAD = """# Live cases

Written by `make test-live` (`CASES="shift/dead"` plays some again and leaves the others). Each case is a file in
`tests/live/cases`: what is done in a rehearsal world with visitors, what happens meanwhile, and how it must end. A case
is as promised when its runs ended as they should and said why, the world holds what the case says, no lock is left, and
no visitor's request failed beyond what the case allows and explains. `not yet`: something is needed that is not built.
"""
HEADINGS: Mapping[str, str] = {"release": "Releases", "shift": "Shifts of traffic"}
NOT_YET = "not yet"


def main() -> int:
    """Play the cases that are asked for; returns 0 when all are as promised."""
    options = _options()
    try:
        cases, states = load_cases(), load_states()
    except CaseError as error:
        print(error, file=sys.stderr)
        return 2
    wanted = wanted_of(cases, options.cases)
    load, outcomes, kept = os.getloadavg()[0], [], Kept(options.home / "live.json", lambda row: Outcome(**row))
    with running_world(SEED, options.home) as world:
        stage = Stage(world, options.home, states)
        for name in wanted:
            if cases[name].needs and not options.all:
                print(f"{NOT_YET:8} {name}: needs {cases[name].needs}", flush=True)
                continue
            outcome = stage.play(name, cases[name])
            outcomes.append(outcome)
            kept.keep(name, outcome)
            print(told(outcome), flush=True)
    for kind in {outcome.name.split("/")[0] for outcome in outcomes}:
        write(section(kind, cases, kept.outcomes, load), kind, KINDS, DOCUMENT, HEAD)
    good = sum(not outcome.faults for outcome in outcomes)
    print(f"{good} of {len(outcomes)} cases as promised, {len(wanted) - len(outcomes)} {NOT_YET}")
    return 0 if outcomes and good == len(outcomes) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="live", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help='"release", "release/good", ... (default: all)')
    parser.add_argument("--all", action="store_true", help=f'play those that are "{NOT_YET}", too')
    parser.add_argument("--home", type=Path, default=Path(".rehearsal/test-live"))
    return parser.parse_args()


def wanted_of(cases: Mapping[str, Case], named: Sequence[str]) -> list[str]:
    """The names of the cases that are meant by names of cases or of kinds; in the order of all.

    Raises:
        SystemExit: there is no such case.
    """
    if unknown := [name for name in named if name not in cases and name not in KINDS]:
        raise SystemExit(f"No such cases: {unknown}. There are {', '.join([*KINDS, *cases])}.")
    return [name for name in cases if not named or name in named or name.split("/")[0] in named]


def told(outcome: Outcome) -> str:
    """A case in a line, its faults below."""
    line = f"{'BAD' if outcome.faults else 'ok ':8} {outcome.name:34} {' '.join(_measures(outcome))} {outcome.took} s"
    return "\n".join([line, *(f"         {fault}" for fault in outcome.faults)])


def section(kind: str, cases: Mapping[str, Case], found: Mapping[str, Outcome], load: float) -> str:
    """The cases of a kind as a section of the document."""
    rows = []
    for name, case in cases.items():
        if name.split("/")[0] != kind:
            continue
        outcome = None if case.needs else found.get(name)
        measures = _measures(outcome) if outcome else [NOT_YET if case.needs else "not played", "", "", "", ""]
        allowed = f" (allowed {case.failed.most}: {case.failed.because})" if case.failed else ""
        lacks = f"needs {case.needs}" if case.needs else ""
        judged = lacks if outcome is None else "; ".join(outcome.faults) or "as promised"
        rows.append([case.title, *measures[:-1], measures[-1] + (allowed if outcome else ""), judged])
    head = ["case", "verdict", "recovery s", "read back s", "requests", "failed", ""]
    return f"""## {HEADINGS[kind]}

{circumstances_of_one(load)}

"Recovery" is from the first failed task until the old version is the only one, "read back" from the verdict until the
weights that follow from it were read back. Rows that were not played again are of an earlier run.

{table(head, rows)}
"""


def _measures(outcome: Outcome) -> list[str]:
    seconds = ["" if each is None else f"{each:g}" for each in (outcome.recovery, outcome.readback)]
    return [outcome.verdict or "none", *seconds, str(outcome.requests), str(outcome.failed)]


if __name__ == "__main__":
    sys.exit(main())
