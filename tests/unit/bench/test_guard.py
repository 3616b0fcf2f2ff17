"""The simulated rules do what their makers' do, on traffic that is the same for all of them."""

from __future__ import annotations

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.policy.counts import Side, Tick
from tests.bench.guard import RULES, ramp
from tests.bench.rules import Argo, Flagger, Kayenta, Ours, Rule, is_high
from tests.bench.traffic import Scenario, Traffic

GOOD, BAD, NONE = (Tick(60, Side(100, errors), Side(900)) for errors in (1, 2, 0))
MISSING = Tick(60, None, None)


def decisions(rule: Rule, *ticks: Tick, share: int = 10) -> list[str]:
    return [rule.judge(tick, share) for tick in ticks]


def test_flagger_promotes_on_a_good_window_and_ends_on_its_last_failed_check() -> None:
    assert decisions(Flagger(1), GOOD, BAD) == ["promote", "abort"]
    assert decisions(Flagger(3), BAD, GOOD, MISSING, BAD) == ["hold", "promote", "hold", "abort"]


def test_argo_takes_five_measurements_a_step_and_leaves_out_what_is_missing() -> None:
    assert decisions(Argo(0), GOOD, MISSING, *[GOOD] * 4) == ["hold"] * 5 + ["promote"]
    assert decisions(Argo(0), BAD) == ["abort"]
    assert decisions(Argo(3), BAD, BAD, BAD, BAD) == ["hold", "hold", "hold", "abort"]


def test_argo_counts_its_failures_over_the_whole_ramp() -> None:
    rule = Argo(1)
    assert decisions(rule, BAD, *[GOOD] * 4) == ["hold"] * 4 + ["promote"]
    assert decisions(rule, BAD, share=25) == ["abort"]


def test_kayenta_looks_after_ten_windows_and_never_at_the_whole() -> None:
    assert decisions(Kayenta(), *[BAD] * 10)[-2:] == ["hold", "abort"]
    assert decisions(Kayenta(), *[NONE] * 10)[-1] == "promote"
    assert decisions(Kayenta(), *[BAD] * 10, share=100)[-1] == "promote"
    assert decisions(Kayenta(), *[MISSING] * 10)[-1] == "hold"


def test_a_shift_is_high_only_where_its_interval_says_so() -> None:
    assert is_high([5.0] * 10, [1.0] * 10)
    assert not is_high([1.0] * 10, [5.0] * 10)
    assert not is_high([1.0, 5.0] * 5, [1.0, 5.0] * 5)


def test_the_same_seed_is_the_same_traffic_for_every_rule() -> None:
    one, other = (Traffic(Scenario("x", 100, outage=0.1, clump=3.0), 7) for _ in range(2))
    assert one.ticks(120, 180, 10) == other.ticks(120, 180, 10)
    assert one.ticks(120, 180, 10) != Traffic(one.scenario, 8).ticks(120, 180, 10)


@pytest.mark.parametrize("name", RULES)
def test_a_wholly_broken_new_side_is_aborted_by_every_rule(name: str) -> None:
    scenario = Scenario("broken", 100, excess=0.999)
    ended = ramp(RULES[name](scenario), Traffic(scenario, 1))
    assert ended.aborted is not None
    assert ended.harmed > 0


def test_what_is_told_late_is_judged_later() -> None:
    fresh, late = (Scenario("x", 100, excess=0.5, delay=delay) for delay in (0, 2))
    aborts = [ramp(Ours(60, 0, 0), Traffic(scenario, 1)).aborted for scenario in (fresh, late)]
    assert aborts == [1, 3]
