"""The baseline: the reads of a no-change run, made one after the other by a plain script in one process.

No checks, no comparison, no errors: the least that anyone could spend on asking the same questions.
"""

from __future__ import annotations

import os
from typing import Any

import boto3
import httpx

APP, STAGE, REGION = "bond-server", "production", "eu-west-1"
STACKS = [
    f"offramp-{STAGE}-network",
    f"offramp-{STAGE}-platform",
    f"offramp-{STAGE}-{APP}",
    f"offramp-{STAGE}-{APP}-kpis",
]
SECRET = f"{STAGE}/{APP}/config"


def main() -> None:
    """Ask Heroku, Cloudflare and AWS what a no-change run asks."""
    heroku = httpx.Client(
        base_url=os.environ["HEROKU_API_URL"],
        headers={
            "Accept": "application/vnd.heroku+json; version=3",
            "Authorization": f"Bearer {os.environ['HEROKU_API_KEY']}",
        },
    )
    cloudflare = httpx.Client(
        base_url=os.environ["CLOUDFLARE_BASE_URL"],
        headers={"Authorization": f"Bearer {os.environ['CLOUDFLARE_API_TOKEN']}"},
    )
    secrets = boto3.client("secretsmanager", region_name=REGION)
    certificates = boto3.client("acm", region_name=REGION)
    survey(heroku, cloudflare)
    copy(heroku, secrets)
    uses()
    for _ in range(2):
        certificates.describe_certificate(CertificateArn=os.environ["REHEARSAL_CERTIFICATE_ARN"])
    stacks = boto3.client("cloudformation", region_name=REGION)
    provision(stacks)
    copy(heroku, secrets)
    release(stacks, secrets)
    stacks.describe_stacks(StackName=STACKS[2])
    balancer(cloudflare)


def survey(heroku: httpx.Client, cloudflare: httpx.Client) -> None:
    """What the app is, whose accounts these are, what the image is."""
    identity = boto3.client("sts", region_name=REGION)
    for _ in range(4):
        identity.get_caller_identity()
    heroku.get(f"/apps/{APP}").raise_for_status()
    for path in ("addons", "formation", "domains", "releases", "features", "log-drains", "config-vars"):
        heroku.get(f"/apps/{APP}/{path}").raise_for_status()
    zone = balancer(cloudflare, health=False)
    for path in (f"/zones/{zone}/dns_records", f"/zones/{zone}/settings/ssl"):
        cloudflare.get(path).raise_for_status()
    images = boto3.client("ecr", region_name=REGION)
    images.describe_repositories(repositoryNames=[APP])
    images.describe_images(repositoryName=APP, imageIds=[{"imageTag": "v42"}])


def copy(heroku: httpx.Client, secrets: Any) -> None:
    """Both sides of the copy."""
    for path in ("config-vars", "addons"):
        heroku.get(f"/apps/{APP}/{path}").raise_for_status()
    secrets.get_secret_value(SecretId=SECRET)


def uses() -> None:
    """What the services run with."""
    tasks = boto3.client("ecs", region_name=REGION)
    services = tasks.describe_services(cluster=f"offramp-{STAGE}", services=[f"{APP}-web", f"{APP}-worker"])
    for service in services["services"]:
        tasks.describe_task_definition(taskDefinition=service["taskDefinition"])


def provision(stacks: Any) -> None:
    """What the stacks are made of."""
    for name in STACKS:
        stacks.describe_stacks(StackName=name)
        stacks.get_template(StackName=name)
    stacks.describe_stacks(StackName=STACKS[0])


def release(stacks: Any, secrets: Any) -> None:
    """What runs, and from what."""
    for name in STACKS:
        stacks.describe_stacks(StackName=name)
    boto3.client("ecr", region_name=REGION).describe_images(repositoryName=APP, imageIds=[{"imageTag": "v42"}])
    secrets.get_secret_value(SecretId=SECRET)
    tasks = boto3.client("ecs", region_name=REGION)
    scaling = boto3.client("application-autoscaling", region_name=REGION)
    for process in ("web", "worker"):
        tasks.describe_task_definition(taskDefinition=f"{STAGE}-{APP}-{process}")
        for _ in range(2):
            tasks.describe_services(cluster=f"offramp-{STAGE}", services=[f"{APP}-{process}"])
        resource = f"service/offramp-{STAGE}/{APP}-{process}"
        scaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[resource])
        scaling.describe_scheduled_actions(ServiceNamespace="ecs", ResourceId=resource)
        scaling.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=resource)
        stacks.describe_stacks(StackName=f"offramp-{STAGE}-{APP}-scaling-{process}")
        stacks.get_template(StackName=f"offramp-{STAGE}-{APP}-scaling-{process}")


def balancer(cloudflare: httpx.Client, *, health: bool = True) -> str:
    """What steers the traffic. Returns the zone's id."""
    zone = cloudflare.get("/zones", params={"name": "bond.example"}).raise_for_status().json()["result"][0]
    account = f"/accounts/{zone['account']['id']}/load_balancers"
    cloudflare.get(f"{account}/monitors").raise_for_status()
    pools = cloudflare.get(f"{account}/pools").raise_for_status().json()["result"]
    cloudflare.get(f"/zones/{zone['id']}/load_balancers").raise_for_status()
    if health:
        cloudflare.get(f"{account}/pools/{pools[0]['id']}/health").raise_for_status()
    return str(zone["id"])


if __name__ == "__main__":
    main()
