"""ministack's IAM roles, where AWS makes one by itself."""

from __future__ import annotations

import datetime
import json

from rehearsal.aws.adapters.reach import reach

_IAM = "ministack.services.iam"


def add_service_role(account: str, service: str, name: str) -> None:
    """Let the current account have a role of a service ("ecs.amazonaws.com") under AWS's own path; once."""
    roles = reach(_IAM, "_roles")
    if name in roles:
        return
    path = f"/aws-service-role/{service}/"
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
    }
    roles[name] = {
        "RoleName": name,
        "Arn": f"arn:aws:iam::{account}:role{path}{name}",
        "RoleId": reach(_IAM, "_gen_id")("AROA"),
        "CreateDate": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Path": path,
        "AssumeRolePolicyDocument": json.dumps(trust),
        "Description": f"Service-linked role for {service}",
        "MaxSessionDuration": 3600,
        "AttachedPolicies": [],
        "InlinePolicies": {},
        "Tags": [],
    }


for _name in ("_roles", "_gen_id"):
    reach(_IAM, _name)
