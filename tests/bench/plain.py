"""The baseline: the reads of a run, asked again one after the other by a plain script in one process.

    python -m tests.bench.plain CALLS

CALLS is a JSON file of ``[service, operation, target]``, as the request log of the rehearsal tells them. There are no
checks, no comparison, no second tries: the least that anyone could spend on asking the same questions. A call that the
tables here do not have is left out, and the report of the benchmark names it.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3
import httpx
from botocore import xform_name

APP, STAGE, REGION, ZONE = "bond-server", "production", "eu-west-1", "bond.example"
Arguments = Callable[[str], dict[str, Any]]
"""What an operation is called with, by the call's target."""


def _nothing(_target: str) -> dict[str, Any]:
    return {}


def _of(name: str, **fixed: Any) -> Arguments:
    """The target under a name, beside what is the same in every call."""
    return lambda target: {name: target, **fixed}


def _among(name: str, **fixed: Any) -> Arguments:
    """The same, for an operation that takes a list."""
    return lambda target: {name: [target], **fixed}


_TAG = [{"imageTag": "v42"}]
_SERVICES = [f"{APP}-web", f"{APP}-worker"]
AWS: Mapping[str, Mapping[str, Arguments]] = {
    "acm": {
        "DescribeCertificate": _of("CertificateArn"),
        "ListCertificates": _nothing,
        "ListTagsForCertificate": _of("CertificateArn"),
    },
    "application-autoscaling": {
        "DescribeScalableTargets": _among("ResourceIds", ServiceNamespace="ecs"),
        "DescribeScalingPolicies": _of("ResourceId", ServiceNamespace="ecs"),
        "DescribeScheduledActions": _of("ResourceId", ServiceNamespace="ecs"),
    },
    "cloudformation": {"DescribeStacks": _of("StackName"), "GetTemplate": _of("StackName")},
    "ec2": {
        "DescribeManagedPrefixLists": _nothing,
        "DescribeRouteTables": _nothing,
        "DescribeSubnets": _among("SubnetIds"),
        "GetManagedPrefixListEntries": _of("PrefixListId"),
    },
    "ecr": {
        "BatchGetImage": _of("repositoryName", imageIds=_TAG),
        "DescribeImages": _of("repositoryName", imageIds=_TAG),
        "DescribeRepositories": _among("repositoryNames"),
    },
    "ecs": {
        "DescribeServices": _of("cluster", services=_SERVICES),
        "DescribeTaskDefinition": _of("taskDefinition"),
        "ListTaskDefinitions": lambda _target: {"familyPrefix": f"{STAGE}-{APP}-web"},
    },
    "elbv2": {
        "DescribeLoadBalancerAttributes": _of("LoadBalancerArn"),
        "DescribeTargetGroupAttributes": _of("TargetGroupArn"),
        "DescribeTargetGroups": _among("TargetGroupArns"),
        "DescribeTargetHealth": _of("TargetGroupArn"),
    },
    "iam": {
        "GetRole": _of("RoleName"),
        "SimulatePrincipalPolicy": _of("PolicySourceArn", ActionNames=["ecr:BatchGetImage", "logs:PutLogEvents"]),
    },
    "logs": {"DescribeLogGroups": lambda _target: {"logGroupNamePrefix": f"/offramp/{STAGE}/{APP}"}},
    "scheduler": {"ListSchedules": _of("GroupName")},
    "secretsmanager": {"DescribeSecret": _of("SecretId"), "GetSecretValue": _of("SecretId")},
    "service-quotas": {"GetServiceQuota": lambda _target: {"ServiceCode": "vpc", "QuotaCode": "L-0EA8095F"}},
    "ssm": {"GetParameter": _of("Name")},
    "sts": {"GetCallerIdentity": _nothing},
}
_PLACES = re.compile(r"{(\w+)}")
_STILL = {"ParameterNotFound", "ResourceNotFoundException"}
"""Answers that are answers, too: no lock is held, and no schedule is there."""


class Script:
    """The clients, each made when it is first needed, and what earlier answers tell later questions."""

    def __init__(self) -> None:
        self._clients: dict[str, Any] = {}
        self._vendors = {
            "heroku": httpx.Client(
                base_url=os.environ["HEROKU_API_URL"],
                headers={
                    "Accept": "application/vnd.heroku+json; version=3",
                    "Authorization": f"Bearer {os.environ['HEROKU_API_KEY']}",
                },
            ),
            "cloudflare": httpx.Client(
                base_url=os.environ["CLOUDFLARE_BASE_URL"],
                headers={"Authorization": f"Bearer {os.environ['CLOUDFLARE_API_TOKEN']}"},
            ),
        }
        self._named = {"app": APP}
        self._log = ""

    def ask(self, service: str, operation: str, target: str) -> None:
        """Make one call, where it is known how."""
        method, _, path = operation.partition(" ")
        if service == "aws":
            self._ask_aws(operation, target)
        elif operation == "GET /streams/{token}":
            httpx.get(self._log).raise_for_status()
        else:
            self._ask_vendor(service, method, path, target)

    def _ask_aws(self, operation: str, target: str) -> None:
        name = next((name for name, operations in AWS.items() if operation in operations), "")
        if not name:
            return
        if name not in self._clients:
            self._clients[name] = boto3.client(name, region_name=REGION)
        client = self._clients[name]
        try:
            getattr(client, xform_name(operation))(**AWS[name][operation](target))
        except client.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in _STILL:
                raise

    def _ask_vendor(self, service: str, method: str, path: str, target: str) -> None:
        names = {**self._named, "id": target}
        if not set(_PLACES.findall(path)) <= names.keys():
            return
        answer = self._vendors[service].request(
            method,
            path.format_map(names),
            json={"lines": 1, "source": "heroku"} if method == "POST" else None,
            params={"name": ZONE} if path == "/zones" else None,
        )
        answer.raise_for_status()
        if path == "/zones":
            zone = answer.json()["result"][0]
            self._named |= {"zone": zone["id"], "account": zone["account"]["id"]}
        if path.endswith("/log-sessions"):
            self._log = answer.json()["logplex_url"]


def main() -> None:
    """Ask all that the file has."""
    script = Script()
    for service, operation, target in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")):
        script.ask(service, operation, target)


if __name__ == "__main__":
    main()
