from __future__ import annotations

import json
from functools import reduce

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.policy.counts import STILL, Side, Tick
from ansible_collections.offramp.ecs.plugins.module_utils.policy.limits import Limits
from ansible_collections.offramp.ecs.plugins.module_utils.policy.ramp import Evidence, Ramp, measure, ramp_from, weigh

LIMITS = Limits()
CLUMPED = [Tick(60, STILL, Side(600, 4 * (at % 2))) for at in range(20)]


def weighed(*ticks: Tick, start: Evidence | None = None, limits: Limits = LIMITS) -> Evidence:
    return reduce(lambda so_far, tick: weigh(so_far, tick, limits), ticks, start or Evidence())


def test_what_is_carried_to_the_next_step_survives_json() -> None:
    ramp = weighed(Tick(60, Side(60, 1, 0, 3), Side(540, 2, 0, 9)), Tick(60, Side(60), Side(540, 1))).ramp
    read = ramp_from(json.loads(json.dumps(ramp.numbers())))
    assert read.numbers() == ramp.numbers()
    assert read.old == Side(1080, 3)


def test_a_new_ramp_starts_from_one() -> None:
    assert ramp_from({}) == Ramp()
    assert Evidence().value == pytest.approx(1)


@pytest.mark.parametrize("numbers", [{"errors": {}}, {"errors": None, "slow": None, "old": None}, {"x": 1}])
def test_evidence_of_something_else_is_refused(numbers: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="The evidence of the step before cannot be read"):
        ramp_from(numbers)


def test_a_late_tick_is_evidence_and_no_time_of_the_step() -> None:
    evidence = weighed(Tick(60, Side(30, 2), Side(570, 0), late=True))
    assert evidence.value > 2
    assert (evidence.seconds, evidence.new, evidence.late) == (0, STILL, True)


def test_a_missing_tick_is_no_evidence() -> None:
    evidence = weighed(Tick(60, Side(30, 30), None), Tick(60, None, Side(30, 0)))
    assert (evidence.ramp, evidence.missing, evidence.silence, evidence.silent) == (Ramp(), 120, 120, ("new",))
    assert weighed(Tick(60, Side(1), Side(1)), start=evidence).silence == 0


def test_the_last_minute_is_no_longer_than_a_minute() -> None:
    evidence = weighed(*(Tick(25, Side(at), Side(at)) for at in range(6)))
    assert [tick.new for tick in evidence.recent] == [Side(3), Side(4), Side(5)]
    assert len(weighed(*(Tick(60, Side(at), Side(at)) for at in range(3))).recent) == 1


def test_what_clumps_before_the_ramp_tempers_it_and_is_no_evidence() -> None:
    before = reduce(measure, CLUMPED, Evidence())
    assert before.value == pytest.approx(1)
    assert (before.new, before.ramp.old) == (STILL, STILL)
    assert before.ramp.error_clumps.measured == pytest.approx(4, rel=0.01)
    tick = Tick(60, Side(60, 4), Side(540, 1))
    tempered, plain = weighed(tick, start=Evidence(ramp=before.ramp)), weighed(tick)
    assert 1 < tempered.value < plain.value
    assert weighed(tick, start=Evidence(ramp=before.ramp), limits=Limits(max_phi=1)).value == pytest.approx(plain.value)


def test_a_tick_is_tempered_by_what_was_known_before_it() -> None:
    """An old side that clumps in this very tick does not excuse the new side in it."""
    calm, wild = Tick(60, Side(60, 0), Side(540, 0)), Tick(60, Side(60, 6), Side(540, 9))
    assert weighed(calm, wild).value == pytest.approx(weighed(calm, wild, limits=Limits(max_phi=1)).value)


def test_a_silent_old_side_before_the_ramp_tells_nothing() -> None:
    before = reduce(measure, [Tick(60, STILL, None)], Evidence())
    assert (before.seconds, before.silent) == (0, ("old",))
