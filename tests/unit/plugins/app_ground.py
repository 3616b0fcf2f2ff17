"""A stage and its apps, deployed from the role's own templates in the rehearsal's AWS."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.offramp.ecs.plugins.modules import aws_stack, ecr_image_info, secret_info
from tests.unit.plugins.stack_world import REGION, TEMPLATES, StackWorld

KEY = f"arn:aws:kms:{REGION}:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000"


@dataclass
class App:
    """One app of the stage: the outputs of its stack, and its secret."""

    name: str
    outputs: dict[str, str]
    secret: dict[str, Any]


@dataclass
class AppGround:
    """A network, and the apps on it. Each app's image repository and secret have its name."""

    world: StackWorld
    network: dict[str, str] = field(default_factory=dict)

    def deploy_network(self) -> None:
        """The stage's network, with NAT."""
        made = self._stack("network", "offramp-test-network", {"Stage": "test"})
        self.network = made["stack"]["outputs"]

    def deploy(self, name: str, *, stage: str = "test", **parameters: Any) -> App:
        """An app with a secret of two keys, or its stack brought up to date."""
        made = self._stack("app", f"offramp-{stage}-{name}", self._parameters(name, stage, parameters))
        return App(name, made["stack"]["outputs"], self._secret(f"{stage}/{name}/config"))

    def image(self, app: str, tag: str) -> str:
        """The URI of an image of the seed, with its digest."""
        found = self.world.run(ecr_image_info, repository=app, image=tag)
        return str(found["image"]["uri"])

    def _parameters(self, name: str, stage: str, given: dict[str, Any]) -> dict[str, Any]:
        certificates = self.world.client("acm").list_certificates()["CertificateSummaryList"]
        return {
            "Stage": stage,
            "App": name,
            "RepositoryName": name if stage == "test" else f"{stage}/{name}",
            "VpcId": self.network["VpcId"],
            "PublicSubnetIds": self.network["PublicSubnetIds"],
            "CertificateArn": certificates[0]["CertificateArn"],
            "SecretName": f"{stage}/{name}/config",
            **given,
        }

    def _stack(self, template: str, name: str, parameters: dict[str, Any]) -> dict[str, Any]:
        made = self.world.run(
            aws_stack,
            name=name,
            template=str(TEMPLATES / f"{template}.cfn.yaml"),
            parameters=parameters,
            capabilities=["CAPABILITY_IAM"],
            allow_replacement=["TargetGroup"],
        )
        assert not made["failed"], made["msg"]
        return made

    def _secret(self, name: str) -> dict[str, Any]:
        api = self.world.client("secretsmanager")
        if not api.list_secrets(Filters=[{"Key": "name", "Values": [name]}])["SecretList"]:
            api.create_secret(Name=name, SecretString=json.dumps({"APP": "one", "KEY": "two"}))
        found: dict[str, Any] = self.world.run(secret_info, name=name)["secret"]
        return found
