"""Networks that exist already: found by id or by tag, and what makes one unfit for an app."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import reach
from ansible_collections.offramp.ecs.plugins.module_utils.aws.fault import spoken
from ansible_collections.offramp.ecs.plugins.module_utils.aws.tagged import Tags, the_one, told
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput

_FREE = {"public": 8, "private": 16}
"""Addresses that must be free: a load balancer wants eight of each subnet, a rollout doubles the tasks for a while."""


@dataclass(frozen=True)
class Side:
    """Which subnets: by their ids, else by tags that they have in their VPC; neither where none are given."""

    ids: tuple[str, ...] = ()
    tags: Optional[Tags] = None


@dataclass(frozen=True)
class Subnet:
    """One subnet.

    Attributes:
        way_out: the id of what its default route leads to, "" where there is no such route.
        unreached: services that tasks need and its routes and the VPC's endpoints do not lead to.
    """

    id: str
    vpc: str
    zone: str
    free: int
    way_out: str
    unreached: tuple[str, ...] = ()


@dataclass(frozen=True)
class Network:
    """The subnets of a network by their side; ``shut`` are endpoints whose security groups admit nobody by HTTPS."""

    vpc: str
    public: tuple[Subnet, ...]
    private: tuple[Subnet, ...]
    shut: tuple[str, ...] = ()


class Networks:
    """Reads VPCs and subnets of a region."""

    def __init__(self, ec2: Any) -> None:
        self._ec2 = ec2

    def vpc_with(self, tags: Tags) -> str:
        """The one VPC that has these tags.

        Raises:
            BadInput: none has them, or several have.
        """
        with spoken(f"VPCs with the tags {told(tags)}"):
            found = [str(row["VpcId"]) for row in self._ec2.describe_vpcs(Filters=_filters(tags))["Vpcs"]]
        return the_one(found, tags, kind=f"VPCs of {self._ec2.meta.region_name}", one="VPC", by="id")

    def subnets_with(self, tags: Tags, vpc: str) -> tuple[str, ...]:
        """The ids of the subnets of a VPC that have these tags, sorted.

        Raises:
            BadInput: none has them.
        """
        with spoken(f"subnets of {vpc} with the tags {told(tags)}"):
            asked = [*_filters(tags), {"Name": "vpc-id", "Values": [vpc]}]
            found = [row["SubnetId"] for row in self._ec2.describe_subnets(Filters=asked)["Subnets"]]
        if not found:
            raise BadInput(
                f"No subnet of {vpc} has the tags {told(tags)}.",
                target=f"subnets with {told(tags)}",
                hint="Correct the tags, or give the subnets' ids.",
            )
        return tuple(sorted(found))

    def read(self, vpc: str, public: Sequence[str], private: Sequence[str]) -> Network:
        """The network in two reads; the endpoints only where some subnet has no default route."""
        asked = [*public, *private]
        with spoken(f"VPC {vpc} with its subnets in {self._ec2.meta.region_name}"):
            found = self._ec2.describe_subnets(SubnetIds=asked)["Subnets"] if asked else []
            tables = self._ec2.describe_route_tables(Filters=_of(vpc))["RouteTables"]
        closed = any(not reach.way_out(reach.table_of(one["SubnetId"], tables)) for one in found)
        endpoints = self._endpoints(vpc) if closed else []
        subnets = {one["SubnetId"]: _subnet(one, tables, endpoints) for one in found}
        first, second = (tuple(subnets[one] for one in side) for side in (public, private))
        return Network(vpc, first, second, self._shut(endpoints))

    def _endpoints(self, vpc: str) -> list[dict[str, Any]]:
        with spoken(f"endpoints of VPC {vpc}"):
            return list(self._ec2.describe_vpc_endpoints(Filters=_of(vpc))["VpcEndpoints"])

    def _shut(self, endpoints: list[dict[str, Any]]) -> tuple[str, ...]:
        """Endpoints none of whose groups admits anything to port 443; who exactly may come, the tasks will tell."""
        named = {one["VpcEndpointId"]: {group["GroupId"] for group in one.get("Groups", [])} for one in endpoints}
        asked = sorted(set().union(*named.values()))
        if not asked:
            return ()
        with spoken(f"security groups {', '.join(asked)}"):
            rows = self._ec2.describe_security_groups(GroupIds=asked)["SecurityGroups"]
        open_groups = {row["GroupId"] for row in rows if any(map(admits_https, row["IpPermissions"]))}
        return tuple(one for one, groups in sorted(named.items()) if groups and not groups & open_groups)


def admits_https(rule: Mapping[str, Any]) -> bool:
    """Whether a rule of a security group admits somebody to port 443."""
    if rule["IpProtocol"] == "-1":
        return True
    return rule["IpProtocol"] == "tcp" and int(rule.get("FromPort", 0)) <= 443 <= int(rule.get("ToPort", 65535))


def faults(have: Network) -> list[str]:
    """All that is wrong with a network, each as half a sentence; pure."""
    wrong = []
    vpcs = sorted({one.vpc for one in (*have.public, *have.private)})
    if len(vpcs) > 1:
        wrong.append(f"the subnets given are of {len(vpcs)} VPCs ({', '.join(vpcs)}), and must be of one")
    for side, subnets in (("public", have.public), ("private", have.private)):
        if len({one.zone for one in subnets}) < 2:
            wrong.append(f"its {side} subnets must be in two availability zones at least, and are in {_zones(subnets)}")
        for one in subnets:
            wrong += [f"subnet {one.id} {what}" for what in _faults_of(one, side, have.vpc)]
    return wrong + [f"endpoint {one} has no security group that admits HTTPS (port 443)" for one in have.shut]


def _faults_of(subnet: Subnet, side: str, vpc: str) -> list[str]:
    wrong = []
    if subnet.vpc != vpc:
        return [f"is in {subnet.vpc}"]
    if side == "public" and not subnet.way_out.startswith("igw-"):
        wrong.append("is given as public, but has no route to an internet gateway")
    if side == "private" and subnet.way_out.startswith("igw-"):
        wrong.append("is given as private, but its default route leads to an internet gateway")
    if side == "private" and subnet.unreached and not subnet.way_out:
        services = ", ".join(subnet.unreached)
        wrong.append(f"has no NAT gateway or other way out, and no endpoint for {services}, which tasks need to start")
    if subnet.free < _FREE[side]:
        wrong.append(f"has {subnet.free} free addresses and needs {_FREE[side]}")
    return wrong


def _subnet(found: Mapping[str, Any], tables: list[dict[str, Any]], endpoints: list[dict[str, Any]]) -> Subnet:
    table = reach.table_of(found["SubnetId"], tables)
    return Subnet(
        id=found["SubnetId"],
        vpc=found["VpcId"],
        zone=found["AvailabilityZone"],
        free=found["AvailableIpAddressCount"],
        way_out=reach.way_out(table),
        unreached=tuple(reach.unreached(table, endpoints, public_ip=False)),
    )


def _zones(subnets: tuple[Subnet, ...]) -> str:
    return ", ".join(sorted({one.zone for one in subnets})) or "none"


def _filters(tags: Tags) -> list[dict[str, Any]]:
    return [{"Name": f"tag:{key}", "Values": [value]} for key, value in sorted(tags.items())]


def _of(vpc: str) -> list[dict[str, Any]]:
    return [{"Name": "vpc-id", "Values": [vpc]}]
