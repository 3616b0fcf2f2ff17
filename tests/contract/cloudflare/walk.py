"""One walk over every route of the stand-in by the official Python SDK, which validates each answer."""

from __future__ import annotations

from typing import Any

import cloudflare
import pytest
from cloudflare import Cloudflare

from tests.unit.rehearsal.cloudflare.stage import API

TAG = "zoneTag loadBalancingRequestsAdaptiveGroups(limit: 5) { count }"


class Walk:
    """The steps of the walk; each leaves the account as it was, but for :meth:`balancer`, which is last."""

    def __init__(self, sdk: Cloudflare, account: str) -> None:
        self.sdk, self.account = sdk, account
        (zone,) = sdk.zones.list(name="bond.example")
        self.zone = zone.id

    def everything(self) -> None:
        """Every step, in an order in which they need each other."""
        self.token_and_zones()
        self.records()
        monitor = self.monitor()
        heroku, aws = (self.pool(name, monitor) for name in ("heroku", "aws"))
        self.balancer(heroku, aws)
        self.refusals()
        self.end(monitor, heroku, aws)

    def token_and_zones(self) -> None:
        """Who we are, which zones there are, and what the edge counted."""
        sdk = self.sdk
        verified = (sdk.user.tokens.verify(), sdk.accounts.tokens.verify(account_id=self.account))
        assert [token and token.status for token in verified] == ["active", "active"]
        assert [account.id for account in sdk.accounts.list()] == [self.account]
        assert [zone.name for zone in sdk.zones.list(per_page=5)] == ["bond.example", "poor.example"]
        zone = sdk.zones.get(zone_id=self.zone)
        assert (zone and zone.status, zone and zone.name) == ("active", "bond.example")
        ranges = sdk.ips.list()
        assert ranges
        assert ranges.ipv4_cidrs
        assert len(ranges.ipv4_cidrs) == 15
        ssl = sdk.zones.settings.get("ssl", zone_id=self.zone)
        assert (ssl and ssl.id, ssl and ssl.value) == ("ssl", "strict")
        query = {"query": f'{{ viewer {{ zones(filter: {{zoneTag: "{self.zone}"}}) {{ {TAG} }} }} }}'}
        told: Any = sdk.post("/graphql", cast_to=object, body=query)
        assert told["data"]["viewer"]["zones"] == [{"zoneTag": self.zone, "loadBalancingRequestsAdaptiveGroups": []}]

    def records(self) -> None:
        """DNS records of each type that migrations meet, from create to delete."""
        records = self.sdk.dns.records
        before = {record.id for record in records.list(zone_id=self.zone)}
        made = records.create(zone_id=self.zone, type="CNAME", name="www", content="x.example", ttl=300)
        text = records.create(zone_id=self.zone, type="TXT", name="@", content='"k=v"', ttl=1)
        six = records.create(zone_id=self.zone, type="AAAA", name="six", content="2001:db8::1", ttl=1, proxied=True)
        assert made
        assert text
        assert six
        replaced = records.update(
            made.id, zone_id=self.zone, type="A", name="www", content="192.0.2.1", ttl=1, proxied=True, comment="ours"
        )
        edited = records.edit(made.id, zone_id=self.zone, type="A", name="www", content="192.0.2.2", ttl=1)
        assert replaced
        assert edited
        assert (replaced.comment, replaced.type, replaced.proxied) == ("ours", "A", True)
        assert (edited.content, edited.proxied, edited.proxiable) == ("192.0.2.2", True, True)
        assert records.get(made.id, zone_id=self.zone) == edited
        for record in (made, text, six):
            deleted = records.delete(record.id, zone_id=self.zone)
            assert deleted
            assert deleted.id == record.id
        assert {record.id for record in records.list(zone_id=self.zone)} == before

    def monitor(self) -> str:
        """A monitor, changed in both ways; returns its id."""
        monitors, account = self.sdk.load_balancers.monitors, self.account
        made = monitors.create(
            account_id=account,
            type="https",
            path="/health",
            expected_codes="200",
            interval=60,
            header={"Host": [API]},
            description="of the app",
        )
        assert made
        assert made.id
        edited = monitors.edit(made.id, account_id=account, type="https", expected_codes="200", retries=3)
        assert edited
        assert (edited.retries, edited.path, edited.header) == (3, "/health", {"Host": [API]})
        replaced = monitors.update(made.id, account_id=account, type="https", expected_codes="2xx", path="/deep")
        assert replaced
        assert (replaced.retries, replaced.path, replaced.header) == (2, "/deep", {})
        assert monitors.get(made.id, account_id=account) == replaced
        assert list(monitors.list(account_id=account)) == [replaced]
        return made.id

    def pool(self, name: str, monitor: str) -> str:
        """A pool, changed in both ways; returns its id."""
        pools, account = self.sdk.load_balancers.pools, self.account
        address = f"{name}.example"
        made = pools.create(account_id=account, name=name, origins=[{"name": name, "address": address}])
        assert made
        assert made.id
        off = pools.edit(made.id, account_id=account, enabled=False)
        assert off
        assert (off.enabled, off.disabled_at is not None, off.origins) == (False, True, made.origins)
        on = pools.update(
            made.id,
            account_id=account,
            name=name,
            monitor=monitor,
            origins=[
                {"name": "b", "address": f"b.{address}", "enabled": False},
                {"name": "a", "address": address, "weight": 0.5, "header": {"host": [API]}},
            ],
        )
        assert on
        assert on.origins
        assert [(origin.name, origin.weight, origin.enabled) for origin in on.origins] == [
            ("a", 0.5, True),
            ("b", 1, False),
        ]
        assert (on.origins[0].header and on.origins[0].header.host) == [API]
        assert (on.enabled, on.disabled_at, on.monitor) == (True, None, monitor)
        assert pools.get(made.id, account_id=account) == on
        assert on in list(pools.list(account_id=account))
        return made.id

    def balancer(self, heroku: str, aws: str) -> None:
        """A balancer over both pools, shifted, replaced and deleted; and who uses whom meanwhile."""
        balancers, zone = self.sdk.load_balancers, self.zone
        made = balancers.create(
            zone_id=zone,
            name=API,
            proxied=True,
            default_pools=[heroku, aws],
            fallback_pool=heroku,
            steering_policy="random",
            random_steering={"default_weight": 0, "pool_weights": {heroku: 1, aws: 0}},
            adaptive_routing={"failover_across_pools": True},
            session_affinity="cookie",
            session_affinity_ttl=1800,
        )
        assert made
        assert made.id
        shifted = balancers.edit(
            made.id, zone_id=zone, random_steering={"default_weight": 0, "pool_weights": {heroku: 0.9, aws: 0.1}}
        )
        assert shifted
        assert shifted.random_steering
        assert shifted.random_steering.pool_weights == {heroku: 0.9, aws: 0.1}
        assert (shifted.session_affinity, shifted.session_affinity_ttl) == ("cookie", 1800)
        plain = balancers.update(made.id, zone_id=zone, name=API, default_pools=[aws], fallback_pool=heroku)
        assert plain
        assert (plain.default_pools, plain.session_affinity, plain.proxied) == ([aws], "none", False)
        assert balancers.get(made.id, zone_id=zone) == plain
        assert list(balancers.list(zone_id=zone)) == [plain]
        self.references(heroku, made.id)
        balancers.delete(made.id, zone_id=zone)
        assert list(balancers.list(zone_id=zone)) == []

    def references(self, pool: str, balancer: str) -> None:
        """Who uses a pool and its monitor, how the pool is, and that it cannot be deleted now."""
        pools, account = self.sdk.load_balancers.pools, self.account
        users = {user.resource_type: user.resource_id for user in pools.references.get(pool, account_id=account)}
        assert users["load_balancer"] == balancer
        watched = self.sdk.load_balancers.monitors.references.get(users["monitor"] or "", account_id=account)
        assert pool in {user.resource_id for user in watched}
        health = pools.health.get(pool, account_id=account)
        assert health
        assert health.pool_id == pool
        with pytest.raises(cloudflare.APIStatusError) as in_use:
            pools.delete(pool, account_id=account)
        assert (in_use.value.status_code, in_use.value.errors[0].code) == (412, 1005)

    def refusals(self) -> None:
        """What is not there, and what cannot be."""
        nowhere = "0" * 32
        with pytest.raises(cloudflare.NotFoundError):
            self.sdk.load_balancers.pools.get(nowhere, account_id=self.account)
        with pytest.raises(cloudflare.NotFoundError):
            self.sdk.dns.records.get(nowhere, zone_id=self.zone)
        with pytest.raises(cloudflare.BadRequestError) as refused:
            self.sdk.load_balancers.pools.create(
                account_id=self.account, name="no spaces", origins=[{"name": "a", "address": "a.example"}]
            )
        assert refused.value.errors[0].code == 1002

    def end(self, monitor: str, *pools: str) -> None:
        """Delete what is left."""
        for pool in pools:
            self.sdk.load_balancers.pools.delete(pool, account_id=self.account)
        self.sdk.load_balancers.monitors.delete(monitor, account_id=self.account)
        assert list(self.sdk.load_balancers.monitors.list(account_id=self.account)) == []
