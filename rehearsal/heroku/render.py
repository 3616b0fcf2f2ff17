"""How Heroku shows things as JSON; every field that its published schema demands, and no other."""

from __future__ import annotations

import datetime

from rehearsal.heroku.catalog import FEATURES, REGIONS, SIZES, Size
from rehearsal.heroku.dynos import Dyno
from rehearsal.heroku.store import OWNER, App, Process, Release, Store, identify
from rehearsal.restapi import Json

GENERATION = {"id": identify("generation", "cedar"), "name": "cedar"}


def stamp(moment: datetime.datetime) -> str:
    """A time as Heroku writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def named(kind: str, name: str) -> Json:
    """A reference to something that is known by id and name."""
    return {"id": identify(kind, name), "name": name}


def reference(app: App) -> Json:
    """A reference to an app."""
    return {"id": app.id, "name": app.name}


def user() -> Json:
    """A reference to the account that owns everything here."""
    return {"id": identify("user", OWNER), "email": OWNER}


def account(store: Store) -> Json:
    """The account whose token is used."""
    return {
        "allow_tracking": True,
        "beta": False,
        "country_of_residence": "Sweden",
        "created_at": stamp(store.started - datetime.timedelta(days=2000)),
        "default_organization": None,
        "default_team": None,
        "delinquent_at": None,
        "federated": False,
        "identity_provider": None,
        "last_login": stamp(store.started),
        "name": "Founder",
        "sms_number": None,
        "suspended_at": None,
        "two_factor_authentication": True,
        "updated_at": stamp(store.started),
        "verified": True,
        **user(),
    }


def app(it: App) -> Json:
    """An app."""
    own = next(domain.hostname for domain in it.domains if not domain.custom)
    return {
        "acm": any(domain.custom for domain in it.domains),
        "archived_at": None,
        "build_stack": named("stack", it.stack),
        "buildpack_provided_description": "Node.js",
        "created_at": stamp(it.created_at),
        "generation": GENERATION,
        "git_url": f"https://git.heroku.com/{it.name}.git",
        "id": it.id,
        "internal_routing": None,
        "maintenance": it.maintenance,
        "name": it.name,
        "organization": None,
        "owner": user(),
        "region": named("region", it.region),
        "released_at": stamp(it.current.created_at),
        "repo_size": 1024,
        "slug_size": 52428800,
        "space": None,
        "stack": named("stack", it.stack),
        "team": None,
        "updated_at": stamp(it.updated_at),
        "web_url": f"https://{own}/",
    }


def team_app(it: App) -> Json:
    """An app as the filter endpoint shows it."""
    return {
        **{key: value for key, value in app(it).items() if key not in ("acm", "organization", "generation")},
        "joined": True,
        "locked": False,
    }


def process(app: App, row: Process) -> Json:
    """One process type of a formation."""
    return {
        "app": reference(app),
        "command": row.command,
        "created_at": stamp(row.created_at),
        "dyno_size": named("dyno-size", row.size),
        "id": row.id,
        "quantity": row.quantity,
        "size": row.size,
        "type": row.type,
        "updated_at": stamp(row.updated_at),
    }


def dyno(app: App, it: Dyno) -> Json:
    """One dyno."""
    return {
        "app": reference(app),
        "attach_url": None,
        "command": it.command,
        "created_at": stamp(it.created_at),
        "id": it.id,
        "name": it.name,
        "release": {"id": it.release_id, "version": it.version},
        "size": it.size,
        "state": it.state,
        "type": it.type,
        "updated_at": stamp(it.updated_at),
    }


def dyno_size(size: Size) -> Json:
    """A dyno size with its price for a month."""
    return {
        "architecture": "amd64",
        "compute": size.compute,
        "cost": {"cents": size.cents, "unit": "month"},
        "dedicated": size.dedicated,
        "generation": GENERATION,
        "memory": size.memory,
        "precise_dyno_units": size.units,
        "private_space_only": False,
        **named("dyno-size", size.name),
    }


def release(app: App, it: Release) -> Json:
    """A release; its slug is the app's only one."""
    slug = identify(app.name, "slug")
    return {
        "addon_plan_names": [addon.plan for addon in app.addons],
        "app": reference(app),
        "artifacts": [{"type": "slug", "id": slug}],
        "created_at": stamp(it.created_at),
        "current": it is app.current,
        "description": it.description,
        "eligible_for_rollback": it is not app.current,
        "id": it.id,
        "output_stream_url": None,
        "slug": {"id": slug},
        "status": "succeeded",
        "updated_at": stamp(it.created_at),
        "user": {"id": identify("user", it.user), "email": it.user},
        "version": it.version,
    }


def slug(app: App) -> Json:
    """The slug that all dynos of an app run."""
    return {
        "blob": {"method": "get", "url": f"https://slugs.example/{app.name}.tgz"},
        "buildpack_provided_description": "Node.js",
        "checksum": None,
        "commit": None,
        "commit_description": None,
        "created_at": stamp(app.created_at),
        "deleted_at": None,
        "id": identify(app.name, "slug"),
        "process_types": {row.type: row.command for row in app.formation.values()},
        "size": 52428800,
        "stack": named("stack", app.stack),
        "updated_at": stamp(app.created_at),
    }


def build(app: App) -> Json:
    """The build that made the slug."""
    return {
        "app": {"id": app.id},
        "buildpacks": [{"name": "heroku/nodejs", "url": "https://buildpack-registry.example/nodejs.tgz"}],
        "created_at": stamp(app.created_at),
        "generation": "cedar",
        "id": identify(app.name, "build"),
        "output_stream_url": f"https://build-output.example/{app.name}",
        "release": {"id": app.current.id},
        "slug": {"id": identify(app.name, "slug")},
        "source_blob": {
            "checksum": None,
            "url": f"https://sources.example/{app.name}.tgz",
            "version": None,
            "version_description": None,
        },
        "stack": app.stack,
        "status": "succeeded",
        "updated_at": stamp(app.created_at),
        "user": user(),
    }


def feature(app: App, name: str) -> Json:
    """A feature of an app."""
    return {
        "created_at": stamp(app.created_at),
        "description": FEATURES[name],
        "display_name": FEATURES[name],
        "doc_url": f"https://devcenter.heroku.com/articles/{name}",
        "enabled": name in app.features,
        "feedback_email": "feedback@heroku.example",
        "id": identify("feature", name),
        "name": name,
        "state": "general",
        "updated_at": stamp(app.updated_at),
    }


def collaborator(app: App) -> Json:
    """The owner as the only collaborator."""
    return {
        "app": reference(app),
        "created_at": stamp(app.created_at),
        "id": identify(app.name, "collaborator", OWNER),
        "permissions": [],
        "role": "owner",
        "updated_at": stamp(app.created_at),
        "user": {**user(), "federated": False},
    }


def stack(store: Store, name: str, default: bool) -> Json:
    """A stack."""
    return {
        "created_at": stamp(store.started),
        "default": default,
        "state": "public",
        "updated_at": stamp(store.started),
        **named("stack", name),
    }


def region(store: Store, name: str) -> Json:
    """A region."""
    country, locale, provider, description = REGIONS[name]
    return {
        "country": country,
        "created_at": stamp(store.started),
        "description": description,
        "locale": locale,
        "private_capable": False,
        "provider": {"name": "amazon-web-services", "region": provider},
        "updated_at": stamp(store.started),
        **named("region", name),
    }


def sizes() -> list[Json]:
    """All dyno sizes."""
    return [dyno_size(size) for size in SIZES.values()]
