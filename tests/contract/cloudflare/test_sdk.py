"""Cloudflare's answers, held to the official Python SDK, which validates each against its models."""

from __future__ import annotations

from collections.abc import Iterator

import cloudflare
import pytest
from cloudflare import Cloudflare
from cloudflare.types.load_balancers import LoadBalancer, Monitor, Pool

from rehearsal.cloudflare.standin import ROUTES
from rehearsal.requestlog import read_log
from tests.contract.cloudflare.walk import Walk
from tests.unit.plugins.cloudflare_world import CloudflareWorld
from tests.unit.rehearsal.cloudflare.stage import API, Stage


@pytest.fixture
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("cloudflare"))
    yield made
    made.stop()


@pytest.fixture
def sdk(stage: Stage) -> Cloudflare:
    return Cloudflare(
        api_token=stage.cloudflare.token,
        base_url=stage.cloudflare.url,
        max_retries=0,
        _strict_response_validation=True,
    )


def zone_id(sdk: Cloudflare) -> str:
    (zone,) = sdk.zones.list(name="bond.example")
    return zone.id


def monitor(sdk: Cloudflare, stage: Stage) -> Monitor:
    made = sdk.load_balancers.monitors.create(
        account_id=stage.cloudflare.account, type="https", path="/health", expected_codes="200", interval=10
    )
    assert made is not None
    return made


def pool(sdk: Cloudflare, stage: Stage, name: str, monitor_id: str = "") -> Pool:
    made = sdk.load_balancers.pools.create(
        account_id=stage.cloudflare.account,
        name=name,
        monitor=monitor_id,
        origins=[{"name": "origin", "address": f"{name}.example", "weight": 1, "header": {"host": [API]}}],
    )
    assert made is not None
    return made


def balancer(sdk: Cloudflare, stage: Stage) -> tuple[LoadBalancer, str, str]:
    heroku, aws = (pool(sdk, stage, name).id for name in ("heroku", "aws"))
    assert heroku is not None
    assert aws is not None
    made = sdk.load_balancers.create(
        zone_id=zone_id(sdk),
        name=API,
        proxied=True,
        default_pools=[heroku, aws],
        fallback_pool=heroku,
        steering_policy="random",
        random_steering={"default_weight": 0, "pool_weights": {heroku: 1, aws: 0}},
        adaptive_routing={"failover_across_pools": True},
        session_affinity="none",
    )
    assert made is not None
    return made, heroku, aws


def test_the_token_and_the_account(sdk: Cloudflare, stage: Stage) -> None:
    verified = sdk.user.tokens.verify()
    assert verified is not None
    assert verified.status == "active"
    assert [account.id for account in sdk.accounts.list()] == [stage.cloudflare.account]


def test_zones_page_to_their_end(sdk: Cloudflare) -> None:
    assert [zone.name for zone in sdk.zones.list(per_page=1)] == ["bond.example", "poor.example"]
    zone = sdk.zones.get(zone_id=zone_id(sdk))
    assert zone is not None
    assert zone.account.id is not None


def test_records_live_from_create_to_delete(sdk: Cloudflare) -> None:
    zone = zone_id(sdk)
    assert [record.name for record in sdk.dns.records.list(zone_id=zone, name={"exact": API})] == [API]
    made = sdk.dns.records.create(zone_id=zone, type="CNAME", name="www", content="x.example", ttl=300, proxied=False)
    assert made is not None
    edited = sdk.dns.records.edit(made.id, zone_id=zone, type="CNAME", name="www", content="y.example", ttl=300)
    assert edited is not None
    assert (edited.name, edited.content) == ("www.bond.example", "y.example")
    assert sdk.dns.records.get(made.id, zone_id=zone) == edited
    deleted = sdk.dns.records.delete(made.id, zone_id=zone)
    assert deleted is not None
    assert deleted.id == made.id
    with pytest.raises(cloudflare.NotFoundError):
        sdk.dns.records.get(made.id, zone_id=zone)


def test_monitors_live_from_create_to_delete(sdk: Cloudflare, stage: Stage) -> None:
    account, made = stage.cloudflare.account, monitor(sdk, stage)
    assert made.id is not None
    assert (made.method, made.retries, made.timeout, made.consecutive_up) == ("GET", 2, 5, 0)
    changed = sdk.load_balancers.monitors.edit(made.id, account_id=account, interval=30)
    assert changed is not None
    assert (changed.interval, changed.path) == (30, "/health")
    assert list(sdk.load_balancers.monitors.list(account_id=account)) == [changed]
    sdk.load_balancers.monitors.delete(made.id, account_id=account)
    assert list(sdk.load_balancers.monitors.list(account_id=account)) == []


def test_pools_live_from_create_to_delete(sdk: Cloudflare, stage: Stage) -> None:
    account, watcher = stage.cloudflare.account, monitor(sdk, stage)
    assert watcher.id is not None
    made = pool(sdk, stage, "heroku", watcher.id)
    assert made.id is not None
    assert made.origins is not None
    assert (made.origins[0].header and made.origins[0].header.host) == [API]
    off = sdk.load_balancers.pools.edit(made.id, account_id=account, enabled=False)
    assert off is not None
    assert off.disabled_at is not None
    assert [row.id for row in sdk.load_balancers.pools.list(account_id=account, monitor=watcher.id)] == [made.id]
    (reference,) = sdk.load_balancers.pools.references.get(made.id, account_id=account)
    assert reference.resource_type == "monitor"
    sdk.load_balancers.pools.delete(made.id, account_id=account)
    with pytest.raises(cloudflare.NotFoundError):
        sdk.load_balancers.pools.get(made.id, account_id=account)


def test_pool_health(sdk: Cloudflare, stage: Stage) -> None:
    watcher = monitor(sdk, stage)
    made = pool(sdk, stage, "heroku", str(watcher.id))
    seen = {"origin": {"healthy": True, "response_code": 200, "failure_reason": "", "rtt": 3.25}}
    stage.edge.report({"pool_health": {made.id: {"healthy": True, "origins": seen}}})
    health = sdk.load_balancers.pools.health.get(str(made.id), account_id=stage.cloudflare.account)
    assert health is not None
    assert health.pool_id == made.id


def test_balancers_live_from_create_to_delete(sdk: Cloudflare, stage: Stage) -> None:
    zone = zone_id(sdk)
    made, heroku, aws = balancer(sdk, stage)
    assert made.id is not None
    shifted = sdk.load_balancers.edit(
        made.id, zone_id=zone, random_steering={"default_weight": 0, "pool_weights": {heroku: 0.95, aws: 0.05}}
    )
    assert shifted is not None
    assert shifted.random_steering is not None
    assert shifted.random_steering.pool_weights == {heroku: 0.95, aws: 0.05}
    assert shifted.adaptive_routing == made.adaptive_routing
    assert sdk.load_balancers.get(made.id, zone_id=zone) == shifted
    assert list(sdk.load_balancers.list(zone_id=zone)) == [shifted]
    with pytest.raises(cloudflare.APIStatusError) as in_use:
        sdk.load_balancers.pools.delete(heroku, account_id=stage.cloudflare.account)
    assert (in_use.value.status_code, in_use.value.errors[0].code) == (412, 1005)
    sdk.load_balancers.delete(made.id, zone_id=zone)
    assert list(sdk.load_balancers.list(zone_id=zone)) == []


def test_refusals_reach_the_sdk_with_their_code(sdk: Cloudflare, stage: Stage) -> None:
    with pytest.raises(cloudflare.BadRequestError) as refused:
        pool(sdk, stage, "no spaces")
    assert refused.value.errors[0].code == 1002
    with pytest.raises(cloudflare.PermissionDeniedError):
        Cloudflare(api_token="x" * 40, base_url=stage.cloudflare.url, max_retries=0).zones.list()


def test_the_sdk_waits_as_long_as_a_429_says(sdk: Cloudflare, stage: Stage) -> None:
    stage.cloudflare.api.limit.drain()
    with pytest.raises(cloudflare.RateLimitError) as limited:
        sdk.zones.list()
    assert int(limited.value.response.headers["retry-after"]) > 290


def test_every_route_answers_as_the_sdk_expects(world: CloudflareWorld) -> None:
    sdk = Cloudflare(
        api_token=world.cloudflare.token,
        base_url=world.cloudflare.url,
        max_retries=0,
        _strict_response_validation=True,
    )
    Walk(sdk, world.cloudflare.account).everything()
    walked = {entry.operation for entry in read_log(world.log.path)}
    assert {f"{method} {template}" for method, template in ROUTES.known()} - walked == set()
