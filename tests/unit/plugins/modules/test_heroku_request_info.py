"""How long requests to a Heroku app take, as its log tells."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from ansible_collections.offramp.ecs.plugins.modules import heroku_request_info
from tests.unit.plugins.heroku_world import HerokuWorld, heroku_world

LINE = 'at=info method=GET path="{path}" host=api.bond.example dyno=web.1 service={service}ms status=200 bytes=2'


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HerokuWorld]:
    with heroku_world(tmp_path_factory.mktemp("world")) as made:
        yield made


def test_the_slowest_request_is_told_and_no_path(world: HerokuWorld) -> None:
    for second, service in enumerate((12, 41200, 300)):
        text = LINE.format(path=f"/reset/s3cret{second}", service=service)
        world.stage.heroku.logplex.write("bond-server", "heroku", "router", text, 1_800_000_000.0 + second)
    found = world.run(heroku_request_info, app="bond-server")
    assert found["requests"] == {"app": "bond-server", "count": 3, "slowest": 41.2, "at": "2027-01-15T08:00:01Z"}
    assert found["headline"] == [
        "Requests to Heroku app bond-server: the slowest of the last 3 took 41.2 s, at 2027-01-15T08:00:01Z"
    ]
    assert "s3cret" not in json.dumps(found)


def test_an_app_that_nobody_asked_anything_has_no_slowest_request(world: HerokuWorld) -> None:
    found = world.run(heroku_request_info, app="bond-server")
    assert (found["requests"]["count"], found["requests"]["slowest"], found["requests"]["at"]) == (0, 0, "")


def test_an_app_that_is_not_there_is_one_sentence(world: HerokuWorld) -> None:
    assert world.run(heroku_request_info, app="nobodys")["kind"] == "missing"
