"""Service Quotas: what the account may have of some things, told and enforced."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.aws.adapters import moto_network, moto_prefix_lists, server
from rehearsal.aws.adapters.moto_server import backend
from rehearsal.aws.errors import RefusedError
from rehearsal.aws.service import Parameters, Service

DEFAULTS = {
    "vpc/L-F678F1CE": ("VPCs per Region", 5),
    "ec2/L-0263D0A3": ("EC2-VPC Elastic IPs", 5),
    "elasticloadbalancing/L-53DA6B97": ("Application Load Balancers per Region", 50),
    "vpc/L-0EA8095F": ("Inbound or outbound rules per security group", 60),
}
"""AWS's defaults, https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html, by service and code."""


class Quotas:
    """The account's quotas: AWS's defaults, but for those that ``applied`` names ("vpc/L-F678F1CE")."""

    def __init__(self, applied: Mapping[str, float]) -> None:
        unknown = applied.keys() - DEFAULTS
        assert not unknown, f"the rehearsal knows no quota {', '.join(sorted(unknown))}"
        self._applied = applied
        self.service = Service("servicequotas")
        self.service.own |= {"GetServiceQuota": self._get, "GetAWSDefaultServiceQuota": self._get_default}

    def enforce(self, ec2: Service, elb: Service) -> None:
        """Let the services refuse what would be too much."""
        limits: list[tuple[Service, str, str, Callable[[], int], RefusedError]] = [
            (ec2, "CreateVpc", "vpc/L-F678F1CE", lambda: len(_ec2().vpcs), _too_many("VpcLimitExceeded", "VPCs")),
            (
                ec2,
                "AllocateAddress",
                "ec2/L-0263D0A3",
                lambda: len(_ec2().addresses),
                _too_many("AddressLimitExceeded", "addresses"),
            ),
            (
                elb,
                "CreateLoadBalancer",
                "elasticloadbalancing/L-53DA6B97",
                lambda: len(_elb().load_balancers),
                _too_many("TooManyLoadBalancers", "load balancers"),
            ),
        ]
        for service, operation, quota, used, refusal in limits:
            service.refuses(operation)(self._full(quota, used, refusal))
        ec2.refuses("AuthorizeSecurityGroupIngress")(self._rules)

    def value(self, quota: str) -> float:
        """How much there may be."""
        return float(self._applied.get(quota, DEFAULTS[quota][1]))

    def _full(self, quota: str, used: Callable[[], int], refusal: RefusedError) -> Callable[[Parameters], None]:
        def check(_: Parameters) -> None:
            if used() >= self.value(quota):
                raise refusal

        return check

    def _rules(self, parameters: Parameters) -> None:
        """A rule that names a prefix list counts as many as the list may hold."""
        new = sum(_weight(permission) for permission in parameters.get("IpPermissions", []))
        there = moto_network.rules_of(parameters.get("GroupId", "")) or {"ingress": []}
        used = sum(_size(rule.get("SourcePrefixListId")) for rule in there["ingress"])
        if used + new > self.value("vpc/L-0EA8095F"):
            raise RefusedError(
                "RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached."
            )

    def _get(self, parameters: Parameters) -> Parameters:
        return self._told(parameters, self.value)

    def _get_default(self, parameters: Parameters) -> Parameters:
        return self._told(parameters, lambda quota: float(DEFAULTS[quota][1]))

    def _told(self, parameters: Parameters, value: Callable[[str], float]) -> Parameters:
        service, code = parameters["ServiceCode"], parameters["QuotaCode"]
        quota = f"{service}/{code}"
        if quota not in DEFAULTS:
            raise RefusedError("NoSuchResourceException", "The request failed because the specified quota is missing.")
        account, region = server.current_account(), server.current_region()
        return {
            "Quota": {
                "ServiceCode": service,
                "QuotaCode": code,
                "QuotaName": DEFAULTS[quota][0],
                "QuotaArn": f"arn:aws:servicequotas:{region}:{account}:{quota}",
                "Value": value(quota),
                "Unit": "None",
                "Adjustable": True,
                "GlobalQuota": False,
            }
        }


def _too_many(code: str, what: str) -> RefusedError:
    return RefusedError(code, f"The maximum number of {what} has been reached.")


def _weight(permission: Parameters) -> int:
    peers = [len(permission.get(kind, [])) for kind in ("IpRanges", "Ipv6Ranges", "Groups")]
    return sum(peers) + sum(_size(each["PrefixListId"]) for each in permission.get("PrefixListIds", []))


def _size(prefix_list: str | None) -> int:
    found = moto_prefix_lists.find(prefix_list) if prefix_list else None
    return int(found.max_entries or 1) if found is not None else 1


def _ec2() -> Any:
    return backend("ec2", server.current_account(), server.current_region())


def _elb() -> Any:
    return backend("elbv2", server.current_account(), server.current_region())
