"""Where a run is attacked, and which of its words are clear."""

from __future__ import annotations

import dataclasses

import pytest

from rehearsal.attack import MODES, Mode, Point, points_of, sentences, spread, unclear
from rehearsal.calls import Kind, Service
from rehearsal.requestlog import Entry

POOL, OTHER = "5d41402abc4b2a76b9719d911017c592", "7d793037a0760186574b0282f2f435e7"


def entry(operation: str, kind: Kind = "write", target: str = "", service: Service = "aws") -> Entry:
    return Entry(0.0, service, operation, kind, target, "me", 200, 0.0)


def test_a_poll_is_one_point_and_reads_are_none_for_kills() -> None:
    entries = [entry("Describe", "read"), entry("Create"), entry("Describe", "read"), entry("Create")]
    assert [point.operation for point in points_of(entries, writes_only=True)] == ["Create"]
    assert [point.operation for point in points_of(entries, writes_only=False)] == ["Describe", "Create"]


def test_targets_make_points_of_their_own() -> None:
    found = points_of([entry("Create", target="web"), entry("Create", target="worker")], writes_only=True)
    assert [(point.target, point.nth) for point in found] == [("web", 1), ("worker", 1)]


def test_a_target_that_the_world_named_is_found_by_its_turn() -> None:
    """The next run makes another id of it: the third call that looks like this is the one."""
    entries = [entry("PATCH", target=POOL), entry("PATCH", target=POOL), entry("PATCH", target=OTHER)]
    first, second = points_of(entries, writes_only=True)
    assert (first.nth, second.nth) == (1, 3)
    assert (first.target, MODES["kill"].rule(first).target) == ("<id>", "<id>")
    assert MODES["reset"].rule(second).nth == 3


def test_what_is_named_beside_an_id_tells_targets_apart() -> None:
    """The polls of one stack do not count for those of another, however many there are."""
    web, worker = (f"stack/{name}/1c0acf6b-eb24-4f90-a7d9-b55265bf9a0d" for name in ("web", "worker"))
    found = points_of([entry("Describe", "read", target) for target in (web, web, worker)], writes_only=False)
    assert [(point.target, point.nth) for point in found] == [("stack/web/<uuid>", 1), ("stack/worker/<uuid>", 1)]


def test_a_point_is_known_again_in_another_world() -> None:
    there, here = (points_of([entry("PATCH", target=target)], writes_only=True) for target in (POOL, OTHER))
    assert there == here


def test_each_step_of_a_ramp_may_be_a_point() -> None:
    entries = [entry("PATCH", target=POOL), entry("GET", "read"), entry("PATCH", target=POOL), entry("GET", "read")]
    assert len(points_of(entries, writes_only=False)) == 2
    assert [point.nth for point in points_of(entries, writes_only=True, each_write=True)] == [1, 2]


def test_a_change_set_that_only_looks_is_a_point_too() -> None:
    assert points_of([entry("CreateChangeSet", "preview", "app")], writes_only=True)


@pytest.mark.parametrize("size", [0, 1, 2, 5, 8, 13])
def test_spreading_keeps_every_item(size: int) -> None:
    assert sorted(spread(list(range(size)))) == list(range(size))


def test_a_beginning_of_the_spread_is_spread() -> None:
    assert spread(list(range(8)))[:4] == [0, 4, 2, 6]


CALL = Point("cloudflare", "PATCH /zones/{zone}/load_balancers/{id}", "me", "api.bond.example", "write", 1)
SUMMARY = "SUMMARY [bond-server] ****\n- Heroku app bond-server: web x2\n"


def test_a_killed_run_and_a_good_one_need_no_sentence() -> None:
    assert unclear(SUMMARY, -9, [CALL]) == []
    assert unclear(SUMMARY, 0, [CALL]) == []


@pytest.mark.parametrize(
    "line",
    [
        "Traceback (most recent call last):",
        "- FAILED: cloudflare_pool_weights met an error it does not know: KeyError at a.py:1. Please report this.",
    ],
)
@pytest.mark.parametrize("code", [-9, 0, 2])
def test_tracebacks_and_unknown_errors_are_no_sentences(line: str, code: int) -> None:
    assert line in unclear(f"{SUMMARY}- FAILED: Cloudflare failed.\n{line}\n  File", code, [CALL])


def test_a_failed_run_says_so_in_its_summary() -> None:
    assert unclear(f"fatal: Cloudflare failed\n{SUMMARY}", 2, [CALL]) == ["the summary has no sentence on the failure"]


@pytest.mark.parametrize(
    ("sentence", "is_clear"),
    [
        ("Cloudflare failed at PATCH. Run again.", True),
        ("Nobody answers for load balancer api.bond.example.", True),
        ("Something went wrong with AWS.", False),
    ],
)
def test_the_sentence_names_the_vendor_or_the_thing(sentence: str, is_clear: bool) -> None:
    output = f"{SUMMARY}- FAILED: {sentence}\n"
    assert sentences(output) == [sentence]
    assert (unclear(output, 2, [CALL]) == []) is is_clear


def test_a_call_without_a_target_is_named_by_its_vendor() -> None:
    nowhere = dataclasses.replace(CALL, target="")
    assert unclear(f"{SUMMARY}- FAILED: It went wrong.\n", 2, [nowhere])


def test_of_several_calls_at_which_a_run_stopped_one_is_named() -> None:
    other = Point("aws", "CreateService", "me", "web", "write", 1)
    output = f"{SUMMARY}- FAILED: AWS refused it.\n"
    assert unclear(output, 2, [CALL, other]) == []
    assert unclear(output, 2, [CALL]) == ["names neither Cloudflare nor api.bond.example: AWS refused it."]


def test_a_point_is_called_by_what_tells_it_apart() -> None:
    assert CALL.where == "cloudflare PATCH /zones/{zone}/load_balancers/{id} api.bond.example [me]"
    assert dataclasses.replace(CALL, target="", nth=2).where.endswith("{id} [me] #2")


def test_modes_are_known_by_name() -> None:
    assert [mode.name for mode in MODES.values()] == list(MODES)
    assert Mode(answer=500, writes_only=True).name == "500, at writes"
    assert Mode(answer="garbage", after=True).name == "garbage, after the effect"


def test_a_lost_answer_comes_after_the_effect() -> None:
    rule = MODES["lost"].rule(CALL)
    assert (rule.answer, rule.after, rule.kill, rule.target) == ("reset", True, None, "api.bond.example")
