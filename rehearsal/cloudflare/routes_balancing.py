"""Routes of load balancing: monitors and pools of the account, balancers of a zone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rehearsal.cloudflare import rules, unrehearsed
from rehearsal.cloudflare.store import new_id, stamp
from rehearsal.cloudflare.world import Cloudflare, CloudflareError, body_of, pages, refused, result, row
from rehearsal.restapi import Answer, Asked, Json, Routes

routes: Routes[Cloudflare] = Routes()
MONITORS = "/accounts/{account}/load_balancers/monitors"
POOLS = "/accounts/{account}/load_balancers/pools"
BALANCERS = "/zones/{zone}/load_balancers"
IN_USE = "This object is referenced by other objects, delete them first."


@routes.on("GET", MONITORS)
def monitors(cloudflare: Cloudflare, asked: Asked) -> Answer:
    """All monitors."""
    cloudflare.check_account(asked)
    return pages(cloudflare.store.monitors.values(), asked, per_page=100, most=1000)


@routes.on("POST", MONITORS)
def create_monitor(cloudflare: Cloudflare, asked: Asked) -> Answer:
    """Make a monitor."""
    cloudflare.check_account(asked)
    return _create(cloudflare, cloudflare.store.monitors, lambda: _monitor(body_of(asked)))


@routes.on("GET", f"{MONITORS}/{{id}}")
def monitor_info(cloudflare: Cloudflare, asked: Asked) -> Answer:
    """One monitor."""
    cloudflare.check_account(asked)
    return result(row(cloudflare.store.monitors, asked))


@routes.on("PUT", f"{MONITORS}/{{id}}")
@routes.on("PATCH", f"{MONITORS}/{{id}}")
def change_monitor(cloudflare: Cloudflare, asked: Asked) -> Answer:
    """Replace (PUT) or change (PATCH) a monitor."""
    cloudflare.check_account(asked)
    return _change(cloudflare, cloudflare.store.monitors, asked, _monitor)


@routes.on("DELETE", f"{MONITORS}/{{id}}")
def delete_monitor(cloudflare: Cloudflare, asked: Asked) -> Answer:
    """Delete a monitor that no pool uses."""
    cloudflare.check_account(asked)
    return _delete(cloudflare, cloudflare.store.monitors, asked, cloudflare.store.users_of_monitor)


@routes.on("GET", f"{MONITORS}/{{id}}/references")
def monitor_references(cloudflare: Cloudflare, asked: Asked) -> Answer:
    """The pools that use a monitor."""
    cloudflare.check_account(asked)
    found = row(cloudflare.store.monitors, asked)
    return result([_reference("pool", pool) for pool in cloudflare.store.users_of_monitor(found["id"])])


@routes.on("GET", POOLS)
def pools(cloudflare: Cloudflare, asked: Asked) -> Answer:
    """All pools, or those of a monitor."""
    cloudflare.check_account(asked)
    wanted = asked.query.get("monitor")
    rows = [pool for pool in cloudflare.store.pools.values() if wanted in (None, pool["monitor"])]
    return pages(rows, asked, per_page=100, most=1000)


@routes.on("POST", POOLS)
def create_pool(cloudflare: Cloudflare, asked: Asked) -> Answer:
    """Make a pool."""
    cloudflare.check_account(asked)
    store = cloudflare.store

    def made() -> Json:
        pool = unrehearsed.pool(rules.pool(body_of(asked), store))
        rules.unique(pool["name"], store.pools.values())
        return pool

    return _create(cloudflare, store.pools, made)


@routes.on("GET", f"{POOLS}/{{id}}")
def pool_info(cloudflare: Cloudflare, asked: Asked) -> Answer:
    """One pool."""
    cloudflare.check_account(asked)
    return result(row(cloudflare.store.pools, asked))


@routes.on("PUT", f"{POOLS}/{{id}}")
@routes.on("PATCH", f"{POOLS}/{{id}}")
def change_pool(cloudflare: Cloudflare, asked: Asked) -> Answer:
    """Replace (PUT) or change (PATCH) a pool; a list of origins is replaced whole."""
    cloudflare.check_account(asked)
    store = cloudflare.store

    def checked(wanted: Json) -> Json:
        pool = unrehearsed.pool(rules.pool(wanted, store))
        rules.unique(pool["name"], (other for other in store.pools.values() if other["id"] != asked.parts["id"]))
        return pool

    return _change(cloudflare, store.pools, asked, checked)


@routes.on("DELETE", f"{POOLS}/{{id}}")
def delete_pool(cloudflare: Cloudflare, asked: Asked) -> Answer:
    """Delete a pool that no load balancer uses."""
    cloudflare.check_account(asked)
    return _delete(cloudflare, cloudflare.store.pools, asked, cloudflare.store.users_of_pool)


@routes.on("GET", f"{POOLS}/{{id}}/references")
def pool_references(cloudflare: Cloudflare, asked: Asked) -> Answer:
    """The load balancers that use a pool, and its monitor."""
    cloudflare.check_account(asked)
    found = row(cloudflare.store.pools, asked)
    users = [_reference("load_balancer", user) for user in cloudflare.store.users_of_pool(found["id"])]
    watched = cloudflare.store.monitors.get(found["monitor"])
    return result(users + ([{**_reference("monitor", watched), "reference_type": "referral"}] if watched else []))


@routes.on("GET", f"{POOLS}/{{id}}/health")
def pool_health(cloudflare: Cloudflare, asked: Asked) -> Answer:
    """What the edge's monitors last saw of a pool."""
    cloudflare.check_account(asked)
    store = cloudflare.store
    pool = row(store.pools, asked)
    if pool["id"] not in store.health:
        raise CloudflareError(404, 1001, "Health info unavailable")
    seen = store.health[pool["id"]]["origins"]
    origins = [_seen(origin, seen[origin["name"]]) for origin in pool["origins"] if origin["name"] in seen]
    here = {"healthy": store.is_healthy(pool), "origins": origins}
    return result({"pool_id": pool["id"], "pop_health": {"Dublin, IE": here}})


@routes.on("GET", BALANCERS)
def balancers(cloudflare: Cloudflare, asked: Asked) -> Answer:
    """The load balancers of a zone."""
    return pages(cloudflare.zone(asked).balancers.values(), asked, per_page=100, most=1000)


@routes.on("POST", BALANCERS)
def create_balancer(cloudflare: Cloudflare, asked: Asked) -> Answer:
    """Make a load balancer, if the zone has bought load balancing."""
    zone = cloudflare.zone(asked)
    if not zone.load_balancing:
        raise refused("load balancing is not enabled for this zone, a subscription is required")

    def made() -> Json:
        balancer = unrehearsed.balancer(rules.balancer(body_of(asked), zone, cloudflare.store))
        rules.unique(balancer["name"], zone.balancers.values())
        return {**balancer, "zone_name": zone.name}

    return _create(cloudflare, zone.balancers, made)


@routes.on("GET", f"{BALANCERS}/{{id}}")
def balancer_info(cloudflare: Cloudflare, asked: Asked) -> Answer:
    """One load balancer."""
    return result(row(cloudflare.zone(asked).balancers, asked))


@routes.on("PUT", f"{BALANCERS}/{{id}}")
@routes.on("PATCH", f"{BALANCERS}/{{id}}")
def change_balancer(cloudflare: Cloudflare, asked: Asked) -> Answer:
    """Replace (PUT) or change (PATCH) a load balancer.

    PATCH merges the top level only: random_steering is taken whole, so a pool that it does not name falls back to the
    default weight, and the default weight that it does not name to 1.
    """
    zone = cloudflare.zone(asked)

    def checked(wanted: Json) -> Json:
        balancer = unrehearsed.balancer(rules.balancer(wanted, zone, cloudflare.store))
        others = (other for other in zone.balancers.values() if other["id"] != asked.parts["id"])
        rules.unique(balancer["name"], others)
        return {**balancer, "zone_name": zone.name}

    return _change(cloudflare, zone.balancers, asked, checked)


@routes.on("DELETE", f"{BALANCERS}/{{id}}")
def delete_balancer(cloudflare: Cloudflare, asked: Asked) -> Answer:
    """Delete a load balancer: a DNS record of its name takes over again."""
    return _delete(cloudflare, cloudflare.zone(asked).balancers, asked, lambda _id: [])


def _monitor(wanted: Json) -> Json:
    return unrehearsed.monitor(rules.monitor(wanted))


def _create(cloudflare: Cloudflare, rows: dict[str, Json], make: Callable[[], Json]) -> Answer:
    with cloudflare.store.lock:
        at = stamp()
        made = {"id": new_id(), "created_on": at, "modified_on": at, **_dated(make(), at)}
        rows[made["id"]] = made
    cloudflare.publish()
    return result(made)


def _change(cloudflare: Cloudflare, rows: dict[str, Json], asked: Asked, check: Callable[[Json], Json]) -> Answer:
    with cloudflare.store.lock:
        before = row(rows, asked)
        wanted = body_of(asked) if asked.method == "PUT" else {**before, **body_of(asked)}
        kept = {"id": before["id"], "created_on": before["created_on"], "modified_on": stamp()}
        made = {**_dated(check(wanted), kept["modified_on"]), **kept}
        rows[before["id"]] = made
        cloudflare.store.forget_unwatched()
    cloudflare.publish()
    return result(made)


def _delete(cloudflare: Cloudflare, rows: dict[str, Json], asked: Asked, users: Callable[[str], list[Json]]) -> Answer:
    with cloudflare.store.lock:
        found = row(rows, asked)
        if users(found["id"]):
            raise CloudflareError(412, 1005, IN_USE)
        del rows[found["id"]]
        cloudflare.store.forget_unwatched()
    cloudflare.publish()
    return result({"id": found["id"]})


def _dated(made: Json, at: str) -> Json:
    """With ``disabled_at`` for a pool and for origins that are disabled, and without it for the others."""
    if "origins" not in made:
        return made
    origins = [_disabled_since(origin, at) for origin in made["origins"]]
    return _disabled_since({**made, "origins": origins}, at)


def _disabled_since(made: Json, at: str) -> Json:
    if made["enabled"]:
        return {field: value for field, value in made.items() if field != "disabled_at"}
    return {**made, "disabled_at": made.get("disabled_at") or at}


def _reference(kind: str, thing: Json) -> Json:
    name = thing.get("name") or thing.get("description") or ""
    return {"reference_type": "referrer", "resource_id": thing["id"], "resource_name": name, "resource_type": kind}


def _seen(origin: Json, seen: Json) -> dict[str, Any]:
    return {
        origin["address"]: {
            "failure_reason": seen.get("failure_reason") or "No failures",
            "healthy": seen["healthy"],
            "response_code": seen.get("response_code") or 0,
            "rtt": f"{seen.get('rtt') or 0:.1f}ms",
        }
    }
