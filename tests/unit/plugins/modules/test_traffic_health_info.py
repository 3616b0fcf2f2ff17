from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import (
    BadInput,
    Denied,
    Refused,
    Throttled,
    Unreachable,
)
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown, is_unknown
from ansible_collections.offramp.ecs.plugins.module_utils.heroku.router import RouterTail
from ansible_collections.offramp.ecs.plugins.module_utils.policy.counts import Divided
from ansible_collections.offramp.ecs.plugins.module_utils.policy.look import Look
from ansible_collections.offramp.ecs.plugins.module_utils.policy.ramp import Ramp
from ansible_collections.offramp.ecs.plugins.module_utils.policy.ticks import untold_from
from ansible_collections.offramp.ecs.plugins.module_utils.policy.watch import Watch
from ansible_collections.offramp.ecs.plugins.modules import traffic_health_info as module
from ansible_collections.offramp.ecs.plugins.modules.traffic_health_info import Have, Want
from tests.unit.plugins.arguments import validated

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

    remembers = True
    trouble = ""

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
    return validated(module, {**ASKED, **more})


def want(**more: Any) -> Want:
    return module.wanted(params(**more))


def sources(new: tuple[int, ...] | Exception | None, old: tuple[int, ...] | None, share: int = 10) -> Look:
    return Look(Watch(Counted(new), Counted(old), share), lambda: 0)


def look(api: Look, clock: Clock, *moments: float, **more: Any) -> Have:
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
    assert report.pop("evidence") == {
        **have.evidence.ramp.promoted().numbers(),
        "untold": {"since": 1010, "until": 1010, "period": 5, "told": {}},
        "slow_ms": None,
    }
    assert [window["m"] for window in report.pop("windows")] == [pytest.approx(m, abs=1e-3) for m in (0.774, 0.713)]
    assert report == {
        "verdict": "pass",
        "reason": "nothing speaks against the new side",
        "summary": "10 % wanted, 10.0 % measured; new: 100 requests, 0 errors (0.00 %); "
        "old: 900 requests, 2 errors (0.22 %); evidence 0.713 of 200; nothing speaks against the new side",
        "may_proceed": True,
        "wanted_share": 10,
        "next_share": 25,
        "measured_share": 10.0,
        "measured_by": "counts",
        "new": {"requests": 100, "errors": 0, "error_rate": 0.0, "own": 0},
        "old": {"requests": 900, "errors": 2, "error_rate": 0.222, "own": 0},
        "m": pytest.approx(0.713, abs=1e-3),
        "limit": 200.0,
        "phi": 1.0,
        "seen": 10.0,
        "missing": 0.0,
        "left": 0.0,
        "freshness": {"new": 1.0, "old": 1.0},
        "slow_ms": None,
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
    api = sources((0, 0), (450, 0), share=0)
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


class Tail(RouterTail):
    """Router lines that were answered within 180 ms."""

    def __init__(self) -> None:
        super().__init__(lambda: pytest.fail("no session is opened"), [])

    def start(self) -> None:
        """Nothing is followed."""

    def counts(self, starts: range) -> dict[int, tuple[int, ...] | None]:
        return dict.fromkeys(starts, (450, 1))

    def usual(self) -> float:
        return 0.18


@pytest.mark.parametrize(
    ("more", "slow_ms"),
    [
        ({"wanted_share": 0, "baseline": 10}, 180),
        ({"wanted_share": 10}, 180),
        ({"wanted_share": 10, "slow_ms": 250}, 250),
        ({"wanted_share": 10, "slow_ms": 0}, None),
        ({"wanted_share": 10, "evidence": {**Ramp().numbers(), "slow_ms": 90}}, 90),
    ],
    ids=["before the ramp", "by a run that goes on with it", "given", "not wanted", "known already"],
)
def test_what_is_slow_is_measured_once_for_the_steps_to_come(
    clock: Clock, more: dict[str, Any], slow_ms: int | None
) -> None:
    api = Look(Watch(Counted((50, 0)), Tail(), more["wanted_share"]), lambda: 0)
    report = module.report(look(api, clock, 11, **more))
    assert (report["may_proceed"], report["evidence"]["slow_ms"]) == (True, slow_ms)


@pytest.mark.parametrize(
    ("more", "started"),
    [({"present_share": 25, "baseline": 10}, 1), ({}, 1), ({"present_share": 100}, 0), ({"to": 25}, 1)],
)
def test_before_traffic_moves_both_sources_must_be_there_and_nothing_is_watched_where_nobody_asks(
    clock: Clock, more: dict[str, Any], started: int
) -> None:
    api = sources((0, 0), (450, 0), share=0)
    assert settled(look(api, clock, wanted_share=0, **more))
    assert (api.watch.old.started, api.watch.new.started) == (started, started)  # type: ignore[attr-defined]
    assert api.watch.old.asked == []  # type: ignore[attr-defined]


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
        ((0, 0), (100, 0), "not_enough"),  # about eleven should have come, of which none may be chance
        ((0, 0), (500, 0), "broken"),
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
    assert [list(asked) for asked in api.watch.new.asked] == [[1000], [1000, 1005]]  # type: ignore[attr-defined]
    assert api.watch.old.started == 1  # type: ignore[attr-defined]


def test_a_still_heroku_is_no_broken_source_when_all_traffic_has_left_it(clock: Clock) -> None:
    assert look(sources((500, 0), (0, 0)), clock, 11, wanted_share=100).judgement.outcome == "pass"


def test_without_a_ramp_nothing_is_asked(clock: Clock) -> None:
    api = sources((0, 0), (500, 0), share=0)
    have = look(api, clock, wanted_share=0, steps=[])
    assert (settled(have), have.judgement.outcome, api.watch.old.started) == (True, "pass", 0)  # type: ignore[attr-defined]


def test_a_dry_run_before_the_balancer_is_there_asks_nothing_and_goes_on(clock: Clock) -> None:
    name = str(Unknown("LoadBalancerFullName of stack offramp-staging-bond", "playbooks/provision.yml"))
    api = sources((0, 0), (0, 0))
    have = look(api, clock, load_balancer=name)
    report = module.report(module.foresee(have, want()))
    assert (report["may_proceed"], is_unknown(report["verdict"])) == (True, True)
    assert api.watch.old.started == 0  # type: ignore[attr-defined]


def test_a_source_that_does_not_answer_is_named_and_may_come_back(clock: Clock) -> None:
    api = sources(Unreachable("CloudWatch does not answer."), (450, 0))
    have = look(api, clock, 11)
    assert have.judgement.reason == "the source of the new side does not tell. CloudWatch does not answer."
    api.watch.new.told = (50, 0)  # type: ignore[attr-defined]
    have = look(api, clock, 16)
    assert (have.judgement.outcome, "CloudWatch" in have.judgement.reason) == ("pass", False)


def test_a_source_that_refuses_later_is_broken_and_says_why(clock: Clock) -> None:
    api = sources((50, 0), (450, 0))
    look(api, clock, 6)
    api.watch.new.told = Denied("AWS refused GetMetricData.")  # type: ignore[attr-defined]
    have = look(api, clock, 11)
    assert (have.judgement.outcome, settled(have)) == ("broken", False)
    assert have.judgement.reason == "the source of the new side does not tell. AWS refused GetMetricData."


def test_a_source_that_cannot_start_within_a_ramp_may_come_back(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    api = sources((50, 0), (450, 0))
    refusals: list[Exception] = [Unreachable("Heroku does not answer.")]
    monkeypatch.setattr(api.watch.old, "start", lambda: (_ for _ in ()).throw(refusals.pop()) if refusals else None)
    assert look(api, clock, 1).judgement.outcome == "not_enough"
    assert look(api, clock, 11).judgement.outcome == "pass"


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
        ({"pause_at": [30]}, "The ramp 10, 25, 95, 100 cannot wait for approval at 30 %"),
        ({"pause_at": [10, 100]}, "at 100 %"),
        ({"wanted_share": 0, "steps": [10, 5]}, "The shift steps 10, 5 do not rise"),
        ({"old_source": "metrics"}, "The metrics endpoint of the old side has no address"),
        (
            {"new_source": "metrics", "metrics": {"new_url": "https://x.example", "errors": "a["}},
            "The expression 'a[' for errors is no JMESPath",
        ),
    ],
)
def test_what_cannot_be_judged_is_refused(more: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput) as caught:
        want(**more)
    assert said in caught.value.sentence()


def test_a_source_that_refuses_before_a_ramp_ends_it(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    api = sources((50, 0), (450, 0), share=0)

    def refuse() -> None:
        raise Denied("Heroku refused the log session.")

    monkeypatch.setattr(api.watch.old, "start", refuse)
    with pytest.raises(Denied):
        look(api, clock, wanted_share=0)


class Person:
    """Approves when told to; an error in place of a share is raised."""

    def __init__(self) -> None:
        self.approved: int | Exception = 0
        self.asked = 0

    def __call__(self) -> int:
        self.asked += 1
        if isinstance(self.approved, Exception):
            raise self.approved
        return self.approved


PAUSED = {"pause_at": [10], "pause_within": 100}


def paused(new: tuple[int, int] = (50, 0)) -> tuple[Look, Person]:
    person = Person()
    return Look(Watch(Counted(new), Counted((450, 1)), 10), person), person


def test_a_step_waits_for_its_approval_and_goes_on_judging(clock: Clock) -> None:
    api, person = paused()
    assert look(api, clock, 6, **PAUSED).judgement.reason == "5 of 10 s of traffic were seen"
    assert person.asked == 0
    have = look(api, clock, 11, **PAUSED)
    assert (have.judgement.outcome, settled(have)) == ("not_enough", False)
    assert "it waits for approval, at most 100 s: playbooks/shift.yml -e shift_approve=10" in have.judgement.reason
    look(api, clock, 12, 13, 14, **PAUSED)
    assert person.asked == 1  # not at each look
    person.approved = 10
    have = look(api, clock, 17, **PAUSED)
    assert (have.judgement.outcome, settled(have), have.evidence.seconds) == ("pass", True, 15)


def test_other_hands_end_a_look_before_anything_is_judged(clock: Clock) -> None:
    looks = iter([None, Refused("Other hands changed it.")])

    def steady() -> None:
        changed = next(looks)
        if changed is not None:
            raise changed

    api = Look(Watch(Counted((50, 0)), Counted((450, 1)), 10), lambda: 0, steady=steady)
    assert look(api, clock).judgement.outcome == "not_enough"
    with pytest.raises(Refused, match="Other hands"):
        module.observe(api, want())


def test_a_bad_verdict_ends_a_pause_whatever_is_approved(clock: Clock) -> None:
    api, _ = paused()
    look(api, clock, 11, **PAUSED)
    api.watch.new.told = (50, 10)  # type: ignore[attr-defined]
    have = look(api, clock, 16, **PAUSED)
    assert (have.judgement.outcome, settled(have)) == ("fail", True)


def test_a_pause_outlasts_the_step_and_has_an_end_of_its_own(clock: Clock) -> None:
    api, _ = paused()
    assert not settled(look(api, clock, 11, 80, 111, **PAUSED))
    have = look(api, clock, 112, **PAUSED)
    assert (have.judgement.reason, settled(have)) == ("10 % was not approved within 100 s", True)
    assert module.report(have)["verdict"] == "not_enough"
    assert module.MODULE.longest(params(**PAUSED)) == 160


@pytest.mark.parametrize("approved", [10, 25])
def test_an_approval_that_was_there_before_is_no_pause(clock: Clock, approved: int) -> None:
    api, person = paused()
    person.approved = approved
    assert look(api, clock, 11, **PAUSED).judgement.outcome == "pass"


def test_a_step_by_hand_waits_for_nobody(clock: Clock) -> None:
    api, _ = paused()
    assert look(api, clock, 11, to=10, **PAUSED).judgement.outcome == "pass"


def test_while_cloudflare_is_down_a_step_goes_on_waiting_and_judging(clock: Clock) -> None:
    api, person = paused()
    person.approved = Unreachable("Cloudflare does not answer.")
    look(api, clock, 11, **PAUSED)
    have = look(api, clock, 12, **PAUSED)
    assert (settled(have), "Cloudflare does not answer." in have.judgement.reason) == (False, True)
    person.approved = 10
    assert look(api, clock, 17, **PAUSED).judgement.outcome == "pass"


class Forgetful(Counted):
    """Knows only of the time at which it was listened to: from ``since`` on."""

    remembers = False

    def __init__(self, counts: tuple[int, ...], since: int) -> None:
        super().__init__(counts)
        self.since = since

    def counts(self, starts: range) -> dict[int, tuple[int, ...] | None]:
        told = super().counts(starts)
        return {start: counted if start >= self.since else None for start, counted in told.items()}


def test_what_is_told_late_of_the_step_before_is_evidence_and_no_time_of_this_one(clock: Clock) -> None:
    """Three errors in the last periods of a step are known only after the next one has begun."""
    rhythm = {"delay": 16, "max_harm": 500}
    before = Look(Watch(Counted((50, 0)), Forgetful((450, 0), 1000), 10), lambda: 0)
    have = look(before, clock, 26, **rhythm)
    report = json.loads(json.dumps(module.report(have)))
    carried = report["evidence"]
    assert (report["verdict"], carried["untold"]["since"], carried["untold"]["until"]) == ("pass", 1010, 1020)
    assert carried["untold"]["told"] == {"old": [[1010, 450, 0], [1015, 450, 0]]}

    clock.now = 1027.0
    after = module.wanted(params(wanted_share=25, evidence=carried, **rhythm))
    told = Look(Watch(Counted((50, 1)), Forgetful((450, 0), 1027), 25, untold_from(carried["untold"])), lambda: 0)
    clock.now = 1033.0
    assert module.observe(told, after).evidence.seconds == 0
    clock.now = 1036.0
    have = module.observe(told, after)
    assert [(at, tick.late) for at, tick in have.told] == [(1010, True), (1015, True)]
    assert (have.evidence.seconds, have.evidence.new.requests, have.evidence.late) == (0, 0, True)
    assert have.evidence.value > 1
    assert "of the step before" in have.judgement.reason
    clock.now = 1056.0
    have = module.observe(told, after)
    assert [tick.late for _, tick in have.told] == [True, True, False]
    assert have.evidence.seconds == 5


def test_evidence_of_another_kind_is_refused() -> None:
    with pytest.raises(BadInput, match="left untold cannot be read"):
        untold_from({"since": 1, "until": 2})


def test_the_runner_settles_on_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    api = sources((50, 20), (450, 0))
    api.watch.began = 0.0  # long ago: all periods since are complete
    monkeypatch.setattr(module, "time", Clock())
    given = params(within=5000, every=0.01)
    made = runner.Module(**{**module.MODULE.__dict__, "connect": lambda _params, _door: api})
    result = runner.run(made, given, runner.Orders(dry=False, say=lambda _line: None, alive=lambda: True))
    assert (result["failed"], result["health"]["verdict"]) == (False, "fail"), result


class EdgeOf:
    """Divides as it is told; an error in place of a division is raised."""

    def __init__(self, told: Divided | Exception | None) -> None:
        self.told = told
        self.asked: list[tuple[float, float]] = []

    def __call__(self, since: float, until: float) -> Divided | None:
        self.asked.append((since, until))
        if isinstance(self.told, Exception):
            raise self.told
        return self.told


def divided(edge: EdgeOf) -> Look:
    return Look(Watch(Counted((50, 0)), Counted((450, 1)), 10), lambda: 0, edge)


def test_the_measured_share_is_the_edges_where_it_tells(clock: Clock) -> None:
    edge = EdgeOf(Divided(4000, 6000))
    have = look(divided(edge), clock, 11)
    assert have.judgement.reason == "the measured share is 40.0 %, where 10 % are wanted"
    assert "40.0 % measured at the edge; new: 100 requests" in have.judged.told()
    assert (module.report(have)["measured_by"], edge.asked) == ("edge", [(1000, 1010)])


def test_the_edge_is_asked_seldom_and_what_it_sampled_has_more_chance(clock: Clock) -> None:
    edge = EdgeOf(Divided(20, 80, interval=10))
    api = divided(edge)
    assert look(api, clock, 6, 11).judgement.outcome == "pass"  # ten points off, of a hundred in ten
    look(api, clock, 16, 17, 18)
    assert [until for _, until in edge.asked] == [1005, 1015]


@pytest.mark.parametrize(
    ("told", "asked"),
    [(Denied("no such right"), 1), (Throttled("too often"), 2), (Divided(9, 90), 2), (None, 2)],
)
def test_where_the_edge_does_not_tell_both_sides_counts_do(
    clock: Clock, told: Divided | Exception | None, asked: int
) -> None:
    edge = EdgeOf(told)
    have = look(divided(edge), clock, 11, 31)
    assert (module.report(have)["measured_by"], module.report(have)["measured_share"]) == ("counts", 10.0)
    assert len(edge.asked) == asked


@pytest.mark.parametrize(
    ("sick", "outcome", "said"),
    [
        ("timeout", "fail", "the new side gets no requests: Cloudflare holds its pool for unhealthy (timeout)"),
        (None, "broken", "It tells of no request"),
        (Unreachable("Cloudflare does not answer."), "broken", "It tells of no request"),
    ],
)
def test_no_requests_at_all_are_bad_where_cloudflare_finds_the_pool_unhealthy(
    clock: Clock, sick: str | Exception | None, outcome: str, said: str
) -> None:
    def told() -> str | None:
        if isinstance(sick, Exception):
            raise sick
        return sick

    api = Look(Watch(Counted((0, 0)), Counted((450, 0)), 10), lambda: 0, sick=told)
    have = look(api, clock, 11)
    assert (have.judgement.outcome, said in have.judgement.reason) == (outcome, True), have.judgement


def test_a_source_that_is_silent_for_another_reason_asks_nobody(clock: Clock) -> None:
    asked: list[int] = []
    api = Look(Watch(Counted(None), Counted((450, 0)), 10), lambda: 0, sick=lambda: asked.append(1) or "timeout")
    assert (look(api, clock, 11).judgement.outcome, asked) == ("broken", [])


def test_a_source_that_cannot_start_keeps_no_other_from_it_and_is_named_to_the_end(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = Look(Watch(Counted((50, 0)), Counted((450, 0)), 10), lambda: 0)

    def refuse() -> None:
        raise Denied("AWS refused GetMetricData.")

    monkeypatch.setattr(api.watch.new, "start", refuse)
    have = look(api, clock, 11, 16, max_silence=10)
    assert (have.judgement.final, api.watch.old.started) == (True, 1)  # type: ignore[attr-defined]
    told = "the source of the new side does not tell, for 15 s. AWS refused GetMetricData."
    assert have.judgement.reason == told
