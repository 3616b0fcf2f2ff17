from __future__ import annotations

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.policy.counts import STILL, Side, Tick
from ansible_collections.offramp.ecs.plugins.module_utils.policy.judged import Judged, judge
from ansible_collections.offramp.ecs.plugins.module_utils.policy.limits import Limits
from ansible_collections.offramp.ecs.plugins.module_utils.policy.pace import Ahead
from ansible_collections.offramp.ecs.plugins.module_utils.policy.ramp import Evidence

LIMITS = Limits()
CLEAN = Tick(60, Side(60, 0), Side(540, 2))
CLUMPED = [Tick(60, STILL, Side(600, 4 * (at % 2))) for at in range(20)]


def judged(ahead: Ahead, *ticks: Tick, start: Evidence | None = None, baseline: float = 0) -> Judged:
    evidence, judgement = judge(ticks, start or Evidence(), ahead, LIMITS, baseline)
    return Judged(ahead, LIMITS, evidence, judgement)


def test_a_step_tells_shares_counts_evidence_limit_and_time_left() -> None:
    step = judged(Ahead(10, 25, 70), CLEAN)
    assert step.told() == (
        "10 % wanted, 10.0 % measured; new: 60 requests, 0 errors (0.00 %); old: 540 requests, 2 errors (0.37 %); "
        "evidence 0.699 of 200, 60 s left; 60 of 120 s of traffic were seen"
    )
    assert step.headline().startswith("Traffic at 10 %: not_enough; 10.0 % measured; ")


def test_tempering_is_told() -> None:
    before = judged(Ahead(0), *CLUMPED, baseline=1200)
    assert before.told() == "the old side was watched for 1200 of 1200 s; 12000 requests, 40 errors (0.33 %)"
    step = judged(Ahead(10, 25, 70), CLEAN, start=Evidence(ramp=before.evidence.ramp))
    assert "evidence 0.875 of 200, tempered by 6.1, 60 s left" in step.told()
    assert step.numbers()["phi"] == 6.11


def test_only_a_passed_step_hands_on_the_stake_of_a_promotion() -> None:
    held, passed = judged(Ahead(10, 25, 70), CLEAN), judged(Ahead(10, 25, 70), CLEAN, CLEAN)
    assert (held.passed, passed.passed) == (False, True)
    assert held.numbers()["evidence"]["errors"]["bank"] == held.evidence.ramp.errors.bank
    assert passed.numbers()["evidence"]["errors"]["bank"] == pytest.approx(0.75 * passed.evidence.ramp.errors.bank)
