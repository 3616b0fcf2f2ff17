"""ecs_scalable_target: bounds, what may stand in their place, schedules, and what others have made."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws import schedules
from ansible_collections.offramp.ecs.plugins.module_utils.aws.scaling import Action, Scaled, Target
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown, is_unknown
from ansible_collections.offramp.ecs.plugins.modules import ecs_scalable_target as module
from tests.unit.plugins.ecs_parts import process, run

SERVICE, RESOURCE = "bond-web", "service/offramp-test/bond-web"
NIGHT = {"name": "night", "when": "cron(0 22 * * ? *)", "timezone": "Europe/Tallinn", "minimum": 1, "maximum": 4}
DAY = {"name": "day", "when": "cron(0 6 * * ? *)", "timezone": "Europe/Tallinn", "minimum": 2, "maximum": 8}
WANTED: dict[str, Any] = {"minimum": 2, "maximum": 8, "port": 8080}


class FakeScaling:
    """Application Auto Scaling with one service, as far as the module asks."""

    def __init__(self, policies: Mapping[str, str] | None = None, actions: Mapping[str, Action] | None = None) -> None:
        self.scaled = Scaled(policies=policies or {}, actions=actions or {})
        self.looks = 0
        self.calls: list[dict[str, Any]] = []

    def look(self, resource: str) -> Scaled:
        self.looks += 1
        assert resource == RESOURCE
        return self.scaled if self.scaled.target else Scaled()

    def make(self, change: Change) -> None:
        arguments = dict(change.payload.arguments)
        self.calls.append(arguments)
        assert arguments["ResourceId"] == RESOURCE
        getattr(self, f"_{change.payload.operation}")(arguments)

    def bounds(self, minimum: int, maximum: int) -> None:
        """Set the bounds, as a scheduled action or somebody by hand."""
        before = self.scaled.target or Target("abc", 0, 0)
        self.scaled = replace(self.scaled, target=replace(before, minimum=minimum, maximum=maximum))

    def _register_scalable_target(self, arguments: dict[str, Any]) -> None:
        if "MinCapacity" in arguments:
            self.bounds(arguments["MinCapacity"], arguments["MaxCapacity"])
        if "SuspendedState" in arguments:
            state = arguments["SuspendedState"]
            names = {"scale_in": "DynamicScalingInSuspended", "schedule": "ScheduledScalingSuspended"}
            suspended = frozenset(ours for ours, theirs in names.items() if state[theirs])
            assert self.scaled.target is not None
            self.scaled = replace(self.scaled, target=replace(self.scaled.target, suspended=suspended))

    def _deregister_scalable_target(self, _: dict[str, Any]) -> None:
        self.scaled = Scaled()

    def _put_scheduled_action(self, arguments: dict[str, Any]) -> None:
        bounds = arguments["ScalableTargetAction"]
        action = Action(
            arguments["Schedule"], bounds.get("MinCapacity"), bounds.get("MaxCapacity"), arguments["Timezone"]
        )
        actions = {**self.scaled.actions, arguments["ScheduledActionName"]: action}
        self.scaled = replace(self.scaled, actions=actions)

    def _delete_scheduled_action(self, arguments: dict[str, Any]) -> None:
        gone = arguments["ScheduledActionName"]
        self.scaled = replace(self.scaled, actions={k: v for k, v in self.scaled.actions.items() if k != gone})


def scale(api: FakeScaling, *, dry: bool = False, **given: Any) -> dict[str, Any]:
    """A run; ``given`` are options of the module, or of the process."""
    options = {name: given.pop(name) for name in ("floor", "suspended", "cluster") if name in given}
    params = {
        "region": "eu-west-1",
        "cluster": "offramp-test",
        "service": SERVICE,
        "load_balancer": "app/bond/1",
        "target_group": "targetgroup/bond/2",
        "floor": 0,
        "suspended": "unchanged",
        **options,
        "process": process(**{**WANTED, **given}),
    }
    return run(module.MODULE, api, params, dry=dry)


def verbs(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(change["verb"], change["target"]) for change in result["changes"]]


TARGET = f"scalable target of ECS service {SERVICE}"


@pytest.fixture
def api() -> FakeScaling:
    made = FakeScaling()
    assert verbs(scale(made)) == [("create", TARGET)]
    return made


def test_it_is_made_once_and_tells_what_the_stack_needs(api: FakeScaling) -> None:
    result = scale(api)
    assert result["changes"] == []
    assert result["scalable_target"] == {
        "service": SERVICE,
        "resource": RESOURCE,
        "id": "abc",
        "minimum": 2,
        "maximum": 8,
        "exists": True,
        "suspended": [],
        "scheduled": {},
        "tracking": {
            "requests": 1000,
            "cpu": 60,
            "memory": 75,
            "label": "app/bond/1/targetgroup/bond/2",
            "scale_in_cooldown": 300,
            "scale_out_cooldown": 60,
            "disable_scale_in": False,
        },
        "foreseen": {},
    }


def test_a_process_without_a_port_follows_no_requests(api: FakeScaling) -> None:
    tracking = scale(api, port=0)["scalable_target"]["tracking"]
    assert (tracking["requests"], tracking["label"], tracking["cpu"]) == (0, "", 60)


def test_bounds_that_somebody_changed_come_back(api: FakeScaling) -> None:
    api.bounds(1, 3)
    result = scale(api)
    assert verbs(result) == [("update", TARGET)]
    assert result["changes"][0]["before"] == {"minimum": 1, "maximum": 3}
    assert (result["scalable_target"]["minimum"], result["scalable_target"]["maximum"]) == (2, 8)


def test_what_the_night_has_set_is_not_undone_at_night(api: FakeScaling) -> None:
    made = scale(api, schedule=[NIGHT, DAY])
    assert verbs(made) == [
        ("create", f"scheduled action offramp-night of {SERVICE}"),
        ("create", f"scheduled action offramp-day of {SERVICE}"),
    ]
    api.bounds(1, 4)
    assert scale(api, schedule=[NIGHT, DAY])["changes"] == []
    api.bounds(1, 5)
    assert scale(api, schedule=[NIGHT, DAY])["changes"][0]["after"] == {"minimum": 1, "maximum": 8}
    api.bounds(1, 4)
    raised = scale(api, schedule=[NIGHT, DAY], minimum=6)
    assert raised["changes"] == [], "the night's bounds stay until the day's action sets others"


def test_a_bound_that_would_cross_the_other_brings_both_back(api: FakeScaling) -> None:
    low = {**NIGHT, "minimum": 1, "maximum": 1}
    scale(api, schedule=[low])
    api.bounds(0, 1)
    assert scale(api, schedule=[low])["changes"][0]["after"] == {"minimum": 2, "maximum": 8}


def test_scheduled_actions_are_converged_and_those_of_others_left_alone() -> None:
    api = FakeScaling(actions={"somebodys": Action("rate(1 day)", 3)})
    scale(api, schedule=[NIGHT, DAY])
    assert scale(api, schedule=[NIGHT, DAY])["changes"] == []
    changed = scale(api, schedule=[{**NIGHT, "minimum": 0}])
    assert verbs(changed) == [
        ("update", f"scheduled action offramp-night of {SERVICE}"),
        ("delete", f"scheduled action offramp-day of {SERVICE}"),
    ]
    assert set(api.scaled.actions) == {"somebodys", "offramp-night"}
    assert set(changed["scalable_target"]["scheduled"]) == {"offramp-night"}
    assert api.calls[-2]["ScalableTargetAction"] == {"MinCapacity": 0, "MaxCapacity": 4}


def test_an_action_of_one_moment_is_not_made_again_once_it_is_past(api: FakeScaling) -> None:
    sale = {"name": "sale", "when": "at(2026-01-01T10:00:00)", "timezone": "UTC", "minimum": 6, "maximum": None}
    assert scale(api, schedule=[sale])["changes"] == []
    api.bounds(6, 8)
    assert scale(api, schedule=[sale])["changes"] == []
    once = schedules.actions_of(SERVICE, process(**WANTED, schedule=[sale]))
    before = datetime.datetime(2026, 1, 1, 9, 59, 59, tzinfo=datetime.UTC)
    assert schedules.over(once, before) == frozenset()
    assert schedules.over(once, before + datetime.timedelta(seconds=1)) == {"offramp-sale"}


def test_a_ramp_raises_the_floor_and_the_next_run_lowers_it(api: FakeScaling) -> None:
    raised = scale(api, floor=6, schedule=[NIGHT, DAY])
    assert raised["scalable_target"]["minimum"] == 6
    assert scale(api, floor=6, schedule=[NIGHT, DAY])["changes"] == []
    api.bounds(1, 4)
    assert scale(api, floor=6, schedule=[NIGHT, DAY])["changes"][0]["after"] == {"minimum": 6, "maximum": 8}
    assert scale(api, schedule=[NIGHT, DAY])["changes"][0]["after"] == {"minimum": 2, "maximum": 8}


def test_scaling_is_suspended_when_asked_for_and_else_left_as_it_is(api: FakeScaling) -> None:
    held = scale(api, suspended="scale_in_and_schedule")
    assert verbs(held) == [("update", f"suspension of the {TARGET}")]
    assert held["scalable_target"]["suspended"] == ["scale_in", "schedule"]
    assert scale(api)["changes"] == []
    assert scale(api, suspended="nothing")["scalable_target"]["suspended"] == []


def test_without_a_maximum_there_is_no_target(api: FakeScaling) -> None:
    gone = scale(api, maximum=0, schedule=[NIGHT])
    assert verbs(gone) == [("delete", TARGET)]
    assert gone["scalable_target"]["exists"] is False
    assert gone["scalable_target"]["tracking"]["cpu"] == 0
    assert scale(api, maximum=0)["changes"] == []


def test_the_stack_s_own_policies_are_left_to_it(api: FakeScaling) -> None:
    policies = {f"{SERVICE}-cpu-abc": "ECSServiceAverageCPUUtilization", "latency": "SomethingElse"}
    api.scaled = replace(api.scaled, policies=policies)
    assert scale(api)["changes"] == []
    assert api.scaled.policies == policies


def test_somebody_elses_policy_of_the_same_metric_is_said_before_anything_is_written(api: FakeScaling) -> None:
    api.scaled = replace(api.scaled, policies={"theirs": "ECSServiceAverageCPUUtilization"})
    calls = len(api.calls)
    refused = scale(api, maximum=9)
    assert refused["kind"] == "refused"
    assert "ECSServiceAverageCPUUtilization already, by the policy theirs" in refused["msg"]
    assert len(api.calls) == calls
    assert not scale(api, maximum=9, target_cpu=0)["failed"]


def test_a_dry_run_foresees_a_target_whose_id_nobody_knows_yet() -> None:
    api = FakeScaling()
    dry = scale(api, dry=True, schedule=[NIGHT])
    assert verbs(dry) == verbs(scale(FakeScaling(), schedule=[NIGHT]))
    assert is_unknown(dry["scalable_target"]["id"])
    foreseen = dry["scalable_target"]["foreseen"]
    assert (foreseen["minimum"], is_unknown(foreseen)) == (2, True)
    assert api.calls == []


def test_where_not_even_the_cluster_exists_nothing_is_asked() -> None:
    api = FakeScaling()
    cluster = Unknown("ClusterName of stack offramp-test-platform", "playbooks/provision.yml")
    dry = scale(api, dry=True, cluster=cluster)
    assert verbs(dry) == [("create", TARGET)]
    assert is_unknown(dry["scalable_target"]["resource"])
    assert api.looks == 0


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"minimum": 9}, "at least 9 and at most 8"),
        ({"floor": 9}, "a floor of 9 and at most 8"),
        ({"schedule": [NIGHT, NIGHT]}, "cannot be the name"),
        ({"schedule": [{**NIGHT, "name": "at night"}]}, "cannot be the name"),
        ({"schedule": [{**NIGHT, "when": "22:00"}]}, "cannot act at '22:00'"),
        ({"schedule": [{**NIGHT, "when": "cron(0 22 * * *)"}]}, "cannot act at"),
        ({"schedule": [{**NIGHT, "minimum": None, "maximum": None}]}, "sets no bound"),
        ({"schedule": [{**NIGHT, "minimum": 9, "maximum": None}]}, "at least 9 and at most 8"),
    ],
)
def test_what_cannot_be_is_refused(api: FakeScaling, given: dict[str, Any], says: str) -> None:
    refused = scale(api, **given)
    assert refused["kind"] == "bad_input"
    assert says in refused["msg"]
