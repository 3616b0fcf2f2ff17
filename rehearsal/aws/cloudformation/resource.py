"""How a resource type of CloudFormation is made from API calls."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError
from botocore.model import Shape

from rehearsal.aws.calls import Clients

Properties = dict[str, Any]
Attributes = dict[str, Any]
"""What Fn::GetAtt finds, by attribute name."""


class ProvisionError(ValueError):
    """A resource could not be made, changed or deleted; the text is the event's ResourceStatusReason."""


@dataclass(frozen=True)
class Made:
    """A resource that exists: its physical id (what Ref gives) and its attributes."""

    physical_id: str
    attributes: Attributes


@dataclass(frozen=True)
class Context:
    """What a resource type works with."""

    clients: Clients
    name: Callable[[int], str]
    """A name for a resource that the template does not name, at most so many characters long."""

    def call(self, service: str, operation: str, parameters: Mapping[str, Any]) -> Any:
        """Make an API call (operation as the API spells it) with those of the parameters that it has.

        Raises:
            ProvisionError: the service refused, in the words that CloudFormation gives such a refusal.
        """
        client = self.clients(service)
        shape = client.meta.service_model.operation_model(operation).input_shape
        method = next(name for name, api in client.meta.method_to_api_mapping.items() if api == operation)
        try:
            return getattr(client, method)(**_fitted(dict(parameters), shape))
        except ClientError as error:
            raise ProvisionError(_handler_message(service, error)) from error
        except ParamValidationError as error:
            raise ProvisionError(f"Properties validation failed: {error}") from error

    def remove(self, service: str, operation: str, **parameters: Any) -> None:
        """Make a deleting call; that the thing is gone already is fine."""
        try:
            self.call(service, operation, parameters)
        except ProvisionError as error:
            code = error.__cause__.response["Error"]["Code"] if isinstance(error.__cause__, ClientError) else ""
            if not any(word in code for word in ("NotFound", "NoSuch", "DoesNotExist")):
                raise


@dataclass(frozen=True)
class ResourceType:
    """One type. Without ``update`` any change makes a new resource; ``replaces`` names properties that always do."""

    name: str
    create: Callable[[Context, Properties], Made]
    delete: Callable[[Context, str, Properties], None]
    update: Callable[[Context, str, Properties, Properties], Attributes] | None = None
    replaces: tuple[str, ...] = ()
    tagged: bool = False
    """Whether stack tags reach it, by its property Tags."""


def _fitted(value: Any, shape: Shape) -> Any:
    """A template's value as the API takes it: numbers and booleans typed, properties that the API lacks left out."""
    match shape.type_name:
        case "structure":
            members: Mapping[str, Shape] = shape.members
            return {name: _fitted(value[name], member) for name, member in members.items() if name in value}
        case "list":
            items = value if isinstance(value, list) else [value]
            return [_fitted(item, shape.member) for item in items]
        case "map":
            return {key: _fitted(item, shape.value) for key, item in value.items()}
        case "integer" | "long":
            return int(value)
        case "double" | "float":
            return float(value)
        case "boolean":
            return value if isinstance(value, bool) else str(value).lower() == "true"
        case "string":
            return value if isinstance(value, str) else str(value)
    return value


def _handler_message(service: str, error: ClientError) -> str:
    told, meta = error.response["Error"], error.response["ResponseMetadata"]
    code = "NotFound" if "NotFound" in told["Code"] else "InvalidRequest"
    if any(word in told["Code"] for word in ("Duplicate", "AlreadyExists", "InUse")):
        code = "AlreadyExists"
    where = f"(Service: {service.capitalize()}, Status Code: {meta['HTTPStatusCode']}, Request ID: {uuid.uuid4()})"
    token = f"(RequestToken: {uuid.uuid4()}, HandlerErrorCode: {code})"
    return f'Resource handler returned message: "{told["Message"]} {where}" {token}'
