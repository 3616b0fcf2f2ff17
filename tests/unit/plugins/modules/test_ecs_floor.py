"""ecs_floor: raised for a step, lowered after the ramp, the same dry and real, and nobody else's bounds touched."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws.scaling import Target
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown, is_unknown
from ansible_collections.offramp.ecs.plugins.modules import ecs_floor as module
from tests.unit.plugins.ecs_parts import process, run

RESOURCE = "service/offramp-test/bond-web"
NIGHT = {"name": "night", "when": "cron(0 22 * * ? *)", "timezone": "Europe/Tallinn", "minimum": 1, "maximum": 4}
DAY = {"name": "day", "when": "cron(0 6 * * ? *)", "timezone": "Europe/Tallinn", "minimum": 2, "maximum": 8}


class FakeScaling:
    """Application Auto Scaling with one service, as far as the module asks."""

    def __init__(self, target: Target | None) -> None:
        self.now = target

    def target(self, resource: str) -> Target | None:
        assert resource == RESOURCE
        return self.now

    def make(self, change: Change) -> None:
        arguments = change.payload.arguments
        assert (change.payload.operation, arguments["ResourceId"]) == ("register_scalable_target", RESOURCE)
        self.now = Target("abc", arguments["MinCapacity"], arguments["MaxCapacity"])


def floor(api: FakeScaling, *, dry: bool = False, **asked: Any) -> dict[str, Any]:
    parts = {"port": 8080, "minimum": 2, "maximum": 8, **asked.pop("process", {})}
    params = {"region": "eu-west-1", "cluster": "offramp-test", "service": "bond-web", "process": process(**parts)}
    return run(module.MODULE, api, {**params, "floor": 0, "foreseen": {}, "scaled": [], **asked}, dry=dry)


def bounds(result: dict[str, Any]) -> list[tuple[int, int]]:
    return [(each["before"]["minimum"], each["after"]["minimum"]) for each in result["changes"]]


def ramp(api: FakeScaling, *, dry: bool) -> list[tuple[int, int]]:
    """What a ramp over floors of 1, 3, 3 and 5 tasks does, and its end."""
    found: list[tuple[int, int]] = []
    foreseen: dict[str, Any] = {}
    for tasks in (1, 3, 3, 5, 0):
        result = floor(api, dry=dry, floor=tasks, foreseen=foreseen)
        assert not result["failed"], result
        foreseen = result["floor"]["foreseen"]
        found += bounds(result)
    return found


def test_a_ramp_raises_the_floor_and_lowers_it_again_the_same_dry_and_real() -> None:
    api = FakeScaling(Target("abc", 2, 8))
    dry = ramp(api, dry=True)
    assert api.now == Target("abc", 2, 8)
    assert ramp(api, dry=False) == dry == [(2, 3), (3, 5), (5, 2)]
    assert api.now == Target("abc", 2, 8)


def test_a_dry_ramp_begins_where_the_release_before_it_would_leave_the_bounds() -> None:
    api = FakeScaling(Target("abc", 1, 3))  # a stranger's
    by = Unknown("bounds", "playbooks/release.yml")
    release = [
        {"scalable_target": {"service": "bond-worker", "foreseen": {"minimum": 9, "by": by}}},
        {"scalable_target": {"service": "bond-web", "foreseen": {"minimum": 2, "by": by}}},
    ]
    assert bounds(floor(api, dry=True, floor=1)) == [(1, 2)]
    assert bounds(floor(api, dry=True, floor=1, scaled=release)) == []
    raised = floor(api, dry=True, floor=4, scaled=release)
    assert bounds(raised) == [(2, 4)]
    assert bounds(floor(api, dry=True, floor=4, scaled=release, foreseen=raised["floor"]["foreseen"])) == []
    real = [{"scalable_target": {"service": "bond-web", "foreseen": {}}}]
    assert bounds(floor(api, floor=1, scaled=real)) == [(1, 2)]


def test_no_real_run_believes_what_was_foreseen() -> None:
    api = FakeScaling(Target("abc", 2, 8))
    foreseen = floor(api, dry=True, floor=5)["floor"]["foreseen"]
    assert (foreseen["minimum"], is_unknown(foreseen)) == (5, True)
    assert floor(api, floor=5, foreseen=foreseen)["kind"] == "bad_input"
    assert floor(api, floor=5)["floor"]["foreseen"] == {}


@pytest.mark.parametrize(
    ("there", "asked", "changes"),
    [
        (Target("abc", 5, 8), {}, [(5, 2)]),  # a ramp was killed
        (Target("abc", 1, 4), {"process": {"schedule": [NIGHT, DAY]}}, []),  # the night has set it
        (Target("abc", 1, 4), {"floor": 3, "process": {"schedule": [NIGHT, DAY]}}, [(1, 3)]),
        (None, {"floor": 4}, [(2, 4)]),  # a dry run before the release
        (None, {"floor": 2}, []),
        (None, {"floor": 4, "process": {"maximum": 0}}, []),
        (Target("abc", 2, 20), {"floor": 4}, [(2, 4)]),  # the maximum is somebody else's
    ],
)
def test_what_is_planned(there: Target | None, asked: dict[str, Any], changes: list[tuple[int, int]]) -> None:
    api = FakeScaling(there)
    assert bounds(floor(api, dry=True, **asked)) == changes
    assert bounds(floor(api, **asked)) == changes
    if there and changes:
        assert api.now is not None
        assert api.now.maximum == there.maximum
    assert bounds(floor(api, **asked)) == []


def test_a_floor_above_the_maximum_is_refused() -> None:
    result = floor(FakeScaling(None), floor=9)
    assert (result["kind"], "a floor of 9 and at most 8 tasks" in result["msg"]) == ("bad_input", True)
