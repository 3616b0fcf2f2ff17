"""A load balancer made by the API serves real requests, tells the health of real targets, and measures."""

import http.client
import http.server
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from rehearsal.aws import AwsStandIn
from rehearsal.dataplane.tls import Authority
from rehearsal.names import Names
from rehearsal.seed import Aws, Seed
from tests.unit.rehearsal.aws.network import Network, make_network
from tests.unit.rehearsal.aws.refusals import refusal

DOMAIN = "api.bond.example"
TARGET = ("10.7.0.5", 8080)


@pytest.fixture(scope="module")
def seed() -> Seed:
    return Seed(aws=Aws(certificates=[DOMAIN]))


@pytest.fixture(scope="module")
def network(client: Any) -> Network:
    return make_network(client("ec2"))


@pytest.fixture(scope="module")
def certificate(client: Any) -> str:
    (found,) = client("acm").list_certificates()["CertificateSummaryList"]
    assert (found["DomainName"], found["Status"]) == (DOMAIN, "ISSUED")
    return str(found["CertificateArn"])


class _App(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        status = 500 if self.path == "/broken" else 200
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def app() -> Iterator[int]:
    """The port of a healthy app."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _App)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def group(client: Any, network: Network) -> str:
    made = client("elbv2").create_target_group(
        Name="bond",
        Protocol="HTTP",
        Port=8080,
        VpcId=network.vpc,
        TargetType="ip",
        HealthCheckPath="/health",
        HealthCheckIntervalSeconds=5,
        HealthCheckTimeoutSeconds=2,
        HealthyThresholdCount=2,
    )
    return str(made["TargetGroups"][0]["TargetGroupArn"])


@pytest.fixture(scope="module")
def balancer(client: Any, network: Network, group: str, certificate: str) -> dict[str, Any]:
    elb = client("elbv2")
    made = elb.create_load_balancer(Name="bond", Subnets=network.subnets, SecurityGroups=[network.group])
    arn = made["LoadBalancers"][0]["LoadBalancerArn"]
    forward = {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": group, "Weight": 1}]}}
    https = {"Protocol": "HTTPS", "Port": 443, "Certificates": [{"CertificateArn": certificate}]}
    elb.create_listener(LoadBalancerArn=arn, **https, DefaultActions=[forward])
    redirect = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    actions = [{"Type": "redirect", "RedirectConfig": redirect}]
    elb.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=actions)
    found: dict[str, Any] = elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
    return found


def eventually(tell: Callable[[], Any], wanted: Any, within: float = 15.0) -> None:
    """Wait until ``tell()`` gives ``wanted``."""
    end = time.monotonic() + within
    while (told := tell()) != wanted:
        assert time.monotonic() < end, f"still {told!r} after {within} s"
        time.sleep(0.05)


def get(port: int, path: str, authority: Authority | None = None) -> tuple[int, str]:
    """Status and Location of an answer; with an authority over TLS, as a client that trusts it."""
    if authority is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    else:
        context = ssl.create_default_context(cafile=str(authority.ca_path))
        connection = _ByName(port, context)
    connection.request("GET", path, headers={"Host": DOMAIN})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.headers.get("Location", "")


class _ByName(http.client.HTTPSConnection):
    """To a port of this machine, as if it were the domain."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        super().__init__("127.0.0.1", port, timeout=10, context=context)
        self._tls = context

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        self.sock = self._tls.wrap_socket(self.sock, server_hostname=DOMAIN)


def health(client: Any, group: str) -> dict[tuple[str, int], tuple[str, str]]:
    found = client("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    return {
        (each["Target"]["Id"], each["Target"]["Port"]): (
            each["TargetHealth"]["State"],
            each["TargetHealth"].get("Reason", ""),
        )
        for each in found
    }


def test_its_name_leads_to_its_listeners(balancer: dict[str, Any], names: Names) -> None:
    assert balancer["DNSName"] == "bond-1.eu-west-1.elb.amazonaws.com"
    ports = names.lookup(balancer["DNSName"])
    assert ports is not None
    assert set(ports) == {80, 443}
    assert get(ports[80], "/x?y=1") == (301, f"https://{DOMAIN}:443/x?y=1")


def test_a_listeners_policy_says_which_tls_is_spoken(
    client: Any, balancer: dict[str, Any], names: Names, authority: Authority
) -> None:
    def spoken(version: ssl.TLSVersion) -> str | None:
        context = ssl.create_default_context(cafile=str(authority.ca_path))
        context.minimum_version = context.maximum_version = version
        plain = socket.create_connection(("127.0.0.1", (names.lookup(balancer["DNSName"]) or {})[443]), 10)
        with plain, context.wrap_socket(plain, server_hostname=DOMAIN) as connection:
            return connection.version()

    elb = client("elbv2")
    listeners = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    (arn,) = [each["ListenerArn"] for each in listeners if each["Protocol"] == "HTTPS"]
    elb.modify_listener(ListenerArn=arn, SslPolicy="ELBSecurityPolicy-TLS13-1-3-2021-06")
    assert spoken(ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
    with pytest.raises(ssl.SSLError, match=r"PROTOCOL_VERSION|EOF"):
        spoken(ssl.TLSVersion.TLSv1_2)
    elb.modify_listener(ListenerArn=arn, SslPolicy="ELBSecurityPolicy-TLS13-1-2-Res-2021-06")
    assert spoken(ssl.TLSVersion.TLSv1_2) == "TLSv1.2"


def test_targets_come_and_go(  # one story: each step stands on the one before
    client: Any, balancer: dict[str, Any], group: str, names: Names, authority: Authority, aws: AwsStandIn, app: int
) -> None:
    elb = client("elbv2")
    ports = names.lookup(balancer["DNSName"]) or {}
    assert get(ports[443], "/", authority)[0] == 503

    target = {"Id": TARGET[0], "Port": TARGET[1]}
    elb.register_targets(TargetGroupArn=group, Targets=[target])
    assert health(client, group)[TARGET][0] == "initial"
    aws.ecs.addresses.publish(TARGET[0], {TARGET[1]: app})
    eventually(lambda: health(client, group), {TARGET: ("healthy", "")})
    assert get(ports[443], "/", authority)[0] == 200

    aws.ecs.addresses.withdraw(TARGET[0])
    eventually(lambda: health(client, group)[TARGET][0], "unhealthy")
    delay = [{"Key": "deregistration_delay.timeout_seconds", "Value": "1"}]
    elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=delay)
    elb.deregister_targets(TargetGroupArn=group, Targets=[target])
    assert health(client, group) == {TARGET: ("draining", "Target.DeregistrationInProgress")}
    eventually(lambda: health(client, group), {})
    asked = elb.describe_target_health(TargetGroupArn=group, Targets=[target])["TargetHealthDescriptions"]
    assert [each["TargetHealth"]["Reason"] for each in asked] == ["Target.NotRegistered"]


def test_requests_are_measured_by_the_second(
    client: Any, balancer: dict[str, Any], group: str, names: Names, authority: Authority, aws: AwsStandIn, app: int
) -> None:
    aws.ecs.addresses.publish(TARGET[0], {TARGET[1]: app})
    client("elbv2").register_targets(TargetGroupArn=group, Targets=[{"Id": TARGET[0], "Port": TARGET[1]}])
    ports = names.lookup(balancer["DNSName"]) or {}
    before = _sums(client, balancer, group)
    assert [get(ports[443], path, authority)[0] for path in ("/", "/", "/broken")] == [200, 200, 500]
    wanted = {"RequestCount": 3, "HTTPCode_Target_2XX_Count": 2, "HTTPCode_Target_5XX_Count": 1}
    counted = {name: before.get(name, 0) + wanted.get(name, 0) for name in before}
    eventually(lambda: _sums(client, balancer, group), counted)
    assert counted["HTTPCode_Target_4XX_Count"] == 0
    slow = {f"TC({above}:)": _response_times(client, balancer, group, f"TC({above}:)") for above in (0, 30)}
    assert slow == {"TC(0:)": sum(counted[name] for name in counted if name != "RequestCount"), "TC(30:)": 0}


def _response_times(client: Any, balancer: dict[str, Any], group: str, statistic: str) -> float:
    tail = balancer["LoadBalancerArn"].rpartition(":")[2].removeprefix("loadbalancer/")
    dimensions = {"LoadBalancer": tail, "TargetGroup": group.rpartition(":")[2]}
    metric = {
        "Namespace": "AWS/ApplicationELB",
        "MetricName": "TargetResponseTime",
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
    }
    now = datetime.now(UTC)
    found = client("cloudwatch").get_metric_data(
        MetricDataQueries=[{"Id": "slow", "MetricStat": {"Metric": metric, "Period": 10, "Stat": statistic}}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=1),
    )
    return float(sum(found["MetricDataResults"][0]["Values"]))


def _sums(client: Any, balancer: dict[str, Any], group: str) -> dict[str, float]:
    tail = balancer["LoadBalancerArn"].rpartition(":")[2].removeprefix("loadbalancer/")
    dimensions = [
        {"Name": "LoadBalancer", "Value": tail},
        {"Name": "TargetGroup", "Value": group.rpartition(":")[2]},
    ]
    metrics = [
        "RequestCount",
        "HTTPCode_Target_2XX_Count",
        "HTTPCode_Target_4XX_Count",
        "HTTPCode_Target_5XX_Count",
    ]
    queries = [
        {
            "Id": f"m{number}",
            "MetricStat": {
                "Metric": {"Namespace": "AWS/ApplicationELB", "MetricName": name, "Dimensions": dimensions},
                "Period": 10,
                "Stat": "Sum",
            },
        }
        for number, name in enumerate(metrics)
    ]
    now = datetime.now(UTC)
    found = client("cloudwatch").get_metric_data(
        MetricDataQueries=queries, StartTime=now - timedelta(minutes=5), EndTime=now + timedelta(minutes=1)
    )["MetricDataResults"]
    assert all(moment.timestamp() % 10 == 0 for each in found for moment in each["Timestamps"])
    return {name: sum(each["Values"]) for name, each in zip(metrics, found, strict=True)}


def test_balancers_that_aws_refuses(client: Any, balancer: dict[str, Any], network: Network) -> None:
    create = client("elbv2").create_load_balancer
    two = network.subnets
    assert refusal(create, Name="bond", Subnets=two) == "DuplicateLoadBalancerName"
    assert refusal(create, Name="b" * 33, Subnets=two) == "ValidationError"
    assert refusal(create, Name="internal-bond", Subnets=two) == "ValidationError"
    assert refusal(create, Name="one-zone", Subnets=two[:1]) == "ValidationError"
    assert refusal(create, Name="nowhere", Subnets=["subnet-0123456789abcdef0", two[0]]) == "SubnetNotFound"
    no_group = {"SecurityGroups": ["sg-0123456789abcdef0"]}
    assert refusal(create, Name="open", Subnets=two, **no_group) == "InvalidSecurityGroup"
    cut_off = make_network(client("ec2"), "10.8", internet=False).subnets
    assert refusal(create, Name="cut-off", Subnets=cut_off) == "InvalidSubnet"
    assert refusal(client("ec2").delete_subnet, SubnetId=two[0]) == "DependencyViolation"
    assert refusal(client("ec2").delete_security_group, GroupId=network.group) == "DependencyViolation"


def test_health_checks_that_aws_refuses(client: Any, group: str) -> None:
    modify = client("elbv2").modify_target_group
    for check in ({"HealthCheckIntervalSeconds": 5000}, {"HealthyThresholdCount": 1}, {"HealthCheckTimeoutSeconds": 1}):
        with pytest.raises((ClientError, ParamValidationError)) as refused:
            modify(TargetGroupArn=group, **check)
        assert next(iter(check)) in str(refused.value)


def test_listeners_that_aws_refuses(client: Any, balancer: dict[str, Any], group: str, certificate: str) -> None:
    def create(**parameters: Any) -> Any:
        return client("elbv2").create_listener(LoadBalancerArn=balancer["LoadBalancerArn"], **parameters)

    forward = [{"Type": "forward", "TargetGroupArn": group}]
    https = {"Protocol": "HTTPS", "Port": 8443, "DefaultActions": forward}
    assert refusal(create, Protocol="HTTP", Port=80, DefaultActions=forward) == "DuplicateListener"
    assert refusal(create, **https) == "ValidationError"
    unknown = [{"CertificateArn": f"{certificate[:-4]}0000"}]
    assert refusal(create, **https, Certificates=unknown) == "CertificateNotFound"
    nobodys = {"Certificates": [{"CertificateArn": certificate}], "SslPolicy": "ELBSecurityPolicy-TLS13-1-4"}
    assert refusal(create, **https, **nobodys) == "SSLPolicyNotFound"
    elsewhere = [{"Type": "forward", "TargetGroupArn": f"{group}x"}]
    assert refusal(create, Protocol="HTTP", Port=81, DefaultActions=elsewhere) == "TargetGroupNotFound"


def test_what_is_protected_or_in_use_stays(client: Any, balancer: dict[str, Any], group: str) -> None:
    elb, arn = client("elbv2"), balancer["LoadBalancerArn"]
    assert refusal(elb.delete_target_group, TargetGroupArn=group) == "ResourceInUse"
    idle = [{"Key": "idle_timeout.timeout_seconds", "Value": "5000"}]
    assert refusal(elb.modify_load_balancer_attributes, LoadBalancerArn=arn, Attributes=idle) == "ValidationError"
    protect = {"Key": "deletion_protection.enabled"}
    elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[{**protect, "Value": "true"}])
    assert refusal(elb.delete_load_balancer, LoadBalancerArn=arn) == "OperationNotPermitted"
    elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[{**protect, "Value": "false"}])


def test_the_name_goes_with_the_balancer(client: Any, network: Network, names: Names) -> None:
    elb = client("elbv2")
    made = elb.create_load_balancer(Name="short-lived", Subnets=network.subnets)["LoadBalancers"][0]
    assert names.lookup(made["DNSName"]) is not None
    elb.delete_load_balancer(LoadBalancerArn=made["LoadBalancerArn"])
    assert names.lookup(made["DNSName"]) is None


def test_a_balancer_faces_the_internet_unless_told_otherwise(client: Any, network: Network) -> None:
    elb = client("elbv2")
    for scheme, asked in (("internet-facing", {}), ("internal", {"Scheme": "internal"})):
        (made,) = elb.create_load_balancer(Name=f"facing-{scheme[:5]}", Subnets=network.subnets, **asked)[
            "LoadBalancers"
        ]
        assert made["Scheme"] == scheme
        elb.delete_load_balancer(LoadBalancerArn=made["LoadBalancerArn"])
