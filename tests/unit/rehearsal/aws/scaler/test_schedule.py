"""When scheduled actions act."""

from __future__ import annotations

import datetime

import pytest

from rehearsal.aws.scaler.schedule import is_due


def moment(text: str) -> float:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC).timestamp()


def due(schedule: str, at: str, timezone: str = "UTC", created: str = "2026-01-01T00:00:00") -> bool:
    """Whether it acts in the two seconds that end at this moment."""
    return is_due(schedule, timezone, moment(created), moment(at) - 2, moment(at))


@pytest.mark.parametrize(
    ("schedule", "timezone", "acts", "rests"),
    [
        ("at(2026-03-05T22:00:00)", "UTC", "2026-03-05T22:00:01", "2026-03-05T21:59:59"),
        ("at(2026-03-05T22:00:00)", "Europe/Tallinn", "2026-03-05T20:00:00", "2026-03-05T22:00:00"),
        ("cron(0 22 * * ? *)", "UTC", "2026-03-05T22:00:01", "2026-03-05T22:00:03"),
        ("cron(0 22 * * ? *)", "Europe/Tallinn", "2026-07-05T19:00:00", "2026-07-05T20:00:00"),
        ("cron(0/15 * * * ? *)", "UTC", "2026-03-05T11:45:01", "2026-03-05T11:50:01"),
        ("cron(30 6 ? * MON-FRI *)", "UTC", "2026-03-06T06:30:00", "2026-03-07T06:30:00"),
        ("cron(0 0 1 JAN,JUL ? 2026)", "UTC", "2026-07-01T00:00:00", "2027-01-01T00:00:00"),
        ("rate(2 hours)", "UTC", "2026-01-01T04:00:01", "2026-01-01T05:00:01"),
    ],
)
def test_it_acts_at_its_moment_and_at_no_other(schedule: str, timezone: str, acts: str, rests: str) -> None:
    assert due(schedule, acts, timezone)
    assert not due(schedule, rests, timezone)


@pytest.mark.parametrize(
    "schedule",
    ["tonight", "cron(0 22 * * *)", "cron(0 22 L * ? *)", "cron(99 22 * * ? *)", "at(tomorrow)", "rate(2 moons)"],
)
def test_what_is_no_schedule_is_refused(schedule: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        due(schedule, "2026-03-05T22:00:00")
