#!/usr/bin/python
"""Module heroku_config: a secret on AWS as the config vars of a Heroku app, the way back of secret_bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import secrets
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Refused
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import AWS, spec
from ansible_collections.offramp.ecs.plugins.module_utils.heroku import apps, client
from ansible_collections.offramp.ecs.plugins.module_utils.policy import mapping, readable

DOCUMENTATION = """
module: heroku_config
short_description: Keep the config vars of a Heroku app as a secret on AWS has them
description:
  - For the time after the cutover, when the configuration is changed on AWS and the app at Heroku is the warm backup.
    Reads a secret that M(offramp.ecs.secret_bundle) made, and brings its keys back by the same rules, in one request.
    That makes one release at Heroku and restarts its dynos. Values never leave the module.
  - Renamed keys get their names at Heroku again. Keys that are excluded, that a platform or an add-on sets, and
    constants and references of the inventory are never written.
  - A key that the secret does not have is removed where the rules would have copied it, and left alone elsewhere.
options:
  app:
    description: Name or id of the Heroku app.
    type: str
    required: true
  name:
    description: Name of the secret.
    type: str
    required: true
extends_documentation_fragment: [offramp.ecs.aws, offramp.ecs.heroku, offramp.ecs.rules]
version_added: 0.1.0
author: The Offramp founders (@offramp)
"""

EXAMPLES = """
- name: Keep the warm backup's configuration true
  offramp.ecs.heroku_config:
    app: bond-server
    name: production/bond-server/config
    region: eu-west-1
    exclude: ["AWS_*"]
"""

RETURN = """
config:
  description: The config vars after the run.
  returned: success
  type: dict
  contains:
    app: {description: The Heroku app., type: str}
    secret: {description: Name of the secret., type: str}
    version_id: {description: Id of the secret's current version., type: str}
    keys: {description: Config vars that follow the secret., type: list, elements: str}
    left: {description: "Config vars that are left alone: key, reason.", type: list, elements: dict}
"""

SPEC = spec(
    AWS,
    mapping.OPTIONS,
    options={"app": {"type": "str", "required": True}, "name": {"type": "str", "required": True}},
)


@dataclass(frozen=True)
class Api:
    """Both sides."""

    heroku: client.Heroku
    secrets: secrets.Secrets


@dataclass(frozen=True)
class Want:
    """Which app, which secret, by which rules."""

    app: str
    name: str
    rules: mapping.Rules


@dataclass(frozen=True)
class Have:
    """Both sides as they are, with what the rules say of each key of either."""

    app: str
    name: str
    version: str
    config: Mapping[str, str] = field(repr=False)
    content: Mapping[str, str] = field(repr=False)
    decisions: tuple[mapping.Decision, ...]

    def returning(self) -> list[mapping.Decision]:
        """The keys that go back to Heroku."""
        return [decision for decision in self.decisions if left_because(decision) is None]

    def wanted(self) -> dict[str, str]:
        """The config vars as they should be."""
        config = dict(self.config)
        for decision in self.returning():
            value = self.content.get(decision.name or "")
            if value is None:
                config.pop(decision.key, None)
            else:
                config[decision.key] = value
        return config


def connect(params: Mapping[str, Any], door: Door) -> Api:
    """The clients; the secret is not written, so no version needs an id."""
    return Api(client.Heroku(door), secrets.Secrets(door, params["region"], ""))


def want(params: Mapping[str, Any]) -> Want:
    """What the arguments ask for.

    Raises:
        BadInput: the secret's name or a rule is refused.
    """
    secrets.check_name(params["name"])
    return Want(params["app"], params["name"], mapping.rules_of(params))


def observe(api: Api, want: Want) -> Have:
    """Config vars and add-ons at Heroku, the secret at AWS.

    Raises:
        Missing: there is no such secret.
        Refused: it holds no map.
    """
    config = apps.read_config(api.heroku, want.app)
    owners = mapping.owners_of(apps.owners(apps.read_addons(api.heroku, want.app)))
    secret = api.secrets.read(want.name)
    content = secrets.content_of(want.name, secret)
    decisions = decide(config, content, owners, want.rules)
    return Have(want.app, want.name, secret.version if secret else "", config, content, decisions)


def decide(
    config: Mapping[str, str], content: Mapping[str, str], owners: Mapping[str, mapping.Owner], rules: mapping.Rules
) -> tuple[mapping.Decision, ...]:
    """What the rules say of each key at Heroku, and of the key that each name on AWS would have there."""
    key_of = {name: key for key, name in rules.rename.items()}
    keys = {*config, *(key_of.get(name, name) for name in content)}
    return tuple(mapping.decide(sorted(keys), owners, rules))


def left_because(decision: mapping.Decision) -> Optional[str]:
    """Why a key is never written to Heroku; None where it is."""
    if decision.verdict != "copied":
        return decision.reason
    if decision.owner is not None:
        return f"set by add-on {decision.owner.name}"
    return "set by the platform" if mapping.is_platform(decision.key) else None


def plan(have: Have, want: Want) -> list[Change]:
    """One change for all keys that differ.

    Raises:
        Refused: Heroku would not take it, or an empty secret would take all keys away.
    """
    after = have.wanted()
    differing = {
        key: after.get(key) for key in sorted({*have.config, *after}) if have.config.get(key) != after.get(key)
    }
    if not differing:
        return []
    if not have.content:
        raise Refused(
            f"The secret {want.name} is empty: the config vars of {apps.target_of(want.app)} would be removed.",
            target=secrets.target_of(want.name),
            hint="Fill it first: playbooks/copy.yml -e copy_direction=to_aws.",
        )
    apps.check_config(want.app, after)
    decisions = [replace(decision, name=decision.key) for decision in have.returning()]
    gone, new = readable.left_behind(have.config, after), readable.brought(have.config, after, decisions)
    return [Change("update", f"config vars of {apps.target_of(want.app)}", gone, new, (want.app, differing))]


def foresee(have: Have, _want: Want) -> Have:
    """The config vars as they will be."""
    return replace(have, config=have.wanted())


def report(have: Have) -> dict[str, Any]:
    """What playbooks may use; no value."""
    left = [(it.key, left_because(it)) for it in have.decisions if it.key in have.config]
    return {
        "app": have.app,
        "secret": have.name,
        "version_id": have.version,
        "keys": [it.key for it in have.returning() if it.key in have.config],
        "left": [{"key": key, "reason": reason} for key, reason in left if reason is not None],
    }


def headline(have: Have) -> list[str]:
    """How many keys follow the secret, and why the others do not."""
    told = report(have)
    why = "; ".join(f"{it['key']}: {it['reason']}" for it in told["left"])
    counts = f"{len(told['keys'])} keys follow secret {have.name}, {len(told['left'])} left alone"
    return [f"Config vars of {apps.target_of(have.app)}: {counts}{f' ({why})' if why else ''}"]


def _update(api: Api, change: Change) -> None:
    app, differing = change.payload
    apps.write_config(api.heroku, app, differing)


MODULE = runner.Module(
    name="heroku_config",
    noun="config",
    spec=SPEC,
    connect=connect,
    want=want,
    observe=observe,
    report=report,
    plan=plan,
    apply={"update": _update},
    foresee=foresee,
    headline=headline,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
