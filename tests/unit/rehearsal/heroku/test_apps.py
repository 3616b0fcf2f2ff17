"""Apps, their switches, and what hangs on them."""

from __future__ import annotations

import pytest

from rehearsal.restapi import Json
from tests.unit.rehearsal.heroku.stage import Stage

PREBOOT = "/apps/bond-server/features/preboot"


@pytest.mark.parametrize(("path", "field"), [("/apps/bond-server", "maintenance"), (PREBOOT, "enabled")])
def test_switches_take_one_and_zero_as_heroku3_sends_them(stage: Stage, path: str, field: str) -> None:
    for wanted in (1, 0, True, False):
        assert stage.patch(path, {field: wanted}).json()[field] is bool(wanted)


@pytest.mark.parametrize("wanted", ["true", 2, None])
@pytest.mark.parametrize(("path", "field"), [("/apps/bond-server", "maintenance"), (PREBOOT, "enabled")])
def test_switches_take_nothing_else(stage: Stage, path: str, field: str, wanted: object) -> None:
    refused = stage.patch(path, {field: wanted})
    assert (refused.status_code, refused.json()["message"]) == (422, f"{field} must be true or false.")


@pytest.mark.parametrize("by", ["name", "id"])
def test_an_addon_knows_what_it_is_attached_to(stage: Stage, by: str) -> None:
    addon: Json = stage.get("/addons/redis-flat-1")
    (attachment,) = stage.client.get(f"/addons/{addon[by]}/addon-attachments").json()
    assert (attachment["name"], attachment["addon"]["id"]) == ("REDIS", addon["id"])


def test_an_account_without_features_of_its_own(stage: Stage) -> None:
    assert stage.client.get("/account/features").json() == []
