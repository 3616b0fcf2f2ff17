"""Target health: what a run of probes means to an ALB."""

from __future__ import annotations

import pytest

from rehearsal.dataplane.probes import HEALTHY, INITIAL, Check, Course, Health, Probed, matches

CHECK = Check(path="/health", interval=5, timeout=2, healthy_threshold=3, unhealthy_threshold=2, matcher="200")
OK, WRONG, LATE, REFUSED = Probed(200), Probed(503), Probed(None, "timeout"), Probed(None, "connection")


def course(*probes: Probed) -> Health:
    """The health after these probes."""
    now = Course()
    for probed in probes:
        now = now.after(probed, CHECK)
    return now.health


def test_a_new_target_is_healthy_after_one_passed_check() -> None:
    assert course() == INITIAL
    assert course(OK) == HEALTHY
    assert course(WRONG, OK) == HEALTHY


def test_a_target_gets_unhealthy_after_as_many_failures_in_a_row_as_the_threshold_says() -> None:
    assert course(OK, WRONG) == HEALTHY
    assert course(OK, WRONG, OK, WRONG) == HEALTHY
    assert course(OK, WRONG, WRONG).state == "unhealthy"
    assert course(WRONG) == INITIAL
    assert course(WRONG, WRONG).state == "unhealthy"


def test_an_unhealthy_target_recovers_after_as_many_passed_checks_as_the_threshold_says() -> None:
    ill = (WRONG, WRONG)
    assert course(*ill, OK, OK).state == "unhealthy"
    assert course(*ill, OK, OK, WRONG, OK, OK).state == "unhealthy"
    assert course(*ill, OK, OK, OK) == HEALTHY


@pytest.mark.parametrize(
    ("probed", "reason", "description"),
    [
        (WRONG, "Target.ResponseCodeMismatch", "Health checks failed with these codes: [503]"),
        (LATE, "Target.Timeout", "Request timed out"),
        (REFUSED, "Target.FailedHealthChecks", "Health checks failed"),
    ],
)
def test_the_reason_is_that_of_the_last_failure(probed: Probed, reason: str, description: str) -> None:
    assert course(WRONG, LATE, probed) == Health("unhealthy", reason, description)


@pytest.mark.parametrize(
    ("matcher", "fitting", "others"),
    [("200", [200], [201, 204]), ("200,302", [200, 302], [201]), ("200-299", [200, 250, 299], [199, 300])],
)
def test_matchers_are_values_lists_and_ranges(matcher: str, fitting: list[int], others: list[int]) -> None:
    assert all(matches(status, matcher) for status in fitting)
    assert not any(matches(status, matcher) for status in others)
