#!/usr/bin/python
"""The releases of an app, as ECS remembers them."""

from __future__ import annotations

DOCUMENTATION = """
module: ecs_release_history_info
short_description: List the releases of ECS services
description:
  - Lists the last roll-outs of services, newest first, from ECS's own records of the last 90 days, with the image, the
    version of the secret, who registered the release, and what became of it and why.
  - Reads three times a service and once a task definition, whatever the number of revisions.
options:
  cluster:
    description: Name or ARN of the cluster.
    type: str
    required: true
  services:
    description: Names of the services. Those that do not exist have no releases.
    type: list
    elements: str
    required: true
  last:
    description: How many roll-outs of each service, at most 20.
    type: int
    default: 10
extends_documentation_fragment:
  - offramp.ecs.aws
author: The Offramp authors
"""

EXAMPLES = """
- name: List the releases
  offramp.ecs.ecs_release_history_info:
    region: eu-west-1
    cluster: offramp-staging
    services: [bond-server-web]
"""

RETURN = """
history:
  description: The releases.
  returned: success
  type: dict
  contains:
    table: {description: "For people: a heading, and a line for each release.", type: list, elements: str}
    releases:
      description:
        - "Each release, newest first: when (UTC), service, seconds (null while it goes on), revision, image_tag,
          digest, secret_version, by, reason, serves, and verdict (completed, rolled back, failed, stopped, going, going
          back)."
      type: list
      elements: dict
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws import ecs, history
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import is_unknown

_MOST = 20

SPEC = spec.spec(
    spec.AWS,
    options={
        "cluster": {"type": "str", "required": True},
        "services": {"type": "list", "elements": "str", "required": True},
        "last": {"type": "int", "default": 10},
    },
)


@dataclass(frozen=True)
class Want:
    """The releases of which services, and how many of each."""

    cluster: str
    services: tuple[str, ...]
    last: int


@dataclass(frozen=True)
class Have:
    """What was found, newest first."""

    rows: tuple[history.Row, ...]


def want_of(params: Mapping[str, Any]) -> Want:
    """What is asked for.

    Raises:
        BadInput: so many cannot be read at once.
    """
    if not 1 <= params["last"] <= _MOST:
        raise BadInput(f"last is {params['last']}, and cannot be.", target="history", hint=f"Ask for 1 to {_MOST}.")
    return Want(params["cluster"], tuple(params["services"]), params["last"])


def connect(params: Mapping[str, Any], door: Door) -> ecs.Ecs:
    """ECS in the wanted region."""
    return ecs.Ecs(params["region"], door)


def observe(api: ecs.Ecs, want: Want) -> Have:
    """One read for ten services, two more for each, and one for each task definition."""
    found = [] if is_unknown(want.cluster) else api.services(want.cluster, want.services)
    rows = [row for service in found for row in _rows(api, want, service)]
    return Have(tuple(sorted(rows, key=lambda row: row.when, reverse=True)))


def _rows(api: ecs.Ecs, want: Want, service: ecs.Json) -> list[history.Row]:
    name, present = service["serviceName"], ecs.primary(service).get("taskDefinition")
    records = api.service_deployments(want.cluster, name, [])[: want.last]
    definition_of = api.revisions([record["targetServiceRevisionArn"] for record in records])
    definitions = {arn: api.definition(arn) for arn in dict.fromkeys(definition_of.values())}
    good = [record for record in records if record["status"] == "SUCCESSFUL"]
    rows = []
    for record in records:
        arn = definition_of.get(record["targetServiceRevisionArn"], "")
        serves = arn == present and record in good[:1]
        rows.append(history.row_of(name, record, definitions.get(arn), serves))
    return rows


def report(have: Have) -> dict[str, Any]:
    """What playbooks use."""
    return {"table": history.table(have.rows), "releases": [row.told() for row in have.rows]}


MODULE = Module(
    name="ecs_release_history_info",
    noun="history",
    spec=SPEC,
    connect=connect,
    want=want_of,
    observe=observe,
    report=report,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
