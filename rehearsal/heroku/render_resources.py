"""How Heroku shows what hangs on an app as JSON: add-ons, domains, certificates and log drains."""

from __future__ import annotations

from typing import Any

from rehearsal.heroku.render import GENERATION, named, reference, stamp
from rehearsal.heroku.store import Addon, App, Domain, Drain, identify
from rehearsal.restapi import Json


def addon(app: App, it: Addon, expand: frozenset[str] = frozenset()) -> Json:
    """An add-on; ``expand`` names the references that are shown whole (Accept-Expansion)."""
    return {
        "actions": [],
        "addon_service": service(it) if "addon_service" in expand else named("addon-service", it.service),
        "app": reference(app),
        "billed_price": _price(it),
        "billing_entity": {**reference(app), "type": "app"},
        "config_vars": list(it.config),
        "created_at": stamp(it.created_at),
        "id": it.id,
        "name": it.name,
        "plan": plan(it) if "plan" in expand else named("plan", it.plan),
        "provider_id": it.id,
        "state": "provisioned",
        "updated_at": stamp(it.created_at),
        "web_url": f"https://addons-sso.heroku.com/apps/{app.id}/addons/{it.id}",
    }


def service(it: Addon) -> Json:
    """The service that an add-on is an instance of."""
    return {
        "cli_plugin_name": None,
        "created_at": stamp(it.created_at),
        "human_name": it.service,
        "state": "ga",
        "supported_generations": [GENERATION],
        "supports_multiple_installations": True,
        "supports_sharing": True,
        "updated_at": stamp(it.created_at),
        **named("addon-service", it.service),
    }


def plan(it: Addon) -> Json:
    """The plan of an add-on with its price."""
    return {
        "addon_service": named("addon-service", it.service),
        "compliance": None,
        "created_at": stamp(it.created_at),
        "default": False,
        "description": it.plan,
        "human_name": it.plan.split(":")[-1],
        "installable_inside_private_network": False,
        "installable_outside_private_network": True,
        "price": _price(it),
        "space_default": False,
        "state": "ga",
        "updated_at": stamp(it.created_at),
        "visible": True,
        **named("plan", it.plan),
    }


def attachment(app: App, it: Addon, include: frozenset[str] = frozenset()) -> Json:
    """How an add-on is attached to its app; ``include`` names what more is told of the add-on (Accept-Inclusion)."""
    more: dict[str, Any] = {"plan": named("plan", it.plan), "config_vars": list(it.config)}
    return {
        "addon": {
            "app": reference(app),
            "id": it.id,
            "name": it.name,
            **{key: value for key, value in more.items() if key in include},
        },
        "app": reference(app),
        "created_at": stamp(it.created_at),
        "id": identify(app.name, "attachment", it.name),
        "log_input_url": None,
        "name": it.attachment,
        "namespace": None,
        "updated_at": stamp(it.created_at),
        "web_url": None,
    }


def domain(app: App, it: Domain) -> Json:
    """A domain; Heroku manages the certificates of custom ones."""
    return {
        "acm_status": "cert issued" if it.custom else None,
        "acm_status_reason": None,
        "app": reference(app),
        "cname": it.cname,
        "created_at": stamp(it.created_at),
        "hostname": it.hostname,
        "id": it.id,
        "kind": "custom" if it.custom else "heroku",
        "sni_endpoint": {"id": identify(app.name, "sni"), "name": sni_name(app)} if it.custom else None,
        "status": "succeeded",
        "updated_at": stamp(it.created_at),
    }


def sni_name(app: App) -> str:
    """The name of an app's only SNI endpoint."""
    return f"tokyo-{int(app.id[:4], 16)}"


def sni_endpoint(app: App, chain: str, subject: str, issuer: str, dates: tuple[str, str]) -> Json:
    """The SNI endpoint that serves an app's custom domains; ``dates`` are start and end of the certificate."""
    custom = [it for it in app.domains if it.custom]
    return {
        "app": reference(app),
        "certificate_chain": chain,
        "created_at": stamp(app.created_at),
        "display_name": None,
        "domains": [it.id for it in custom],
        "id": identify(app.name, "sni"),
        "name": sni_name(app),
        "ssl_cert": {
            "ca_signed?": True,
            "cert_domains": [it.hostname for it in custom],
            "expires_at": dates[1],
            "id": identify(app.name, "certificate"),
            "issuer": issuer,
            "self_signed?": False,
            "starts_at": dates[0],
            "subject": subject,
        },
        "updated_at": stamp(app.created_at),
    }


def drain(app: App, it: Drain) -> Json:
    """A log drain."""
    addon = next((other for other in app.addons if other.name == it.addon), None)
    return {
        "addon": None if addon is None else {"id": addon.id, "name": addon.name, "app": reference(app)},
        "app": reference(app),
        "created_at": stamp(it.created_at),
        "id": it.id,
        "token": it.token,
        "updated_at": stamp(it.created_at),
        "url": it.url,
    }


def _price(it: Addon) -> Json:
    return {"cents": it.price_cents, "contract": False, "unit": "month"}
