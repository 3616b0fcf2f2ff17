"""All resource types that the rehearsal makes itself, given to ministack's engine."""

from __future__ import annotations

import random
import string
from functools import partial
from typing import Any

from rehearsal.aws.adapters import stacks
from rehearsal.aws.adapters.reach import Patches
from rehearsal.aws.calls import Clients
from rehearsal.aws.cloudformation import balancing, data, network, schemas, security_groups
from rehearsal.aws.cloudformation.resource import Context, Properties, ResourceType

OURS = (*network.TYPES, *security_groups.TYPES, *balancing.TYPES, *data.TYPES)
_MOTO_OWNS = ("AWS::EC2::", "AWS::ElasticLoadBalancingV2::")


def install(patches: Patches, clients: Clients) -> None:
    """Register the types; those of ministack whose service moto answers here would write where nobody reads."""
    stacks.keep_off_the_loop(patches)
    stacks.judge_updates_by(patches, schemas.recreation_of, schemas.is_replaced)
    stacks.mind_conditions_in_change_sets(patches)
    stacks.generate_secrets_by(patches, _password)
    stacks.forget_types(patches, lambda name: name.startswith(_MOTO_OWNS))
    for resource in OURS:
        register(patches, clients, resource)


_KINDS = {
    "ExcludeLowercase": string.ascii_lowercase,
    "ExcludeUppercase": string.ascii_uppercase,
    "ExcludeNumbers": string.digits,
    "ExcludePunctuation": string.punctuation,
}


def _password(name: str, wanted: Properties) -> str:
    """A password by the options of GenerateSecretString; the same one each time, so that worlds can be compared."""
    kinds = "".join(letters for option, letters in _KINDS.items() if str(wanted.get(option, False)).lower() != "true")
    allowed = [letter for letter in kinds if letter not in wanted.get("ExcludeCharacters", "")]
    return "".join(random.Random(name).choices(allowed, k=int(wanted.get("PasswordLength", 32))))  # noqa: S311


def register(patches: Patches, clients: Clients, resource: ResourceType) -> None:
    """Give one type to the engine."""

    def context(stack: str, logical_id: str) -> Context:
        return Context(clients, partial(stacks.physical_name, stack, logical_id))

    def create(logical_id: str, properties: Properties, stack: str) -> tuple[str, Properties]:
        made = resource.create(context(stack, logical_id), properties)
        return made.physical_id, made.attributes

    def update(
        physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str
    ) -> tuple[str, Properties]:
        if resource.update is None or schemas.is_replaced(resource.name, old, new):
            return create(logical_id, new, stack)
        return physical_id, resource.update(context(stack, logical_id), physical_id, old, new)

    def delete(physical_id: str, properties: Properties) -> None:
        if physical_id:
            resource.delete(context("", ""), physical_id, properties)

    handlers: dict[str, Any] = {"create": create, "update": update, "delete": delete}
    stacks.register_type(patches, resource.name, handlers, resource.replaces, resource.tagged)
