"""What happens to a world beside the runs of a case: others act in it, and things break."""

from __future__ import annotations

from typing import Any

from rehearsal.faults import Rule
from rehearsal.running import RunningWorld
from tests.dry.strangers import CLUSTER, REPOSITORY, SECRET, Stranger
from tests.live.case import Deed

APP = "bond-server"
FAMILY = "production-bond-server-web"


class Deeds:
    """Does them, in one world."""

    def __init__(self, world: RunningWorld) -> None:
        self._world, self.stranger = world, Stranger(world.environment)

    def do(self, deed: Deed) -> None:
        """Do what a deed says."""
        (name,) = deed.model_fields_set
        getattr(self, f"_{name}")(getattr(deed, name))

    def share(self) -> float:
        """Percent of the traffic that Cloudflare's weights give to AWS now."""
        shares: dict[str, dict[str, float]] = self._world.order(shares=True)
        of_aws = [part for pools in shares.values() for pool, part in pools.items() if pool.endswith("-aws")]
        return round(100 * sum(of_aws), 1)

    def _kill_task(self, service: str) -> None:
        self._world.order(kill_task=service)

    def _ail(self, ailments: Any) -> None:
        self._world.order(ail=ailments.model_dump())

    def _faults(self, rules: list[Rule]) -> None:
        self._world.order(faults=[rule.model_dump() for rule in rules])

    def _scale(self, services: dict[str, int]) -> None:
        for service, tasks in services.items():
            self.stranger.aws("ecs").update_service(cluster=CLUSTER, service=service, desiredCount=tasks)

    def _weights(self, percent: int) -> None:
        self.stranger.give_aws(percent)

    def _config(self, values: dict[str, str | None]) -> None:
        self.stranger.heroku("PATCH", f"/apps/{APP}/config-vars", values)

    def _delete_image(self, tag: str) -> None:
        self.stranger.aws("ecr").batch_delete_image(repositoryName=REPOSITORY, imageIds=[{"imageTag": tag}])

    def _delete_secret(self, name: str) -> None:
        self.stranger.aws("secretsmanager").delete_secret(SecretId=name, RecoveryWindowInDays=7)

    def _register_key(self, key: str) -> None:
        """As somebody does who edits the newest revision in the console, and has misspelt the key."""
        arn = self.stranger.aws("secretsmanager").describe_secret(SecretId=SECRET)["ARN"]
        container = self.stranger.newest(FAMILY)["containerDefinitions"][0]
        version = container["secrets"][0]["valueFrom"].rpartition(":")[2]
        secrets = [*container["secrets"], {"name": key, "valueFrom": f"{arn}:{key}::{version}"}]
        self.stranger.register(FAMILY, {**container, "secrets": secrets})
