"""Cloudflare's answers about load balancing, held to the OpenAPI document that Cloudflare published."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.unit.rehearsal.cloudflare.stage import MONITOR, Stage

OPENAPI = Path(__file__).parents[4] / "shared/vendor/cloudflare/loadbalancing-openapi-2024-08-06.json"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def openapi() -> Json:
    if not OPENAPI.exists():
        pytest.skip(f"Cloudflare's published OpenAPI document is missing: {OPENAPI}")
    published: Json = json.loads(OPENAPI.read_text())
    return published


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("cloudflare"))
    monitor = made.call("POST", f"{made.account}/monitors", MONITOR)
    pool = made.pool("heroku", monitor=monitor["id"])
    made.balancer(pool)
    yield made
    made.stop()


def nullable(schema: Any) -> Any:
    """OpenAPI 3.0's ``nullable`` as JSON Schema says it."""
    if isinstance(schema, list):
        return [nullable(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    done = {key: nullable(part) for key, part in schema.items()}
    return {"anyOf": [done, {"type": "null"}]} if schema.get("nullable") is True else done


def check(openapi: Json, path: str, method: str, answer: Json) -> None:
    wanted = openapi["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"]
    whole = nullable({**wanted, "components": openapi["components"]})
    jsonschema.Draft4Validator(whole).validate(answer)


MONITORS = "/accounts/{account_id}/load_balancers/monitors"
POOLS = "/accounts/{account_id}/load_balancers/pools"
BALANCERS = "/zones/{zone_id}/load_balancers"


@pytest.mark.parametrize(
    ("path", "one"),
    [
        (MONITORS, f"{MONITORS}/{{monitor_id}}"),
        (POOLS, f"{POOLS}/{{pool_id}}"),
        (BALANCERS, f"{BALANCERS}/{{load_balancer_id}}"),
    ],
)
def test_lists_and_their_things(openapi: Json, stage: Stage, path: str, one: str) -> None:
    real = path.replace("{account_id}", stage.cloudflare.account).replace("/zones/{zone_id}", stage.zone)
    listed = stage.client.get(real).json()
    check(openapi, path, "get", listed)
    (thing,) = listed["result"]
    check(openapi, one, "get", stage.client.get(f"{real}/{thing['id']}").json())
    check(openapi, one, "patch", stage.client.patch(f"{real}/{thing['id']}", json={"description": "x"}).json())
    with pytest.raises(jsonschema.ValidationError):
        check(openapi, one, "get", {"success": True, "errors": [], "messages": [], "result": {"id": 1}})


@pytest.mark.parametrize("path", [f"{POOLS}/{{pool_id}}/references", f"{MONITORS}/{{monitor_id}}/references"])
def test_references(openapi: Json, stage: Stage, path: str) -> None:
    things = stage.call("GET", f"{stage.account}/{'pools' if 'pools' in path else 'monitors'}")
    real = path.replace("{account_id}", stage.cloudflare.account).replace("{pool_id}", things[0]["id"])
    answer = stage.client.get(real.replace("{monitor_id}", things[0]["id"])).json()
    assert answer["result"]
    check(openapi, path, "get", answer)


def test_zones_and_the_token(openapi: Json, stage: Stage) -> None:
    """DNS records are left to the SDK: the document denies them the null comment that the API really gives."""
    check(openapi, "/zones", "get", stage.client.get("/zones").json())
    check(openapi, "/user/tokens/verify", "get", stage.client.get("/user/tokens/verify").json())
