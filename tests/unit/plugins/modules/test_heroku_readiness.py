"""Traffic goes back to a Heroku app that is big enough for it, or by a person's word alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.modules import heroku_readiness as module
from tests.unit.plugins.heroku_world import HerokuWorld, heroku_world

NOTED = {"web": 2, "worker": 1}


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HerokuWorld]:
    with heroku_world(tmp_path_factory.mktemp("world")) as made:
        yield made


def ready(world: HerokuWorld, *, dry: bool = False, **params: Any) -> dict[str, Any]:
    given = {"app": "bond-server", "noted": {}, "processes": {}, "force": False, "within": 20.0, "every": 0.1}
    return world.run(module, dry=dry, **{**given, **params})


def scale(world: HerokuWorld, web: int) -> None:
    world.stage.patch("/apps/bond-server/formation", {"updates": [{"type": "web", "quantity": web}]})


def test_an_app_of_its_old_size_is_left_alone(world: HerokuWorld) -> None:
    with world.watched() as seen:
        result = ready(world, noted=NOTED)
    assert seen == ["read GET /apps/{app}/formation", "read GET /apps/{app}/dynos"]
    assert (result["changed"], result["headline"]) == (
        False,
        ["Readiness of Heroku app bond-server: 2 of 2 web dynos up"],
    )


def test_an_app_that_is_bigger_than_it_was_is_never_made_smaller(world: HerokuWorld) -> None:
    assert ready(world, noted={"web": 1})["changes"] == []


@pytest.mark.parametrize("known", ["noted", "processes"])
def test_a_small_app_is_scaled_up_and_waited_for(world: HerokuWorld, known: str) -> None:
    scale(world, 0)
    dry, real = (ready(world, dry=dry, within=0.3, **{known: NOTED}) for dry in (True, False))
    assert dry["changes"] == real["changes"]
    (change,) = real["changes"]
    assert (real["kind"], "0 of 2 web dynos up" in real["msg"]) == ("deadline", True)
    assert (change["verb"], change["before"], change["after"]) == ("scale", {"web": 0}, {"web": 2})
    world.stage.listen()
    again = ready(world, **{known: NOTED})
    assert (again["changed"], dry["readiness"]["web"]) == (False, 2)
    assert again["readiness"] == {"app": "bond-server", "known": True, "web": 2, "up": 2}


def test_what_is_noted_goes_before_what_the_inventory_says(world: HerokuWorld) -> None:
    assert ready(world, noted={"web": 1}, processes={"web": 9})["changes"] == []


def test_an_app_without_web_dynos_whose_size_nobody_knows_is_refused(world: HerokuWorld) -> None:
    scale(world, 0)
    for noted in ({}, {"worker": 1}, {"web": 0}):
        result = ready(world, noted=noted)
        assert result["kind"] == "refused"
        assert result["msg"].startswith("Heroku app bond-server has no web dyno, and nobody knows how many it had.")
        assert "-e rollback_force=true" in result["hint"]


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("HEROKU_API_KEY", "", "HEROKU_API_KEY is not set"),
        ("HEROKU_API_KEY", "00000000-0000-0000-0000-000000000000", "does not accept the token"),
        ("HEROKU_API_URL", "heroku", "is not an address"),
    ],
)
def test_heroku_that_cannot_be_asked_stops_the_way_back_only_where_it_was_made_small(
    world: HerokuWorld, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: str
) -> None:
    monkeypatch.setenv(variable, value)
    result = ready(world, noted=NOTED)
    assert (result["kind"], words in result["msg"]) == ("refused", True), result
    assert "had 2 web dynos before it was retired and cannot be made so big" in result["msg"]
    assert "-e rollback_force=true" in result["hint"]
    told = ready(world)
    assert (told["failed"], told["readiness"]["known"]) == (False, False)
    assert "NOT KNOWN" in told["headline"][0]
    assert words in told["headline"][0]


def test_by_a_person_s_word_nobody_is_asked(world: HerokuWorld) -> None:
    scale(world, 0)
    with world.watched() as seen:
        result = ready(world, noted=NOTED, force=True)
    assert (seen, result["failed"], result["changes"]) == ([], False, [])
    assert "not looked at, by rollback_force" in result["headline"][0]


def test_an_app_whose_dynos_have_all_crashed_takes_no_traffic_back(world: HerokuWorld) -> None:
    have = module.Have("bond-server", 2, ("crashed", "crashed"))
    waiting = module.MODULE.waiting
    assert waiting is not None
    failure = waiting.failed(have)
    assert failure is not None
    assert "Every web dyno of Heroku app bond-server has crashed." in failure.sentence()
    assert waiting.failed(module.Have("bond-server", 2, ("crashed", "up"))) is None


@pytest.mark.parametrize(
    ("states", "grew", "settled"),
    [
        (("up", "starting"), False, True),
        (("up", "starting"), True, False),
        (("up", "up"), True, True),
        (("up", "starting", "starting"), False, False),
        (("starting",), False, False),
        (("crashed", "starting"), False, False),
        (("idle", "starting"), False, True),
        (("up",), False, False),
        (("up", "crashed"), True, True),
    ],
)
def test_a_dyno_that_restarts_beside_others_does_not_delay_the_way_back(
    states: tuple[str, ...], grew: bool, settled: bool
) -> None:
    waiting = module.MODULE.waiting
    assert waiting is not None
    assert waiting.settled(module.Have("bond-server", max(2, len(states)), states, grew=grew)) is settled


def test_only_an_app_that_may_have_grown_is_waited_for_as_a_whole(world: HerokuWorld) -> None:
    scale(world, 3)
    left_alone, grown = ready(world), ready(world, noted={"web": 3}, within=0.3)
    assert left_alone["headline"] == ["Readiness of Heroku app bond-server: 2 of 3 web dynos up"]
    assert (grown["kind"], "2 of 3 web dynos up" in grown["msg"]) == ("deadline", True)
