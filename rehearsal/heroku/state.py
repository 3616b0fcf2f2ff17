"""What there is on Heroku, as plain values: for comparing worlds."""

from __future__ import annotations

from collections.abc import Mapping

from rehearsal.heroku.dynos import Dynos
from rehearsal.heroku.store import App, Store
from rehearsal.restapi import Json
from rehearsal.state.canonical import digest


def state_of(store: Store, dynos: Dynos) -> Json:
    """All apps, with digests for the values of their config vars."""
    with store.lock:
        return {
            "apps": {
                name: {**_app(app), "dynos": {dyno.name: dyno.state for dyno in dynos.of(name)}}
                for name, app in store.apps.items()
            }
        }


def _app(app: App) -> Json:
    return {
        "region": app.region,
        "stack": app.stack,
        "maintenance": app.maintenance,
        "features": sorted(app.features),
        "config": _digests(app.config),
        "formation": {
            kind: {"command": row.command, "quantity": row.quantity, "size": row.size}
            for kind, row in app.formation.items()
        },
        "addons": {addon.name: [addon.service, addon.plan, list(addon.config)] for addon in app.addons},
        "domains": {domain.hostname: domain.cname for domain in app.domains},
        "drains": [{"url": drain.url, "addon": drain.addon} for drain in app.drains],
        "releases": {
            f"v{release.version}": {"description": release.description, "config": _digests(release.config)}
            for release in app.releases
        },
    }


def _digests(config: Mapping[str, str]) -> Json:
    return {key: digest(value) for key, value in config.items()}
