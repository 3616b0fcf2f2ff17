"""What the Heroku stand-in knows: apps with their processes, config vars, releases, add-ons and domains."""

from __future__ import annotations

import datetime
import hashlib
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from rehearsal.heroku.catalog import canonical_size
from rehearsal.seed import Behaviour
from rehearsal.seed import HerokuApp as SeedApp

OWNER = "founder@bond.example"
_NAMESPACE = uuid.UUID("8b1f3a54-7b8e-4f0e-9d3d-6f2f4f1a9c11")
_FIRST_RELEASE = datetime.timedelta(days=90)


def identify(*parts: object) -> str:
    """A UUID that is the same in each world for the same thing."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(map(str, parts))))


def now() -> datetime.datetime:
    """The present, in whole seconds as Heroku tells times."""
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def herokudns(hostname: str) -> str:
    """The DNS target that Heroku assigns to a custom domain (random there, derived from the name here)."""
    digest = hashlib.sha256(hostname.lower().encode()).hexdigest()
    return f"{digest[:20]}.herokudns.com"


@dataclass
class Process:
    """One process type of an app's formation."""

    id: str
    type: str
    command: str
    quantity: int
    size: str
    created_at: datetime.datetime
    updated_at: datetime.datetime


@dataclass(frozen=True)
class Release:
    """One release: code and config vars together."""

    id: str
    version: int
    description: str
    user: str
    created_at: datetime.datetime
    config: Mapping[str, str]


@dataclass(frozen=True)
class Addon:
    """An add-on, owned by the app under which it stands. ``price_cents`` is for a month."""

    id: str
    service: str
    plan: str
    name: str
    config: tuple[str, ...]
    price_cents: int
    created_at: datetime.datetime

    @property
    def attachment(self) -> str:
        """The name under which it is attached to its app, from which Heroku makes the names of its config vars."""
        first = self.config[0] if self.config else self.service.split("-")[-1]
        return first.removesuffix("_URL").upper().replace("-", "_")


@dataclass(frozen=True)
class Domain:
    """A host name that leads to an app."""

    id: str
    hostname: str
    custom: bool
    created_at: datetime.datetime

    @property
    def cname(self) -> str | None:
        """Where DNS must point for it; the herokuapp.com name needs none."""
        return herokudns(self.hostname) if self.custom else None


@dataclass
class Drain:
    """A log drain."""

    id: str
    url: str
    token: str
    created_at: datetime.datetime
    addon: str | None = None


@dataclass
class App:
    """One app. All fields are guarded by the store's lock."""

    id: str
    name: str
    region: str
    stack: str
    behaviour: Behaviour
    config: dict[str, str]
    formation: dict[str, Process]
    addons: list[Addon]
    domains: list[Domain]
    releases: list[Release]
    drains: list[Drain]
    created_at: datetime.datetime
    updated_at: datetime.datetime
    maintenance: bool = False
    features: set[str] = field(default_factory=set)

    @property
    def current(self) -> Release:
        """The release that is in force."""
        return self.releases[-1]

    def release(self, description: str, user: str = OWNER) -> Release:
        """Make a release of the config vars as they stand."""
        version = self.current.version + 1 if self.releases else 1
        made = Release(identify(self.name, "release", version), version, description, user, now(), dict(self.config))
        self.releases.append(made)
        self.updated_at = made.created_at
        return made


class Store:
    """All apps by name; ``lock`` guards them and everything in them."""

    def __init__(self, seeds: Mapping[str, SeedApp]) -> None:
        self.lock = threading.RLock()
        self.started = now()
        self.apps = {name: _app(name, seed, self.started) for name, seed in seeds.items()}

    def find(self, identity: str) -> App | None:
        """An app by its name or id."""
        by_name = self.apps.get(identity)
        return by_name or next((app for app in self.apps.values() if app.id == identity), None)


def _app(name: str, seed: SeedApp, started: datetime.datetime) -> App:
    born = started - _FIRST_RELEASE
    addons = [
        Addon(
            identify(name, "addon", addon.name),
            addon.service,
            addon.plan if ":" in addon.plan else f"{addon.service}:{addon.plan}",
            addon.name,
            tuple(addon.config),
            addon.price_cents,
            born,
        )
        for addon in seed.addons
    ]
    return App(
        id=identify(name),
        name=name,
        region=seed.region,
        stack=seed.stack,
        behaviour=seed.behaviour,
        config=dict(seed.config),
        formation=_formation(name, seed, born),
        addons=addons,
        domains=_domains(name, seed, born),
        releases=_releases(name, seed, born),
        drains=[_drain(name, addon) for addon in addons if _is_for_logs(addon)],
        created_at=born,
        updated_at=born,
    )


def _formation(name: str, seed: SeedApp, born: datetime.datetime) -> dict[str, Process]:
    return {
        kind: Process(
            identify(name, "process", kind), kind, row.command, row.quantity, canonical_size(row.size), born, born
        )
        for kind, row in seed.formation.items()
    }


def _domains(name: str, seed: SeedApp, born: datetime.datetime) -> list[Domain]:
    own = f"{name}-{hashlib.sha256(name.encode()).hexdigest()[:12]}.herokuapp.com"
    custom = [Domain(identify(name, "domain", host), host, True, born) for host in seed.domains]
    return [Domain(identify(name, "domain", own), own, False, born), *custom]


def _releases(name: str, seed: SeedApp, born: datetime.datetime) -> list[Release]:
    """The seeded history, spread evenly from the app's birth; Heroku's own first two releases where none is seeded."""
    rows = [(row.version, row.description, row.user) for row in seed.releases]
    rows = rows or [(1, "Initial release", OWNER), (2, "Enable Logplex", OWNER), (3, "Deploy 5f2c1e9a", OWNER)]
    step = _FIRST_RELEASE / (len(rows) + 1)
    return [
        Release(identify(name, "release", version), version, text, user, _whole(born + step * place), dict(seed.config))
        for place, (version, text, user) in enumerate(rows)
    ]


def _drain(name: str, addon: Addon) -> Drain:
    identity = identify(name, "drain", addon.name)
    url = f"syslog+tls://logs.{addon.service}.example:6514"
    return Drain(identity, url, f"d.{identify(name, 'drain token', addon.name)}", addon.created_at, addon.name)


def _is_for_logs(addon: Addon) -> bool:
    return addon.service in {"logdna", "mezmo", "papertrail", "logentries", "coralogix", "solarwinds"}


def _whole(moment: datetime.datetime) -> datetime.datetime:
    return moment.replace(microsecond=0)
