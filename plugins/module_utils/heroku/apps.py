"""A Heroku app and what belongs to it, read and normalised; each function is one request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional
from urllib.parse import urlsplit

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Refused, Unreachable
from ansible_collections.offramp.ecs.plugins.module_utils.heroku.client import Heroku, app_path

LARGEST_CONFIG = 65_536
"""Bytes of names and values that an app's config vars may have together."""
_NAMED_IN_REPORT = 5


@dataclass(frozen=True)
class App:
    """The app itself."""

    id: str
    name: str
    region: str
    stack: str
    web_url: str
    maintenance: bool


@dataclass(frozen=True)
class Process:
    """One process type of the formation."""

    type: str
    quantity: int
    size: str
    command: str


@dataclass(frozen=True)
class Dyno:
    """One dyno; ``state`` is Heroku's word (starting, up, crashed, idle, down)."""

    name: str
    type: str
    state: str


@dataclass(frozen=True)
class Addon:
    """An add-on that the app owns. ``keys`` are the config vars it sets; ``cents`` is what a month costs, in USD."""

    name: str
    service: str
    plan: str
    state: str
    cents: int
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Domain:
    """A host name of the app; ``cname`` is where DNS must point for a custom one."""

    hostname: str
    kind: str
    cname: Optional[str]
    acm_status: Optional[str]


@dataclass(frozen=True)
class Release:
    """One line of the release history."""

    version: int
    description: str
    status: str
    created_at: str


@dataclass(frozen=True)
class Drain:
    """A log drain without its credentials: ``to`` is scheme and host of its address, ``addon`` who owns it."""

    to: str
    addon: Optional[str]


def target_of(app: str) -> str:
    """The app's name in sentences."""
    return f"Heroku app {app}"


def read_app(api: Heroku, app: str) -> App:
    """The app itself."""
    row = _mapping(api.read(app_path(app), target_of(app)), app)
    return App(
        row["id"], row["name"], row["region"]["name"], row["stack"]["name"], row["web_url"] or "", row["maintenance"]
    )


def read_config(api: Heroku, app: str) -> dict[str, str]:
    """The config vars with their values; they must not leave this process."""
    row = _mapping(api.read(app_path(app, "config-vars"), target_of(app)), app)
    return {key: value for key, value in row.items() if isinstance(value, str)}


def read_formation(api: Heroku, app: str) -> tuple[Process, ...]:
    """The process types, by name."""
    rows = api.read_all(app_path(app, "formation"), target_of(app))
    processes = [Process(row["type"], row["quantity"], row["size"], row["command"]) for row in rows]
    return tuple(sorted(processes, key=lambda process: process.type))


def read_dynos(api: Heroku, app: str) -> tuple[Dyno, ...]:
    """The dynos that run now, by name."""
    rows = api.read_all(app_path(app, "dynos"), target_of(app))
    return tuple(sorted((Dyno(row["name"], row["type"], row["state"]) for row in rows), key=lambda dyno: dyno.name))


def read_addons(api: Heroku, app: str) -> tuple[Addon, ...]:
    """The add-ons, by name."""
    rows = api.read_all(app_path(app, "addons"), target_of(app))
    return tuple(sorted((_addon(row) for row in rows), key=lambda addon: addon.name))


def read_domains(api: Heroku, app: str) -> tuple[Domain, ...]:
    """The host names, by name."""
    rows = api.read_all(app_path(app, "domains"), target_of(app))
    domains = [Domain(row["hostname"], row["kind"], row["cname"], row["acm_status"]) for row in rows]
    return tuple(sorted(domains, key=lambda domain: domain.hostname))


def read_releases(api: Heroku, app: str, most: int) -> tuple[Release, ...]:
    """The last releases, newest first."""
    rows = api.read_newest(app_path(app, "releases"), target_of(app), by="version", most=most)
    return tuple(Release(row["version"], row["description"], row["status"], row["created_at"]) for row in rows)


def read_features(api: Heroku, app: str) -> tuple[str, ...]:
    """The features that are switched on, by name."""
    rows = api.read_all(app_path(app, "features"), target_of(app))
    return tuple(sorted(row["name"] for row in rows if row["enabled"]))


def read_drains(api: Heroku, app: str) -> tuple[Drain, ...]:
    """The log drains."""
    rows = api.read_all(app_path(app, "log-drains"), target_of(app))
    drains = [Drain(_harmless(row["url"]), (row.get("addon") or {}).get("name")) for row in rows]
    return tuple(sorted(drains, key=lambda drain: (drain.to, drain.addon or "")))


def scale(api: Heroku, app: str, quantities: Mapping[str, int]) -> None:
    """Set quantities of process types in one request: all or none."""
    updates = [{"type": type_, "quantity": quantity} for type_, quantity in sorted(quantities.items())]
    api.patch(app_path(app, "formation"), {"updates": updates}, target_of(app))


def check_config(app: str, config: Mapping[str, str]) -> None:
    """Refuse config vars that Heroku would refuse without a word of why in our errors, which quote no values.

    The limit is Heroku's: 64 kB for names and values together
    (https://devcenter.heroku.com/articles/config-vars#config-var-policies).

    Raises:
        Refused: too much, with figures, or a value that no environment can hold.
    """
    cut = sorted(key for key, value in config.items() if "\0" in value)
    if cut:
        raise Refused(
            f"The value of {', '.join(cut)} holds a NUL, which no environment variable can hold.",
            target=target_of(app),
            hint="Correct it in the secret, or exclude the key.",
        )
    size = sum(len(key.encode()) + len(value.encode()) for key, value in config.items())
    if size > LARGEST_CONFIG:
        largest = sorted(config, key=lambda key: (-len(config[key].encode()), key))[:_NAMED_IN_REPORT]
        named = ", ".join(f"{key} {len(config[key].encode())}" for key in largest)
        raise Refused(
            f"The config vars would have {size} bytes; Heroku takes {LARGEST_CONFIG}. The largest values: {named}.",
            target=target_of(app),
            hint="Exclude keys, so that they stay on AWS alone.",
        )


def write_config(api: Heroku, app: str, changes: Mapping[str, Optional[str]]) -> None:
    """Set config vars, and remove those that are None, in one request, which makes one release at Heroku."""
    api.patch(app_path(app, "config-vars"), dict(changes), target_of(app))


def owners(addons: tuple[Addon, ...]) -> dict[str, Addon]:
    """Config var -> the add-on that sets it."""
    return {key: addon for addon in addons for key in addon.keys}


def _addon(row: dict[str, Any]) -> Addon:
    price = row.get("billed_price") or row["plan"].get("price") or {}
    return Addon(
        row["name"],
        row["addon_service"]["name"],
        row["plan"]["name"],
        row["state"],
        int(price.get("cents") or 0),
        tuple(sorted(row["config_vars"])),
    )


def _mapping(answer: Any, app: str) -> dict[str, Any]:
    if isinstance(answer, dict):
        return answer
    raise Unreachable(
        f"Heroku answered for app {app} with something that is not an object.",
        target=target_of(app),
        hint="Check that HEROKU_API_URL is the address of Heroku's Platform API.",
    )


def _harmless(url: str) -> str:
    """A drain's address without user, password, path and query, each of which may be a credential."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.hostname}"
    except ValueError:
        return "(an address that cannot be read)"
