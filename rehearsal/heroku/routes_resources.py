"""Routes about what hangs on an app: add-ons, attachments, domains, certificates and log drains."""

from __future__ import annotations

from cryptography import x509

from rehearsal.heroku import render_resources
from rehearsal.heroku.render import stamp
from rehearsal.heroku.store import Addon, App
from rehearsal.heroku.world import Heroku, HerokuError, body_of, listing, not_found, one
from rehearsal.restapi import Answer, Asked, Json, Routes

routes: Routes[Heroku] = Routes()


@routes.on("GET", "/addons")
def all_addons(heroku: Heroku, asked: Asked) -> Answer:
    """The add-ons of all apps."""
    return listing(render_resources.addon(app, addon, _expansion(asked)) for app, addon in _owned(heroku))


@routes.on("GET", "/addons/{addon}")
def addon_anywhere(heroku: Heroku, asked: Asked) -> Answer:
    """One add-on of any app."""
    app, addon = _anywhere(heroku, asked)
    return Answer(render_resources.addon(app, addon, _expansion(asked)))


@routes.on("GET", "/apps/{app}/addons")
def addons(heroku: Heroku, asked: Asked) -> Answer:
    """The add-ons of an app."""
    app = heroku.app(asked)
    return listing(render_resources.addon(app, addon, _expansion(asked)) for addon in app.addons)


@routes.on("GET", "/apps/{app}/addons/{addon}")
def addon_info(heroku: Heroku, asked: Asked) -> Answer:
    """One add-on of an app."""
    app = heroku.app(asked)
    addon = one(app.addons, asked.parts["addon"], lambda it: (it.id, it.name), "add_on")
    return Answer(render_resources.addon(app, addon, _expansion(asked)))


@routes.on("POST", "/actions/addons/resolve")
def resolve_addon(heroku: Heroku, asked: Asked) -> Answer:
    """The add-ons that a name means; a read, although it is a POST."""
    wanted = body_of(asked)
    with heroku.store.lock:
        found = [
            render_resources.addon(app, addon, _expansion(asked))
            for app, addon in _owned(heroku)
            if wanted.get("app") in (None, app.id, app.name)
            and wanted.get("addon") in (addon.id, addon.name, addon.attachment)
        ]
    if not found:
        raise not_found("add_on", "add on")
    return Answer(found)


@routes.on("GET", "/addon-attachments")
def all_attachments(heroku: Heroku, asked: Asked) -> Answer:
    """The attachments of all apps."""
    return listing(render_resources.attachment(app, addon, _inclusion(asked)) for app, addon in _owned(heroku))


@routes.on("GET", "/apps/{app}/addon-attachments")
def attachments(heroku: Heroku, asked: Asked) -> Answer:
    """The attachments of an app."""
    app = heroku.app(asked)
    return listing(render_resources.attachment(app, addon, _inclusion(asked)) for addon in app.addons)


@routes.on("GET", "/addons/{addon}/addon-attachments")
def attachments_of_addon(heroku: Heroku, asked: Asked) -> Answer:
    """The attachments of an add-on: the one to its own app."""
    app, addon = _anywhere(heroku, asked)
    return listing([render_resources.attachment(app, addon, _inclusion(asked))])


@routes.on("GET", "/apps/{app}/domains")
def domains(heroku: Heroku, asked: Asked) -> Answer:
    """The domains of an app."""
    app = heroku.app(asked)
    return listing(render_resources.domain(app, domain) for domain in app.domains)


@routes.on("GET", "/apps/{app}/domains/{domain}")
def domain_info(heroku: Heroku, asked: Asked) -> Answer:
    """One domain."""
    app = heroku.app(asked)
    return Answer(
        render_resources.domain(app, one(app.domains, asked.parts["domain"], lambda it: (it.id, it.hostname), "domain"))
    )


@routes.on("GET", "/apps/{app}/sni-endpoints")
def sni_endpoints(heroku: Heroku, asked: Asked) -> Answer:
    """The certificates that serve an app's custom domains."""
    return listing(_sni_endpoints(heroku, heroku.app(asked)))


@routes.on("GET", "/apps/{app}/sni-endpoints/{endpoint}")
def sni_endpoint_info(heroku: Heroku, asked: Asked) -> Answer:
    """One of them."""
    rows = _sni_endpoints(heroku, heroku.app(asked))
    return Answer(one(rows, asked.parts["endpoint"], lambda row: (row["id"], row["name"]), "sni_endpoint"))


@routes.on("GET", "/apps/{app}/log-drains")
def drains(heroku: Heroku, asked: Asked) -> Answer:
    """The log drains of an app."""
    app = heroku.app(asked)
    return listing(render_resources.drain(app, drain) for drain in app.drains)


@routes.on("GET", "/apps/{app}/log-drains/{drain}")
def drain_info(heroku: Heroku, asked: Asked) -> Answer:
    """One log drain."""
    app = heroku.app(asked)
    return Answer(
        render_resources.drain(
            app, one(app.drains, asked.parts["drain"], lambda it: (it.id, it.url, it.token), "drain")
        )
    )


@routes.on("DELETE", "/apps/{app}/log-drains/{drain}")
def remove_drain(heroku: Heroku, asked: Asked) -> Answer:
    """Remove a log drain that no add-on owns."""
    app = heroku.app(asked)
    with heroku.store.lock:
        drain = one(app.drains, asked.parts["drain"], lambda it: (it.id, it.url, it.token), "drain")
        if drain.addon is not None:
            raise HerokuError(403, "forbidden", "Drains of add-ons are removed with their add-on.")
        app.drains.remove(drain)
        return Answer(render_resources.drain(app, drain))


def _owned(heroku: Heroku) -> list[tuple[App, Addon]]:
    return [(app, addon) for app in heroku.store.apps.values() for addon in app.addons]


def _anywhere(heroku: Heroku, asked: Asked) -> tuple[App, Addon]:
    return one(_owned(heroku), asked.parts["addon"], lambda pair: (pair[1].id, pair[1].name), "add_on")


def _expansion(asked: Asked) -> frozenset[str]:
    """What Accept-Expansion asks for, in the two forms that clients send: "plan" and "addons:plan"."""
    asked_for = (word.strip() for word in asked.headers.get("accept-expansion", "").split(","))
    return frozenset(word.split(":")[-1] for word in asked_for if word)


def _inclusion(asked: Asked) -> frozenset[str]:
    """What Accept-Inclusion asks of an attachment's add-on ("addon:plan,config_vars")."""
    scope, _, fields = asked.headers.get("accept-inclusion", "").partition(":")
    return frozenset(field.strip() for field in fields.split(",")) if scope == "addon" else frozenset()


def _sni_endpoints(heroku: Heroku, app: App) -> list[Json]:
    """One endpoint when there is a custom domain, with the certificate that the router really serves."""
    custom = [domain.hostname for domain in app.domains if domain.custom]
    if not custom:
        return []
    pem = heroku.certificate(app)
    if not (chain := x509.load_pem_x509_certificates(pem)):
        raise not_found("sni_endpoint", "sni endpoint")
    first = chain[0]
    dates = stamp(first.not_valid_before_utc), stamp(first.not_valid_after_utc)
    text = pem[pem.index(b"-----BEGIN CERTIFICATE-----") :].decode()
    return [
        render_resources.sni_endpoint(app, text, first.subject.rfc4514_string(), first.issuer.rfc4514_string(), dates)
    ]
