"""Routes about what a release is made of: config vars, releases, slugs and builds."""

from __future__ import annotations

from typing import Any

from rehearsal.heroku import render
from rehearsal.heroku.store import App, Release
from rehearsal.heroku.world import Heroku, body_of, invalid, listing, not_found, one
from rehearsal.restapi import Answer, Asked, Routes

routes: Routes[Heroku] = Routes()
CONFIG_LIMIT = 64 * 1024
"""Bytes of names and values that an app's config vars may have together."""


@routes.on("GET", "/apps/{app}/config-vars")
def config_vars(heroku: Heroku, asked: Asked) -> Answer:
    """The config vars of an app."""
    return Answer(dict(heroku.app(asked).config))


@routes.on("PATCH", "/apps/{app}/config-vars")
def update_config_vars(heroku: Heroku, asked: Asked) -> Answer:
    """Set config vars (null removes one): one release, and all dynos restart. Nothing happens when nothing changes."""
    app, wanted = heroku.app(asked), body_of(asked)
    with heroku.store.lock:
        gone = {name for name, value in wanted.items() if value is None and name in app.config}
        put = {name: value for name, value in wanted.items() if value is not None and app.config.get(name) != value}
        _check(app, gone, put)
        if not gone and not put:
            return Answer(dict(app.config))
        app.config = {name: value for name, value in app.config.items() if name not in gone} | put
        said = _description(gone, put)
        made = app.release(said)
        config = dict(app.config)
    heroku.say(app, said)
    heroku.say(app, f"Release v{made.version} created")
    heroku.dynos.restart(app)
    return Answer(config)


@routes.on("GET", "/apps/{app}/releases")
def releases(heroku: Heroku, asked: Asked) -> Answer:
    """The releases of an app."""
    app = heroku.app(asked)
    return listing((render.release(app, release) for release in app.releases), by="version")


@routes.on("GET", "/apps/{app}/releases/{release}")
def release_info(heroku: Heroku, asked: Asked) -> Answer:
    """One release."""
    app = heroku.app(asked)
    return Answer(render.release(app, _release(app, asked.parts["release"])))


@routes.on("GET", "/apps/{app}/releases/{release}/config-vars")
def release_config_vars(heroku: Heroku, asked: Asked) -> Answer:
    """The config vars as a release had them."""
    return Answer(dict(_release(heroku.app(asked), asked.parts["release"]).config))


@routes.on("POST", "/apps/{app}/releases")
def roll_back(heroku: Heroku, asked: Asked) -> Answer:
    """Make a release like an earlier one: its code (the rehearsal has only one) and its config vars."""
    app = heroku.app(asked)
    with heroku.store.lock:
        earlier = _release(app, str(body_of(asked).get("release", "")))
        app.config = dict(earlier.config)
        made = app.release(f"Rollback to v{earlier.version}")
        answer = Answer(render.release(app, made), 201)
    heroku.say(app, f"Rollback to v{earlier.version}")
    heroku.dynos.restart(app)
    return answer


@routes.on("GET", "/apps/{app}/slugs/{slug}")
def slug_info(heroku: Heroku, asked: Asked) -> Answer:
    """A slug."""
    slug = render.slug(heroku.app(asked))
    if slug["id"] != asked.parts["slug"]:
        raise not_found("slug", "slug")
    return Answer(slug)


@routes.on("GET", "/apps/{app}/builds")
def builds(heroku: Heroku, asked: Asked) -> Answer:
    """The builds of an app."""
    return listing([render.build(heroku.app(asked))])


@routes.on("GET", "/apps/{app}/builds/{build}")
def build_info(heroku: Heroku, asked: Asked) -> Answer:
    """One build."""
    build = render.build(heroku.app(asked))
    if build["id"] != asked.parts["build"]:
        raise not_found("build", "build")
    return Answer(build)


def _release(app: App, identity: str) -> Release:
    wanted = identity.removeprefix("v")
    return one(app.releases, wanted, lambda release: (release.id, str(release.version)), "release")


def _check(app: App, gone: set[str], put: dict[str, Any]) -> None:
    for name, value in put.items():
        if not name or "=" in name or "\0" in name:
            raise invalid(f"Config var names must not be empty or contain an equals sign: {name!r}.")
        if not isinstance(value, str) or "\0" in value:
            raise invalid(f"Config vars must be strings: {name}.")
    owned = {key for addon in app.addons for key in addon.config}
    if taken := sorted(owned & (put.keys() | gone)):
        verb = "overwrite" if set(taken) & put.keys() else "destroy"
        raise invalid(f"Cannot {verb} attachment values {', '.join(taken)}.")
    after = {name: value for name, value in app.config.items() if name not in gone} | put
    if sum(len(name.encode()) + len(value.encode()) for name, value in after.items()) > CONFIG_LIMIT:
        raise invalid("Config vars are limited to 64kb for each app.")


def _description(gone: set[str], put: dict[str, str]) -> str:
    """As in Heroku's release history: "Set A, B config vars", "Remove C config vars"."""
    parts = [f"{verb} {', '.join(sorted(names))}" for verb, names in (("Set", put), ("Remove", gone)) if names]
    return " and ".join(parts) + " config vars"
