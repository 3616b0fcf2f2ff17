"""When a scheduled action acts: ``at(...)``, ``rate(...)`` and ``cron(...)`` with AWS's six fields.

https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html; of cron's
characters the rehearsal knows ``* ? , - /`` and the names of months and days, not ``L W #``.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

_SHAPE = re.compile(r"(?P<kind>at|rate|cron)\((?P<inside>[^()]+)\)")
_UNITS = {"minute": 60, "hour": 3600, "day": 86400}
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199))
_MINUTE = datetime.timedelta(minutes=1)


def is_due(schedule: str, timezone: str, created: float, after: float, until: float) -> bool:
    """Whether it acts at a moment later than ``after`` and not later than ``until`` (all in seconds of the epoch).

    Raises:
        ValueError: there is no such schedule, or none that the rehearsal knows.
    """
    found = _SHAPE.fullmatch(schedule)
    if found is None:
        raise ValueError(f"Schedule expression {schedule} is invalid")
    zone = ZoneInfo(timezone or "UTC")
    match found["kind"]:
        case "at":
            moment = datetime.datetime.fromisoformat(found["inside"]).replace(tzinfo=zone).timestamp()
            return after < moment <= until
        case "rate":
            number, unit = found["inside"].split()
            every = int(number) * _UNITS[unit.removesuffix("s")]
            return int((until - created) // every) > max(0, int((after - created) // every))
    allowed = _cron(found["inside"])
    return any(_matches(allowed, minute) for minute in _minutes(zone, after, until))


def _minutes(zone: ZoneInfo, after: float, until: float) -> Iterator[datetime.datetime]:
    """The full minutes in between."""
    minute = datetime.datetime.fromtimestamp(after, zone).replace(second=0, microsecond=0) + _MINUTE
    while minute.timestamp() <= until:
        yield minute
        minute += _MINUTE


def _matches(allowed: list[set[int]], moment: datetime.datetime) -> bool:
    day = moment.isoweekday() % 7 + 1
    values = (moment.minute, moment.hour, moment.day, moment.month, day, moment.year)
    return all(value in numbers for value, numbers in zip(values, allowed, strict=True))


def _cron(fields: str) -> list[set[int]]:
    """The numbers that each field allows."""
    parts = fields.split()
    if len(parts) != len(_RANGES):
        raise ValueError(f"cron({fields}) has not the six fields that AWS wants")
    return [_numbers(part, place) for place, part in enumerate(parts)]


def _numbers(field: str, place: int) -> set[int]:
    lowest, highest = _RANGES[place]
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        start = lowest if first in ("*", "?") else _number(first, place)
        end = highest if first in ("*", "?") or (step and not last) else _number(last or first, place)
        found.update(range(start, end + 1, int(step or 1)))
    if not found or min(found) < lowest or max(found) > highest:
        raise ValueError(f"{field} is no field of a cron expression that the rehearsal knows")
    return found


def _number(text: str, place: int) -> int:
    names = {3: _MONTHS, 4: _DAYS}.get(place, [])
    return names.index(text.upper()) + 1 if text.upper() in names else int(text)
