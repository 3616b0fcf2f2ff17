from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput, Denied, Throttled, Unreachable
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown, is_unknown
from ansible_collections.offramp.ecs.plugins.module_utils.policy.watch import Watch
from ansible_collections.offramp.ecs.plugins.modules import traffic_health_info as module
from ansible_collections.offramp.ecs.plugins.modules.traffic_health_info import Have, Want

ASKED: dict[str, Any] = {
    "region": "eu-west-1",
    "load_balancer": "app/bond/1",
    "target_group": "targetgroup/bond/2",
    "heroku_app": "bond-server",
    "wanted_share": 10,
    "steps": [10, 25, 95, 100],
    "min_soak": 10,
    "max_soak": 20,
    "bake": 15,
    "period": 5,
    "grace": 0,
    "delay": 1,
    "within": 60,
}


class Clock:
    """Moves on by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def time(self) -> float:
        return self.now


class Counted:
    """A source that tells the same of every period; an error in place of counts is raised."""

    def __init__(self, counts: tuple[int, ...] | Exception | None) -> None:
        self.told = counts
        self.asked: list[range] = []
        self.started = 0

    def start(self) -> None:
        self.started += 1

    def counts(self, starts: range) -> dict[int, tuple[int, ...] | None]:
        self.asked.append(starts)
        if isinstance(self.told, Exception):
            raise self.told
        return dict.fromkeys(starts, self.told)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(module, "time", made)
    return made


def params(**more: Any) -> dict[str, Any]:
    checked = ArgumentSpecValidator(**module.SPEC).validate({**ASKED, **more})
    assert not checked.error_messages
    return dict(checked.validated_parameters)


def want(**more: Any) -> Want:
    return module.wanted(params(**more))


def sources(new: tuple[int, ...] | Exception | None, old: tuple[int, ...] | None) -> Watch:
    return Watch(Counted(new), Counted(old))


def look(api: Watch, clock: Clock, *moments: float, **more: Any) -> Have:
    """What is seen at the last of these moments, in seconds from the first look at 0."""
    have = module.observe(api, want(**more))
    for moment in moments:
        clock.now = 1000.0 + moment
        have = module.observe(api, want(**more))
    return have


def settled(have: Have) -> bool:
    return module.WAIT.settled(have)


def test_a_clean_step_passes_once_it_has_soaked(clock: Clock) -> None:
    api = sources((50, 0), (450, 1))
    assert look(api, clock).judgement.outcome == "not_enough"
    assert not settled(look(api, clock, 6))
    have = look(api, clock, 11)
    assert (have.judgement.outcome, settled(have)) == ("pass", True)
    report = module.report(have)
    assert report.pop("evidence") == have.evidence.ramp.promoted().numbers()
    assert report == {
        "verdict": "pass",
        "reason": "nothing speaks against the new side",
        "summary": "10 % wanted, 10.0 % measured; new: 100 requests, 0 errors (0.00 %); "
        "old: 900 requests, 2 errors (0.22 %); evidence 0.713 of 200; nothing speaks against the new side",
        "may_proceed": True,
        "wanted_share": 10,
        "next_share": 25,
        "measured_share": 10.0,
        "new": {"requests": 100, "errors": 0, "error_rate": 0.0, "own": 0},
        "old": {"requests": 900, "errors": 2, "error_rate": 0.222, "own": 0},
        "m": pytest.approx(0.713, abs=1e-3),
        "limit": 200.0,
        "phi": 1.0,
        "seen": 10.0,
        "missing": 0.0,
        "left": 0.0,
    }


def test_evidence_is_carried_from_step_to_step_as_json(clock: Clock) -> None:
    """Two errors are not enough at one step, and again not at the next one alone, but together they are."""
    first = module.report(look(sources((100, 2), (900, 1)), clock, 6))
    assert first["verdict"] == "not_enough"
    carried = json.loads(json.dumps(first["evidence"]))
    clock.now = 1000.0
    alone = look(sources((100, 4), (900, 2)), clock, 6)
    clock.now = 1000.0
    after = look(sources((100, 4), (900, 2)), clock, 6, evidence=carried)
    assert alone.evidence.value < after.evidence.value
    assert after.evidence.ramp.old.requests == 1800


def test_the_last_step_that_can_be_compared_bakes(clock: Clock) -> None:
    api = sources((950, 0), (50, 0))
    assert look(api, clock, 11, wanted_share=95).judgement.reason == "10 of 15 s of traffic were seen"
    assert look(api, clock, 16, wanted_share=95).judgement.outcome == "pass"


def test_a_step_waits_while_the_next_one_could_harm_too_many(clock: Clock) -> None:
    api = sources((500, 0), (4500, 0))
    assert "25 % could harm" in look(api, clock, 11, max_harm=5).judgement.reason
    assert look(api, clock, 21, max_harm=5).judgement.outcome == "pass"


def test_what_the_balancer_answers_by_itself_holds_the_step_and_is_reported(clock: Clock) -> None:
    have = look(sources((500, 2, 2), (4500, 18)), clock, 16)
    assert (have.judgement.outcome, settled(have)) == ("not_enough", False)
    assert "the load balancer itself answered 6 requests" in have.judgement.reason
    assert module.report(have)["new"]["own"] == 6


def test_a_source_that_is_silent_for_long_ends_the_look(clock: Clock) -> None:
    api = sources((50, 0), None)
    assert not settled(look(api, clock, 11, max_silence=10))
    have = look(api, clock, 16, max_silence=10)
    assert (have.judgement.outcome, settled(have)) == ("broken", True)
    assert module.report(have)["may_proceed"] is False


def test_before_a_ramp_the_old_side_is_watched_for_how_its_errors_clump(clock: Clock) -> None:
    api = sources((0, 0), (450, 0))
    before = {"wanted_share": 0, "baseline": 10}
    assert not settled(look(api, clock, 6, **before))
    have = look(api, clock, 11, **before)
    assert (have.judgement.reason, settled(have)) == (
        "the old side was watched for 10 of 10 s; 900 requests, 0 errors (0.00 %)",
        True,
    )
    report = module.report(have)
    assert (report["may_proceed"], report["evidence"]["old"]["requests"]) == (True, 0)
    assert report["evidence"]["errors"]["bank"] == 0.5


@pytest.mark.parametrize("more", [{"present_share": 25, "baseline": 10}, {}])
def test_nothing_is_watched_before_a_ramp_that_has_begun_or_where_nobody_asks(
    clock: Clock, more: dict[str, Any]
) -> None:
    api = sources((0, 0), (450, 0))
    assert settled(look(api, clock, wanted_share=0, **more))
    assert api.old.started == 0  # type: ignore[attr-defined]


def test_a_dry_run_takes_no_baseline(clock: Clock) -> None:
    asked = want(wanted_share=0, baseline=10)
    have = module.foresee(module.observe(sources((0, 0), (450, 0)), asked), asked)
    assert (module.report(have)["may_proceed"], module.headline(have)) == (True, [])


def test_a_bad_step_fails_by_its_first_periods(clock: Clock) -> None:
    have = look(sources((50, 10), (450, 0)), clock, 6)
    assert (have.judgement.outcome, settled(have)) == ("fail", True)
    assert module.report(have)["may_proceed"] is False


@pytest.mark.parametrize(
    ("new", "old", "outcome"),
    [
        (None, (450, 0), "broken"),
        ((50, 0), None, "broken"),
        (Throttled("AWS throttled GetMetricData."), (450, 0), "broken"),
        (Unreachable("CloudWatch is down"), (450, 0), "broken"),
        ((2, 0), (20, 0), "pass"),  # few, but the step has soaked for long in the end
        ((0, 0), (500, 0), "not_enough"),
    ],
)
def test_it_looks_on_until_its_time_has_passed(clock: Clock, new: Any, old: Any, outcome: str) -> None:
    api = sources(new, old)
    assert not settled(look(api, clock, 11))
    have = look(api, clock, 90)
    assert (have.judgement.outcome, settled(have)) == (outcome, True), have.judgement
    assert module.report(have)["may_proceed"] is (outcome == "pass")


def test_counts_are_asked_for_only_when_a_period_has_become_complete(clock: Clock) -> None:
    api = sources((1, 0), (10, 0))
    look(api, clock, 1, 2, 5.9, 6, 7, 8, 10.9)
    look(api, clock, 11, 12)
    assert [list(asked) for asked in api.new.asked] == [[1000], [1000, 1005]]  # type: ignore[attr-defined]
    assert api.old.started == 1  # type: ignore[attr-defined]


def test_a_still_heroku_is_no_broken_source_when_all_traffic_has_left_it(clock: Clock) -> None:
    assert look(sources((500, 0), (0, 0)), clock, 11, wanted_share=100).judgement.outcome == "pass"


def test_without_traffic_on_the_new_side_nothing_is_asked(clock: Clock) -> None:
    api = sources((0, 0), (500, 0))
    have = look(api, clock, wanted_share=0)
    assert (settled(have), have.judgement.outcome, api.old.started) == (True, "pass", 0)  # type: ignore[attr-defined]


def test_a_dry_run_before_the_balancer_is_there_asks_nothing_and_goes_on(clock: Clock) -> None:
    name = str(Unknown("LoadBalancerFullName of stack offramp-staging-bond", "playbooks/provision.yml"))
    api = sources((0, 0), (0, 0))
    have = look(api, clock, load_balancer=name)
    report = module.report(module.foresee(have, want()))
    assert (report["may_proceed"], is_unknown(report["verdict"])) == (True, True)
    assert api.old.started == 0  # type: ignore[attr-defined]


def test_a_source_that_does_not_answer_is_named_and_may_come_back(clock: Clock) -> None:
    api = sources(Unreachable("CloudWatch does not answer."), (450, 0))
    have = look(api, clock, 11)
    assert have.judgement.reason == "the source of the new side does not tell. CloudWatch does not answer."
    api.new.told = (50, 0)  # type: ignore[attr-defined]
    have = look(api, clock, 16)
    assert (have.judgement.outcome, "CloudWatch" in have.judgement.reason) == ("pass", False)


def test_a_source_that_refuses_later_ends_the_look(clock: Clock) -> None:
    api = sources((50, 0), (450, 0))
    look(api, clock, 6)
    api.new.told = Denied("AWS refused GetMetricData.")  # type: ignore[attr-defined]
    with pytest.raises(Denied):
        look(api, clock, 11)


def test_progress_shows_both_sides(clock: Clock) -> None:
    progress = module.WAIT.progress(look(sources((50, 0), (450, 1)), clock, 6))
    assert progress == (
        "10 % wanted, 10.0 % measured; new: 50 requests, 0 errors (0.00 %); old: 450 requests, 1 errors (0.22 %); "
        "evidence 0.774 of 200, 5 s left; 5 of 10 s of traffic were seen"
    )


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"within": 20}, "Grace, soak, delay and two periods need 21 s."),
        ({"within": 20, "wanted_share": 0, "baseline": 10}, "need 21 s."),
        ({"alpha": 0}, "An alpha of 0"),
        ({"max_phi": 0.5}, "a phi of at most 0.5"),
        ({"evidence": {"errors": {}}}, "The evidence of the step before cannot be read (KeyError"),
        ({"wanted_share": 101}, "A share of 101 %"),
        ({"period": 0}, "by periods of 0 s"),
    ],
)
def test_what_cannot_be_judged_is_refused(more: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput) as caught:
        want(**more)
    assert said in caught.value.sentence()


def test_a_source_that_refuses_at_once_ends_the_look(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    api = sources((50, 0), (450, 0))

    def refuse() -> None:
        raise Denied("Heroku refused the log session.")

    monkeypatch.setattr(api.old, "start", refuse)
    with pytest.raises(Denied):
        look(api, clock)


def test_the_runner_settles_on_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    api = sources((50, 20), (450, 0))
    api.began = 0.0  # long ago: all periods since are complete
    monkeypatch.setattr(module, "time", Clock())
    given = params(within=5000, every=0.01)
    made = runner.Module(**{**module.MODULE.__dict__, "connect": lambda _params, _door: api})
    result = runner.run(made, given, runner.Orders(dry=False, say=lambda _line: None, alive=lambda: True))
    assert (result["failed"], result["health"]["verdict"]) == (False, "fail"), result
