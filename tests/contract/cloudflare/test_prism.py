"""Requests and answers as Cloudflare's published OpenAPI document has them, judged by npm's prism between both."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cloudflare import Cloudflare

from ansible_collections.offramp.ecs.plugins.modules import (
    cloudflare_load_balancer,
    cloudflare_pool_weights,
    cloudflare_zone_info,
)
from rehearsal.restapi import Json
from tests.contract.cloudflare.steps import STEPS, take_step
from tests.contract.cloudflare.test_openapi import OPENAPI
from tests.contract.cloudflare.walk import Walk
from tests.contract.strangers import environment
from tests.unit.plugins.cloudflare_world import CloudflareWorld
from tests.unit.rehearsal.cloudflare.stage import API

ANYTHING: Json = {"content": {"application/json": {"schema": {}}}}
LEFT_OUT = {
    "/accounts": "get",
    "/ips": "get",
    "/accounts/{account_id}/tokens/verify": "get",
    "/zones/{zone_id}/settings/ssl": "get",
    "/graphql": "post",
}
"""What the document leaves out, being about load balancing: prism lets it pass."""


def amended(document: Json) -> Json:
    """The document with what it leaves out, and without its mistakes.

    It demands a body of a DELETE, which no client of Cloudflare's sends; denies a DNS record the null comment that the
    API gives; and demands of a new one what only Cloudflare can say (id, created_on).
    """
    for path, method in LEFT_OUT.items():
        parameters = [
            {"name": part[1:-1], "in": "path", "required": True, "schema": {"type": "string"}}
            for part in path.split("/")
            if part.startswith("{")
        ]
        passes: Json = {"responses": {"default": {"description": "any"}}, "parameters": parameters}
        document["paths"][path] = {method: {**passes, "requestBody": ANYTHING} if method == "post" else passes}
    document["components"]["schemas"]["dns-records_comment"]["nullable"] = True
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method == "delete" or (method in ("post", "put", "patch") and "/dns_records" in path):
                operation["requestBody"] = ANYTHING
    return document


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudflareWorld]:
    made = CloudflareWorld(tmp_path_factory.mktemp("cloudflare"))
    yield made
    made.stop()


@pytest.fixture(scope="module")
def prism(world: CloudflareWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a proxy before the stand-in that answers a violation with an error of its own."""
    program = environment.from_npm("@stoplight/prism-cli", "dist/index.js")
    if not OPENAPI.exists():
        pytest.skip(f"Cloudflare's published OpenAPI document is missing: {OPENAPI}")
    home = tmp_path_factory.mktemp("prism")
    document = home / "openapi.json"
    document.write_text(json.dumps(amended(json.loads(OPENAPI.read_text()))))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    command = ["node", str(program), "proxy", "--errors", "-h", "127.0.0.1", "-p", port, str(document)]
    with (home / "prism.log").open("w") as log:
        proxy = subprocess.Popen([*command, world.cloudflare.url], stdout=subprocess.PIPE, stderr=log, text=True)
    assert proxy.stdout is not None
    said = iter(proxy.stdout.readline, "")
    assert any("Prism is listening" in line for line in said), (home / "prism.log").read_text()
    yield f"http://127.0.0.1:{port}"
    proxy.terminate()
    proxy.communicate()


@pytest.fixture
def run(world: CloudflareWorld, prism: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a module of ours through the proxy."""
    monkeypatch.setenv("CLOUDFLARE_BASE_URL", prism)
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", world.cloudflare.token)
    return world.run


def test_the_proxy_sees_a_violation(world: CloudflareWorld, prism: str) -> None:
    bearer = {"Authorization": f"Bearer {world.cloudflare.token}"}
    wrong: Json = {"name": "heroku", "origins": "none"}
    answer = httpx.post(f"{prism}{world.account}/pools", headers=bearer, json=wrong)
    assert answer.status_code == 422
    assert answer.json()["type"] == "https://stoplight.io/prism/errors#UNPROCESSABLE_ENTITY"


def test_the_python_sdk_walks_without_a_violation(world: CloudflareWorld, prism: str) -> None:
    sdk = Cloudflare(api_token=world.cloudflare.token, base_url=prism, max_retries=0, _strict_response_validation=True)
    Walk(sdk, world.cloudflare.account).everything()


@pytest.mark.parametrize("step", STEPS)
def test_the_npm_sdk_takes_without_a_violation(world: CloudflareWorld, prism: str, tmp_path: Path, step: str) -> None:
    take_step(step, world, prism, tmp_path)


def test_a_migration_by_our_modules_is_without_a_violation(world: CloudflareWorld, run: Any) -> None:
    hostname: Json = {"zone": "bond.example", "hostname": API}
    ends: Json = {"old": {"pool": "heroku", "host": API}, "new": {"pool": "aws", "address": "x.example", "host": API}}
    weights: Json = {**hostname, "old": "heroku", "new": "aws"}
    run(cloudflare_zone_info, **hostname)
    made = run(cloudflare_load_balancer, every=0.05, within=30.0, **hostname, **ends)
    again = run(cloudflare_load_balancer, every=0.05, within=30.0, **hostname, **ends)
    shifted = run(cloudflare_pool_weights, share=25, **weights)
    back = run(cloudflare_pool_weights, share=0, close_new=True, **weights)
    assert (len(made["changes"]), again["changes"]) == (5, []), made
    assert shifted["weights"]["share"] == 25, shifted
    assert (back["weights"]["share"], back["weights"]["new_pool_enabled"]) == (0, False), back
    assert len(world.writes()) == 5 + 1 + 2
