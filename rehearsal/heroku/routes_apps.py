"""Routes about the account, apps and what surrounds them."""

from __future__ import annotations

from rehearsal.heroku import render
from rehearsal.heroku.catalog import DEFAULT_STACK, FEATURES, REGIONS, STACKS
from rehearsal.heroku.store import now
from rehearsal.heroku.world import Heroku, HerokuError, body_of, listing, not_found, one, switch
from rehearsal.restapi import Answer, Asked, Routes

routes: Routes[Heroku] = Routes()


@routes.on("GET", "/account")
def account(heroku: Heroku, _asked: Asked) -> Answer:
    """The account of the token."""
    return Answer(render.account(heroku.store))


@routes.on("GET", "/apps")
@routes.on("GET", "/users/{user}/apps")
def apps(heroku: Heroku, _asked: Asked) -> Answer:
    """All apps."""
    return listing(render.app(app) for app in heroku.store.apps.values())


@routes.on("GET", "/apps/{app}")
def app_info(heroku: Heroku, asked: Asked) -> Answer:
    """One app."""
    return Answer(render.app(heroku.app(asked)))


@routes.on("PATCH", "/apps/{app}")
def update_app(heroku: Heroku, asked: Asked) -> Answer:
    """Switch maintenance. Renaming and changing the build stack are not rehearsed."""
    wanted = body_of(asked)
    if unknown := set(wanted) - {"maintenance"}:
        raise HerokuError(501, "rehearsal_unknown_field", f"The rehearsal cannot change {', '.join(sorted(unknown))}.")
    app = heroku.app(asked)
    with heroku.store.lock:
        if "maintenance" in wanted:
            app.maintenance = switch(wanted, "maintenance")
            app.updated_at = now()
        answer = Answer(render.app(app))
    heroku.say(app, f"Maintenance mode {'enabled' if app.maintenance else 'disabled'}")
    heroku.publish()
    return answer


@routes.on("POST", "/filters/apps")
def filter_apps(heroku: Heroku, asked: Asked) -> Answer:
    """The apps whose ids are asked for; a read, although it is a POST."""
    wanted = body_of(asked).get("in", {}).get("id", [])
    with heroku.store.lock:
        return Answer([render.team_app(app) for app in heroku.store.apps.values() if app.id in wanted])


@routes.on("GET", "/apps/{app}/features")
def features(heroku: Heroku, asked: Asked) -> Answer:
    """An app's features, preboot among them."""
    app = heroku.app(asked)
    return listing(render.feature(app, name) for name in FEATURES)


@routes.on("GET", "/apps/{app}/features/{feature}")
def feature_info(heroku: Heroku, asked: Asked) -> Answer:
    """One feature."""
    app = heroku.app(asked)
    rows = [render.feature(app, name) for name in FEATURES]
    return Answer(one(rows, asked.parts["feature"], lambda row: (row["id"], row["name"]), "feature"))


@routes.on("PATCH", "/apps/{app}/features/{feature}")
def update_feature(heroku: Heroku, asked: Asked) -> Answer:
    """Switch a feature."""
    app, name, wanted = heroku.app(asked), asked.parts["feature"], body_of(asked)
    if name not in FEATURES:
        raise not_found("feature", "feature")
    enabled = switch(wanted, "enabled")
    with heroku.store.lock:
        (app.features.add if enabled else app.features.discard)(name)
        app.updated_at = now()
        return Answer(render.feature(app, name))


@routes.on("GET", "/apps/{app}/collaborators")
def collaborators(heroku: Heroku, asked: Asked) -> Answer:
    """Who works on an app."""
    return listing([render.collaborator(heroku.app(asked))])


@routes.on("GET", "/apps/{app}/buildpack-installations")
def buildpacks(heroku: Heroku, asked: Asked) -> Answer:
    """The buildpacks of an app."""
    heroku.app(asked)
    row = {"ordinal": 0, "buildpack": {"name": "heroku/nodejs", "url": "heroku/nodejs"}}
    return Answer([row])


@routes.on("GET", "/stacks")
def stacks(heroku: Heroku, _asked: Asked) -> Answer:
    """All stacks."""
    return listing(render.stack(heroku.store, name, name == DEFAULT_STACK) for name in STACKS)


@routes.on("GET", "/regions")
def regions(heroku: Heroku, _asked: Asked) -> Answer:
    """All regions."""
    return listing(render.region(heroku.store, name) for name in REGIONS)


@routes.on("GET", "/apps/{app}/pipeline-couplings")
def pipeline_of(heroku: Heroku, asked: Asked) -> Answer:
    """The pipeline of an app: none."""
    heroku.app(asked)
    raise not_found("pipeline_coupling", "pipeline coupling")


@routes.on("GET", "/pipelines")
@routes.on("GET", "/pipeline-couplings")
@routes.on("GET", "/users/~/pipeline-couplings")
@routes.on("GET", "/spaces")
@routes.on("GET", "/teams")
@routes.on("GET", "/account/features")
def nothing(_heroku: Heroku, _asked: Asked) -> Answer:
    """This account has no pipelines, spaces, teams and features of its own."""
    return listing([])


@routes.on("GET", "/apps/{app}/webhooks")
def webhooks(heroku: Heroku, asked: Asked) -> Answer:
    """An app's webhooks: none."""
    heroku.app(asked)
    return listing([])
