"""The load balancer that ``app.cfn.yaml`` makes, asked over real sockets."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ansible_collections.offramp.ecs.plugins.modules import aws_stack
from rehearsal.names import Names
from tests.unit.plugins.stack_world import HOSTNAME, TEMPLATES, StackWorld, stack_world
from tests.unit.rehearsal.aws.network import make_network

STACK = "offramp-test-bond"


@dataclass
class Balancer:
    """The stack's load balancer: its real ports, and how a client trusts it."""

    world: StackWorld
    parameters: dict[str, Any]
    outputs: dict[str, str]
    ports: dict[int, int]
    authority: Path

    def deploy(self, **changed: Any) -> None:
        """Bring the stack up to date with other parameters."""
        given = {**self.parameters, **changed}
        template = str(TEMPLATES / "app.cfn.yaml")
        made = self.world.run(
            aws_stack, name=STACK, template=template, parameters=given, capabilities=["CAPABILITY_IAM"], within=120.0
        )
        assert not made["failed"], made
        self.outputs = made["stack"]["outputs"]

    def shaken(self, version: ssl.TLSVersion) -> str | None:
        """The version of TLS that a client gets that speaks this one alone."""
        context = ssl.create_default_context(cafile=str(self.authority))
        context.minimum_version = context.maximum_version = version
        context.set_ciphers("ALL:@SECLEVEL=0")  # else the client itself would not speak 1.1
        plain = socket.create_connection(("127.0.0.1", self.ports[443]), 20)
        with plain, context.wrap_socket(plain, server_hostname=HOSTNAME) as connection:
            return connection.version()


@pytest.fixture(scope="module")
def balancer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Balancer]:
    names, directory = Names(), tmp_path_factory.mktemp("aws")
    with stack_world(directory, names=names) as world:
        network = make_network(world.client("ec2"))
        (certificate,) = world.client("acm").list_certificates()["CertificateSummaryList"]
        parameters = {
            "Stage": "test",
            "App": "bond",
            "RepositoryName": "bond",
            "VpcId": network.vpc,
            "PublicSubnetIds": network.subnets,
            "CertificateArn": certificate["CertificateArn"],
            "SecretName": "test/bond/config",
            "AccessLogs": False,
        }
        made = Balancer(world, parameters, {}, {}, directory / "certificates" / "ca.pem")
        made.deploy()
        made.ports = names.lookup(made.outputs["LoadBalancerDnsName"]) or {}
        yield made


def test_plain_http_is_sent_to_https_with_its_path_and_query(balancer: Balancer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", balancer.ports[80], timeout=20)
    connection.request("GET", "/orders/7?page=2&sort=up", headers={"Host": HOSTNAME})
    answer = connection.getresponse()
    assert answer.status == 301
    assert answer.headers["Location"] == f"https://{HOSTNAME}:443/orders/7?page=2&sort=up"
    connection.close()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_tls_is_1_2_and_1_3_alone_and_1_3_alone_where_that_is_asked_for(balancer: Balancer) -> None:
    versions = ssl.TLSVersion
    assert balancer.shaken(versions.TLSv1_3) == "TLSv1.3"
    assert balancer.shaken(versions.TLSv1_2) == "TLSv1.2"
    with pytest.raises(ssl.SSLError, match=r"PROTOCOL_VERSION|EOF"):
        balancer.shaken(versions.TLSv1_1)
    balancer.deploy(TlsPolicy="ELBSecurityPolicy-TLS13-1-3-2021-06")
    assert balancer.shaken(versions.TLSv1_3) == "TLSv1.3"
    with pytest.raises(ssl.SSLError, match=r"PROTOCOL_VERSION|EOF"):
        balancer.shaken(versions.TLSv1_2)


def test_its_attributes_are_those_that_the_data_plane_obeys(balancer: Balancer) -> None:
    elb = balancer.world.client("elbv2")
    arn = balancer.outputs["LoadBalancerArn"]
    told = elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    attributes = {each["Key"]: each["Value"] for each in told}
    assert attributes["routing.http.drop_invalid_header_fields.enabled"] == "true"
    assert attributes["idle_timeout.timeout_seconds"] == "60"


def test_a_protected_load_balancer_is_not_deleted(balancer: Balancer) -> None:
    balancer.deploy(DeletionProtection=True)
    arn = balancer.outputs["LoadBalancerArn"]
    with pytest.raises(ClientError, match="deletion protection is enabled"):
        balancer.world.client("elbv2").delete_load_balancer(LoadBalancerArn=arn)
    balancer.deploy()
