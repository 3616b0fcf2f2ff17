"""Heroku's answers, held to Heroku's own published hyper-schema (JSON Schema draft 4)."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from rehearsal.heroku.standin import ROUTES
from tests.unit.rehearsal.heroku.stage import Stage

SCHEMA = Path(__file__).parents[4] / "shared/vendor/heroku/platform-api-schema.json"
Json = dict[str, Any]
FORMATS = jsonschema.FormatChecker(("uuid", "email"))


@FORMATS.checks("date-time", raises=ValueError)
def is_a_time(value: object) -> bool:
    """Heroku writes times in UTC and in whole seconds."""
    return not isinstance(value, str) or bool(datetime.datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ"))


EMPTY = {
    "/account/features",
    "/pipelines",
    "/pipeline-couplings",
    "/users/~/pipeline-couplings",
    "/spaces",
    "/teams",
    "/apps/{app}/webhooks",
}


@pytest.fixture(scope="module")
def schema() -> Json:
    if not SCHEMA.exists():
        pytest.skip(f"Heroku's published schema is missing: {SCHEMA}")
    published: Json = json.loads(SCHEMA.read_text())
    return published


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("heroku"))
    made.listen()
    yield made
    made.stop()


def strict(schema: Any) -> Any:
    """With ``strictProperties`` spelled out as draft 4 understands it: all properties required, no others."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    done = {key: strict(part) for key, part in schema.items()}
    if schema.get("strictProperties") and isinstance(schema.get("properties"), dict):
        done |= {"required": sorted(schema["properties"]), "additionalProperties": False}
    return done


def templated(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def target(schema: Json, method: str, template: str) -> Json:
    """The schema of what a link answers."""
    for definition in schema["definitions"].values():
        for link in definition.get("links", []):
            if (link["method"], templated(link["href"])) == (method, templated(template)):
                found: Json = link.get("targetSchema", {"$ref": definition.get("$ref", "")})
                return found
    raise AssertionError(f"Heroku has no link {method} {template}")


def check(schema: Json, method: str, template: str, answer: Any) -> None:
    wanted = strict({**target(schema, method, template), "definitions": schema["definitions"]})
    if not isinstance(answer, list) and "items" in wanted:
        raise AssertionError(f"{template} must be a list")
    jsonschema.Draft4Validator(wanted, format_checker=FORMATS).validate(answer)


def reads() -> list[str]:
    return [path for method, path in ROUTES.known() if method == "GET" and path != "/apps/{app}/pipeline-couplings"]


def filled(template: str, stage: Stage) -> str:
    """A template with the identities of things that exist."""
    path = template.replace("{app}", "bond-server").replace("{user}", "~").replace("{type}", "web")
    path = path.replace("{feature}", "preboot").replace("{size}", "Basic").replace("{dyno}", "web.1")
    path = path.replace("{release}", "3").replace("{addon}", "redis-flat-1").replace("{domain}", "api.bond.example")
    for part in ("slug", "endpoint", "drain", "build"):
        if f"{{{part}}}" in path:
            path = path.replace(f"{{{part}}}", identity(part, stage))
    return path


def identity(part: str, stage: Stage) -> str:
    """The id of the only thing of its kind."""
    lists = {"endpoint": "sni-endpoints", "drain": "log-drains", "build": "builds"}
    if part == "slug":
        releases: Any = stage.get("/apps/bond-server/releases")
        return str(releases[0]["slug"]["id"])
    rows: Any = stage.get(f"/apps/bond-server/{lists[part]}")
    return str(rows[0]["id"])


@pytest.mark.parametrize("template", reads())
def test_what_is_read_is_what_the_schema_says(schema: Json, stage: Stage, template: str) -> None:
    answer: Any = stage.get(filled(template, stage))
    check(schema, "GET", template, answer)
    assert (answer == []) == (template in EMPTY), "an empty list proves nothing"


WRITES: list[tuple[str, str, Json]] = [
    ("PATCH", "/apps/{app}", {"maintenance": False}),
    ("PATCH", "/apps/{app}/config-vars", {"A": "1", "APP_VERSION": None}),
    ("PATCH", "/apps/{app}/formation", {"updates": [{"type": "web", "quantity": "+1"}]}),
    ("PATCH", "/apps/{app}/formation/{type}", {"quantity": 2}),
    ("PATCH", "/apps/{app}/features/{feature}", {"enabled": False}),
    ("POST", "/apps/{app}/log-sessions", {"lines": 1}),
    ("POST", "/actions/addons/resolve", {"addon": "REDIS", "app": "bond-server"}),
    ("POST", "/apps/{app}/releases", {"release": "3"}),
    ("DELETE", "/apps/{app}/dynos", {}),
    ("DELETE", "/apps/{app}/dynos/{dyno}", {}),
    ("DELETE", "/apps/{app}/formations/{type}", {}),
]


@pytest.mark.parametrize(("method", "template", "body"), WRITES)
def test_what_a_write_answers_is_what_the_schema_says(
    schema: Json, stage: Stage, method: str, template: str, body: Json
) -> None:
    answer = stage.client.request(method, filled(template, stage), json=body)
    assert answer.is_success, answer.text
    check(schema, method, template, answer.json())


def test_the_filter_answers_team_apps(schema: Json, stage: Stage) -> None:
    app = stage.get("/apps/bond-server")
    answer = stage.client.post("/filters/apps", json={"in": {"id": [app["id"]]}})
    check(schema, "POST", "/filters/apps", answer.json())
    assert [row["name"] for row in answer.json()] == ["bond-server"]


def test_expanded_addons_show_service_and_plan_whole(schema: Json, stage: Stage) -> None:
    answer = stage.client.get("/apps/bond-server/addons", headers={"Accept-Expansion": "addon_service,plan"})
    assert len(answer.json()) == 2
    for addon in answer.json():
        for part, name in (("plan", "plan"), ("addon_service", "add-on-service")):
            wanted = {"$ref": f"#/definitions/{name}", "definitions": schema["definitions"]}
            jsonschema.Draft4Validator(strict(wanted)).validate(addon[part])
    redis = next(addon for addon in answer.json() if addon["name"] == "redis-flat-1")
    assert redis["plan"]["price"] == {"cents": 300, "contract": False, "unit": "month"}


def test_attachments_tell_of_their_addon_what_is_asked(stage: Stage) -> None:
    header = {"Accept-Inclusion": "addon:plan,config_vars"}
    answer = stage.client.get("/apps/bond-server/addon-attachments", headers=header)
    redis = next(row for row in answer.json() if row["name"] == "REDIS")
    assert redis["addon"]["plan"]["name"] == "heroku-redis:mini"
    assert redis["addon"]["config_vars"] == ["REDIS_URL"]


@pytest.mark.parametrize("spoil", [{"more": 1}, {"id": "x"}, {"created_at": "2026-11-22"}, {"maintenance": None}])
def test_the_schema_can_refuse(schema: Json, stage: Stage, spoil: Json) -> None:
    with pytest.raises(jsonschema.ValidationError):
        check(schema, "GET", "/apps/{app}", {**stage.get("/apps/bond-server"), **spoil})


def test_the_schema_misses_what_is_not_there(schema: Json, stage: Stage) -> None:
    app = stage.get("/apps/bond-server")
    del app["acm"]
    with pytest.raises(jsonschema.ValidationError):
        check(schema, "GET", "/apps/{app}", app)
