"""What the tasks of a subnet reach: by its default route, or by its VPC's endpoints. Nothing here makes a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]

NEEDED: Mapping[str, str] = {
    "ecr.api": "ECR",
    "ecr.dkr": "ECR",
    "s3": "ECR's layers in S3",
    "secretsmanager": "Secrets Manager",
    "logs": "CloudWatch Logs",
}
"""What a task on Fargate needs to start, by the names of endpoints
(https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html)."""


def table_of(subnet: str, tables: Sequence[Json]) -> Json:
    """The route table of a subnet: its own, else the main one of its VPC; empty where none is given."""
    own = [table for table in tables if any(one.get("SubnetId") == subnet for one in table.get("Associations", []))]
    main = [table for table in tables if any(one.get("Main") for one in table.get("Associations", []))]
    return next(iter(own or main), {})


def way_out(table: Json) -> str:
    """The id of what a table's default route leads to; "" where there is no such route, or it leads to nothing."""
    routes = [one for one in table.get("Routes", []) if one.get("DestinationCidrBlock") == "0.0.0.0/0"]
    alive = [one for one in routes if one.get("State", "active") == "active"]
    targets = [value for one in alive for key, value in one.items() if key.endswith("Id")]
    return str(targets[0]) if targets else ""


def unreached(table: Json, endpoints: Sequence[Json], public_ip: bool) -> list[str]:
    """What tasks in a subnet with this route table do not reach, of :data:`NEEDED`; each service once.

    Args:
        table: the subnet's route table.
        endpoints: those of its VPC, as DescribeVpcEndpoints tells them.
        public_ip: whether tasks have public addresses, without which an internet gateway does nothing for them.
    """
    out = way_out(table)
    if out and (public_ip or not out.startswith("igw-")):
        return []
    found = {_service_of(one) for one in endpoints if _serves(one, table)}
    return list(dict.fromkeys(told for name, told in NEEDED.items() if name not in found))


def _service_of(endpoint: Json) -> str:
    """ "com.amazonaws.eu-west-1.ecr.api" -> "ecr.api"."""
    return ".".join(str(endpoint["ServiceName"]).split(".")[3:])


def _serves(endpoint: Json, table: Json) -> bool:
    """Whether an endpoint is there for tasks behind this table: a gateway by its routes, another by its DNS names."""
    if str(endpoint.get("State", "available")).lower() != "available":
        return False
    if endpoint.get("VpcEndpointType") == "Gateway":
        return table.get("RouteTableId") in endpoint.get("RouteTableIds", [])
    return bool(endpoint.get("PrivateDnsEnabled"))
