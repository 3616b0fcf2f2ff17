"""A sample of ``make test-live``, in about a minute: releases before there is anything to go back to, and after."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.running import SEED, running_world
from tests.live.case import load_cases, load_states
from tests.live.stage import Stage

CASES = ["release/first-fails", "release/worker-only"]


@pytest.mark.timeout(400)
def test_cases_come_out_as_they_say(tmp_path: Path) -> None:
    cases = load_cases()
    with running_world(SEED, tmp_path) as world:
        stage = Stage(world, tmp_path, load_states())
        outcomes = [stage.play(name, cases[name]) for name in CASES]
    assert {outcome.name: outcome.faults for outcome in outcomes} == {name: [] for name in CASES}
