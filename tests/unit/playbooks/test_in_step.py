"""copy.yml on a schedule: Heroku and AWS in step in either direction, with services that really run.

The process types are workers, so that no load balancer is needed.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.offramp.ecs.plugins.module_utils.aws import locks
from rehearsal.requestlog import Entry, read_log
from tests.unit.plugins.ecs_ground import EcsGround
from tests.unit.plugins.heroku_world import HerokuWorld, heroku_world

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
CLUSTER, SECRET = "offramp-staging", "staging/bond-server/config"
LONG_AGO = "2026-01-01T00:00:00Z"
SERVICES = ["bond-server-clock", "bond-server-worker"]
CONFIG = {
    "APP": "bond-server",
    "TEXT": "value-of-text",
    "REDIS_URL": "redis://value-of-first",
    "PORT": "98-765-43",
}
SHARED = {
    "ansible_connection": "local",
    "offramp_stage": "staging",
    "offramp_region": "eu-west-1",
    "offramp_app": "bond-server",
    "offramp_heroku_app": "bond-server",
    "offramp_cluster": CLUSTER,
    "release_processes": {
        "clock": {"cpu": 256, "memory": 512, "desired": 1},
        "worker": {"cpu": 256, "memory": 512, "desired": 1},
    },
    "release_environment": {"APP_VERSION": "{{ release_image }}"},
    "release_watch_alarms": False,
    "release_public_ip": True,
    "release_within": 60,
    "release_every": 0.2,
    "release_steady": 0,
}
OUTPUTS = (
    "RepositoryUri",
    "ExecutionRoleArn",
    "TaskRoleArn",
    "TaskSecurityGroupId",
    "LoadBalancerFullName",
    "TargetGroupArn",
    "TargetGroupFullName",
    "LogGroupName",
)
RELEASE_OF_BOTH = Counter(
    {"PutParameter": 1, "RegisterTaskDefinition": 2, "UpdateService": 2, "DeleteParameter": 1}  # under the app's lock
)


class Place:
    """Heroku and AWS with an app that was released, and ansible-playbook in their midst."""

    def __init__(self, heroku: HerokuWorld, directory: Path) -> None:
        self.heroku, self.aws = heroku, heroku.aws
        self.ledger = directory / "ledger"
        ground = EcsGround(heroku.aws, CLUSTER, "bond-server")
        ground.open_up()
        self._make_stack(ground)
        self._inventory = directory / "inventory.json"
        variables = {**SHARED, "offramp_private_subnet_ids": [ground.subnet]}
        apps: dict[str, Any] = {"apps": {"hosts": {"bond-server": {}}}}
        self._inventory.write_text(json.dumps({"all": {"vars": variables, "children": apps}}), encoding="utf-8")

    def _make_stack(self, ground: EcsGround) -> None:
        """The stack that role release looks at, with what there is."""
        known = {
            "RepositoryUri": ground.repository,
            "ExecutionRoleArn": ground.role,
            "TaskRoleArn": ground.role,
            "TaskSecurityGroupId": ground.group,
            "LogGroupName": "/bond-server",
        }
        body = {
            "Resources": {"Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/unused"}}},
            "Outputs": {name: {"Value": known.get(name, "none")} for name in OUTPUTS},
        }
        api, name = self.aws.client("cloudformation"), "offramp-staging-bond-server"
        api.create_stack(StackName=name, TemplateBody=json.dumps(body))
        api.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})

    def play(self, playbook: str, *options: str, code: int = 0) -> str:
        """What a person sees."""
        command = [str(BIN / "ansible-playbook"), f"playbooks/{playbook}.yml", "-i", str(self._inventory), "--diff"]
        given = {**os.environ, "ANSIBLE_FORCE_COLOR": "0", "OFFRAMP_LEDGER": str(self.ledger)}
        done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, env=given)
        told = done.stdout + done.stderr
        assert "Traceback" not in told
        assert "value-of" not in told + self._kept()
        assert done.returncode == code, told
        return told

    def copy(self, *options: str, code: int = 0) -> tuple[str, Counter[str], Counter[str]]:
        """(what a person sees, the reads, the writes) of a run of copy.yml."""
        before = len(self.entries())
        told = self.play("copy", *options, code=code)
        made = self.entries()[before:]
        reads, writes = (Counter(entry.operation for entry in made if entry.kind == kind) for kind in ("read", "write"))
        return told, reads, writes

    def entries(self) -> list[Entry]:
        """Every request of our modules so far, on both sides, in the order of the answers."""
        logs = [self.heroku.stage.log.path, self.aws.log.path]
        ours = [entry for path in logs for entry in read_log(path) if entry.caller.startswith("offramp.ecs/")]
        return sorted(ours, key=lambda entry: entry.at)

    def rotate(self, url: str) -> None:
        """Let the Redis add-on change its credential, as Heroku does on its own."""
        self.heroku.stage.heroku.rotate("bond-server", "redis-flat-1", {"REDIS_URL": url})

    def content(self) -> Any:
        """What the secret holds."""
        return json.loads(self.aws.client("secretsmanager").get_secret_value(SecretId=SECRET)["SecretString"])

    def edit(self, **changes: str) -> None:
        """Let somebody change the secret on AWS."""
        text = json.dumps({**self.content(), **changes})
        self.aws.client("secretsmanager").put_secret_value(SecretId=SECRET, SecretString=text)

    def config(self) -> Any:
        """What Heroku has."""
        return self.heroku.stage.get("/apps/bond-server/config-vars")

    def heroku_releases(self) -> int:
        """How many releases the app has had at Heroku."""
        rows: Any = self.heroku.stage.get("/apps/bond-server/releases")
        return int(rows[-1]["version"])

    def definitions(self) -> dict[str, dict[str, Any]]:
        """Service -> the task definition that it stands at, without what AWS gives it."""
        api = self.aws.client("ecs")
        found = {}
        for service in api.describe_services(cluster=CLUSTER, services=SERVICES)["services"]:
            arn = service["deployments"][0]["taskDefinition"]
            told = api.describe_task_definition(taskDefinition=arn)["taskDefinition"]
            given = ("taskDefinitionArn", "revision", "registeredAt", "registeredBy")
            found[service["serviceName"]] = {key: value for key, value in told.items() if key not in given}
        return found

    def verdicts(self) -> list[Any]:
        """What the ledger has of the use of secrets."""
        return [entry["use"] for entry in map(json.loads, self._kept().splitlines()) if "use" in entry]

    def _kept(self) -> str:
        """All lines of the ledger."""
        return "".join(path.read_text(encoding="utf-8") for path in sorted(self.ledger.glob("*")))


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A place where v1 runs with a copy of the configuration."""
    directory = tmp_path_factory.mktemp("in-step")
    with heroku_world(directory, images={"bond-server": {"v1": {}, "v2": {}}}) as heroku:
        heroku.set_config("bond-server", CONFIG)
        place = Place(heroku, directory)
        place.play("copy")
        place.play("release", "-e", "release_image=v1")
        yield place


@pytest.fixture
def place(released: Place) -> Place:
    """The same, with both sides in step."""
    released.heroku.set_config("bond-server", CONFIG)
    released.copy("-e", "copy_releases=true")
    return released


def without_references(definitions: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        name: {**it, "containerDefinitions": [{**one, "secrets": None} for one in it["containerDefinitions"]]}
        for name, it in definitions.items()
    }


def pinned(definitions: dict[str, dict[str, Any]]) -> set[str]:
    """The versions that definitions pin."""
    containers = [one for it in definitions.values() for one in it["containerDefinitions"]]
    return {each["valueFrom"].rpartition(":")[2] for one in containers for each in one["secrets"]}


def test_a_run_with_nothing_to_do_reads_little_and_writes_nothing(place: Place) -> None:
    told, reads, writes = place.copy("-e", "copy_releases=true")
    assert re.search(r"bond-server .* changed=0 ", told)
    assert writes == {}
    assert reads == {
        "GET /apps/{app}/config-vars": 1,
        "GET /apps/{app}/addons": 1,
        "GetSecretValue": 1,
        "DescribeServices": 1,
        "DescribeTaskDefinition": 2,
        "GetParameter": 1,
    }
    assert f"Use of secret {SECRET}: bond-server-clock, bond-server-worker run with what it holds" in told


def test_a_rotated_credential_without_releases_is_told_loudly_and_kept(place: Place) -> None:
    before = len(place.verdicts())
    place.rotate("redis://value-of-second")
    told, _, writes = place.copy()
    assert writes["PutSecretValue"] == 1
    assert not set(writes) - {"PutSecretValue", "UpdateSecretVersionStage"}
    assert place.content()["REDIS_URL"] == "redis://value-of-second"
    (version,) = pinned(place.definitions())
    assert (
        f"- Use of secret {SECRET}: AWS holds a stale REDIS_URL: ECS service bond-server-clock runs with version "
        f"{version[:12]}; ECS service bond-server-worker runs with version {version[:12]}; "
        "run playbooks/release.yml -e release_to=current"
    ) in told
    (verdict,) = place.verdicts()[before:]
    assert verdict["stale"] is True
    assert [it["stale"] for it in verdict["services"]] == [["REDIS_URL"], ["REDIS_URL"]]
    told, _, writes = place.copy()
    assert writes == {}, "a second run makes no version"
    assert "AWS holds a stale REDIS_URL" in told


def test_a_stale_key_goes_by_a_release_of_what_runs(place: Place) -> None:
    place.rotate("redis://value-of-third")
    place.copy()
    before = place.definitions()
    told = place.play("release", "-e", "release_to=current")
    after = place.definitions()
    assert without_references(after) == without_references(before)
    assert pinned(after) != pinned(before)
    assert {one["image"] for it in after.values() for one in it["containerDefinitions"]} == {
        one["image"] for it in before.values() for one in it["containerDefinitions"]
    }
    assert "secret version: " in told
    _, _, writes = place.copy("-e", "copy_releases=true")
    assert writes == {}


def test_one_run_is_one_version_and_one_release_of_each_service(place: Place) -> None:
    place.rotate("redis://value-of-fourth")
    told, _, writes = place.copy("-e", "copy_releases=true")
    labels = writes.pop("UpdateSecretVersionStage", 0)
    assert labels <= 1
    assert writes == RELEASE_OF_BOTH + Counter({"PutSecretValue": 1})
    current = place.aws.client("secretsmanager").get_secret_value(SecretId=SECRET)["VersionId"]
    assert pinned(place.definitions()) == {current}
    summary = told.partition("SUMMARY")[2]
    assert f"- Use of secret {SECRET}: bond-server-clock, bond-server-worker run with what it holds" in summary
    assert "stale" not in summary
    _, _, writes = place.copy("-e", "copy_releases=true")
    assert writes == {}


def test_a_run_with_nothing_to_do_frees_the_lock_that_a_killed_one_left(place: Place) -> None:
    parameters = place.aws.client("ssm")
    held = asdict(locks.Held(locks.owner_of("", os.environ), platform.node(), "1 0", "release", LONG_AGO, LONG_AGO))
    parameters.put_parameter(Name="/offramp/staging/bond-server/lock", Value=json.dumps(held), Type="String")
    _, _, writes = place.copy("-e", "copy_releases=true")
    assert writes == {"PutParameter": 1, "DeleteParameter": 1}  # it is reclaimed first
    _, _, writes = place.copy("-e", "copy_releases=true")
    assert writes == {}


def test_keys_that_come_and_go_are_stale_and_released(place: Place) -> None:
    config = {key: value for key, value in CONFIG.items() if key != "TEXT"} | {"NEW": "value-of-new"}
    place.heroku.set_config("bond-server", config)
    told, _, _ = place.copy()
    assert "AWS holds a stale NEW, TEXT" in told
    _, _, writes = place.copy("-e", "copy_releases=true")
    assert writes == RELEASE_OF_BOTH
    names = [[each["name"] for each in it["containerDefinitions"][0]["secrets"]] for it in place.definitions().values()]
    assert [sorted(each) for each in names] == [["APP", "NEW", "REDIS_URL"]] * 2


def test_a_dry_run_says_what_would_be_stale_and_writes_nothing(place: Place) -> None:
    place.rotate("redis://value-of-fifth")
    told, _, writes = place.copy("--check")
    assert writes == {}
    assert "AWS holds a stale REDIS_URL" in told
    assert "run playbooks/copy.yml -e copy_releases=true" in told
    told, _, writes = place.copy("--check", "-e", "copy_releases=true")
    assert writes == {}
    assert "update task definition staging-bond-server-worker" in told
    assert "update ECS service bond-server-worker" in told


def test_a_migration_leaves_the_release_to_its_own_step(place: Place) -> None:
    (step,) = [
        it
        for it in yaml.safe_load((ROOT / "playbooks" / "migrate.yml").read_text())
        if it["ansible.builtin.import_playbook"] == "copy.yml"
    ]
    assert step["vars"] == {"copy_use": False}
    place.rotate("redis://value-of-sixth")
    told, _, writes = place.copy("-e", "copy_releases=true", "-e", "copy_use=false")
    assert set(writes) <= {"PutSecretValue", "UpdateSecretVersionStage"}
    assert "stale" not in told


def test_after_the_cutover_the_warm_backup_follows_aws(place: Place) -> None:
    before = place.heroku_releases()
    place.edit(TEXT="value-of-new", ADDED="value-of-added")
    told, _, writes = place.copy("-e", "copy_direction=to_heroku", "-e", "copy_releases=true")
    assert writes == RELEASE_OF_BOTH + Counter({"PATCH /apps/{app}/config-vars": 1})
    assert place.config() == {**CONFIG, "TEXT": "value-of-new", "ADDED": "value-of-added"}
    assert place.heroku_releases() == before + 1
    assert re.search(r"TEXT: \d+ bytes, fingerprint \w+ -> changed, \d+ bytes, fingerprint \w+, the app's own", told)
    assert "3 keys follow secret staging/bond-server/config, 2 left alone (PORT: " in told
    _, _, writes = place.copy("-e", "copy_direction=to_heroku", "-e", "copy_releases=true")
    assert writes == {}
    assert place.heroku_releases() == before + 1
    _, _, writes = place.copy("-e", "copy_direction=to_aws")
    assert writes == {}, "the other direction finds both sides equal"


def test_a_direction_that_does_not_exist_is_refused(place: Place) -> None:
    told, _, writes = place.copy("-e", "copy_direction=to_mars", code=2)
    assert "copy_direction must be one of: to_aws, to_heroku" in told
    assert writes == {}
