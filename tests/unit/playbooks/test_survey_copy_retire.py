"""The playbooks around the Heroku side, run as a user runs them against stand-ins of all three vendors."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.attack import sentences
from rehearsal.requestlog import read_log
from rehearsal.seed import Seed
from tests.unit.plugins.cloudflare_world import CloudflareWorld
from tests.unit.plugins.heroku_world import HerokuWorld, heroku_world
from tests.unit.rehearsal.heroku.stage import SEED

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
CONFIG = {
    "APP": "bond-server",
    "TEXT": "value-of\n\"text\" {{ not_a_template }} 'õ'",
    "REDIS_URL": "value-of-redis",
    "PORT": "value-of-port",
    "HEROKU_APP_NAME": "value-of-name",
}
SHARED = {
    "ansible_connection": "local",
    "offramp_stage": "staging",
    "offramp_region": "eu-west-1",
    "offramp_zone": "bond.example",
    "offramp_app": "bond-server",
    "offramp_heroku_app": "bond-server",
    "offramp_hostname": "api.bond.example",
    "provision_certificate_arn": "arn:aws:acm:eu-west-1:123456789012:certificate/none",
    "release_processes": {"web": {"port": 8080, "cpu": 256, "memory": 512}},
    "retire_every": 0.05,
    "shift_heroku_every": 0.05,
}

WORLD = Seed.model_validate({"heroku": {**SEED.model_dump()["heroku"], "too-large": {"config": {}, "formation": {}}}})


RETIRED = ["PATCH /accounts/{account}/load_balancers/pools/{id}", "PATCH /apps/{app}/formation"]
ROLLED_BACK = [
    "PATCH /accounts/{account}/load_balancers/pools/{id}",
    "PATCH /zones/{zone}/load_balancers/{id}",
]


class Place:
    """Three vendors, and ansible-playbook in their midst."""

    def __init__(self, heroku: HerokuWorld, cloudflare: CloudflareWorld, directory: Path) -> None:
        self.heroku, self.cloudflare = heroku, cloudflare
        self._inventory = directory / "inventory.json"
        groups = {"stages": {"hosts": {"staging": {}}}, "apps": {"hosts": {"bond-server": {}}}}
        self._inventory.write_text(json.dumps({"all": {"vars": SHARED, "children": groups}}), encoding="utf-8")

    def play(self, playbook: str, *options: str, **environment: str) -> tuple[int, str]:
        """(exit code, what a person sees)."""
        command = [BIN / "ansible-playbook", f"playbooks/{playbook}.yml", "-i", self._inventory, "--diff", *options]
        given = {**os.environ, **self.cloudflare.environment(), "ANSIBLE_FORCE_COLOR": "0", **environment}
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=given)
        assert "Traceback" not in done.stdout + done.stderr
        return done.returncode, done.stdout + done.stderr

    def writes(self) -> list[str]:
        """Every write of our modules so far, at all vendors."""
        logs = [self.heroku.stage.log, self.cloudflare.log]
        ours = [entry for log in logs for entry in read_log(log.path) if entry.caller.startswith("offramp.ecs/")]
        entries = [*ours, *self.heroku.aws.requests()]
        return [entry.operation for entry in entries if entry.kind == "write"]

    def send_traffic(self, share: int) -> None:
        """Let Cloudflare's balancer give this share to AWS."""
        old, new = (self.cloudflare.pool(f"staging-bond-server-{side}") for side in ("heroku", "aws"))
        weights = {old["id"]: (100 - share) / 100, new["id"]: share / 100}
        self.cloudflare.balancer(old, new, random_steering={"default_weight": 0, "pool_weights": weights})


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    (tmp_path / "cloudflare").mkdir()
    with heroku_world(tmp_path, WORLD) as heroku:
        heroku.set_config("bond-server", CONFIG)
        heroku.set_config("too-large", {"BIG": "x" * 70_000})
        cloudflare = CloudflareWorld(tmp_path / "cloudflare")
        yield Place(heroku, cloudflare, tmp_path)
        cloudflare.stop()


def failure(told: str) -> str:
    """The sentence of the summary."""
    (sentence,) = sentences(told)
    return str(sentence)


def secret(place: Place) -> Any:
    api = place.heroku.aws.client("secretsmanager")
    return json.loads(api.get_secret_value(SecretId="staging/bond-server/config")["SecretString"])


def test_copy_is_planned_done_and_then_left_alone_without_a_word_about_values(place: Place) -> None:
    code, dry = place.play("copy", "--check", "-vvv")
    assert code == 0, dry
    assert place.writes() == []
    code, real = place.play("copy", "-vvv")
    assert code == 0, real
    assert place.writes() == ["CreateSecret", "PutSecretValue"]
    assert secret(place) == {key: CONFIG[key] for key in ("APP", "TEXT", "REDIS_URL")}
    code, again = place.play("copy")
    assert re.search(r"bond-server .* changed=0 ", again)
    assert place.writes() == ["CreateSecret", "PutSecretValue"]
    for told in (dry, real, again):
        assert "value-of" not in told
        state = "to copy" if told is dry else "copied"
        assert f"3 keys {state}, 2 refused (HEROKU_APP_NAME: set by the platform; PORT: set by the platform)" in told
    for told in (dry, real):
        assert re.search(r"TEXT: added, \d+ bytes, fingerprint [0-9a-f]{12}, the app's own \(rule own\)", told)


@pytest.mark.parametrize(
    ("options", "environment", "said"),
    [
        (["-e", "offramp_heroku_app=bond-servr"], {}, "Heroku has no app bond-servr (404: "),
        ([], {"HEROKU_API_KEY": "00000000-0000-0000-0000-000000000000"}, "Heroku does not accept the token (401"),
        (["-e", "offramp_zone=bnd.example"], {}, "Cloudflare has no zone bnd.example"),
        (["-e", "offramp_secret=production/bond-server"], {}, "ends in '-' and six characters"),
        (["-e", "offramp_heroku_app=too-large"], {}, "a secret holds at most 65536. The largest values, in bytes: BIG"),
        ([], {}, "certificate"),
    ],
)
def test_a_survey_says_what_is_wrong_before_anything_is_written(
    place: Place, options: list[str], environment: dict[str, str], said: str
) -> None:
    code, told = place.play("survey", *options, **environment)
    assert code != 0
    assert said in failure(told)
    assert place.writes() == []


def test_heroku_stops_only_without_traffic(place: Place) -> None:
    place.send_traffic(99)
    code, told = place.play("retire")
    assert code != 0
    assert "it still gets 1 % of api.bond.example's traffic" in failure(told)
    assert place.writes() == []


def test_heroku_stops_once_all_traffic_is_on_aws(place: Place) -> None:
    place.send_traffic(100)
    code, dry = place.play("retire", "--check")
    assert code == 0
    assert "web: 2 -> 0" in dry
    assert place.writes() == []
    code, told = place.play("retire")
    assert code == 0, told
    assert sorted(place.writes()) == [*RETIRED]
    assert "Formation of Heroku app bond-server: web x0, worker x0" in told
    code, again = place.play("retire")
    assert re.search(r"bond-server .* changed=0 ", again)
    assert sorted(place.writes()) == [*RETIRED]


def test_the_way_back_makes_a_retired_app_as_big_as_it_was_before_any_traffic_moves(place: Place) -> None:
    place.send_traffic(100)
    assert place.play("retire")[0] == 0
    written = place.writes()
    code, told = place.play("rollback", HEROKU_API_KEY="")
    assert code != 0
    assert "Heroku app bond-server had 2 web dynos before it was retired and cannot be made so big" in failure(told)
    assert "-e rollback_force=true" in failure(told)
    assert place.writes() == written
    code, told = place.play("rollback", "-e", "shift_heroku_within=0.2")
    assert code != 0
    assert "0 of 2 web dynos up" in failure(told)
    assert len(place.writes()) == len(RETIRED) + 1
    place.heroku.stage.listen()
    code, told = place.play("rollback")
    assert code == 0, told
    assert "Readiness of Heroku app bond-server: 2 of 2 web dynos up" in told
    assert sorted(place.writes()) == sorted([*RETIRED, *ROLLED_BACK, RETIRED[1]])


def test_the_way_back_by_a_person_s_word_needs_nothing_but_cloudflare(place: Place) -> None:
    place.send_traffic(50)
    nowhere = {"HEROKU_API_KEY": "", "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": ""}
    code, told = place.play("rollback", "-e", "rollback_force=true", **nowhere)
    assert code == 0, told
    assert place.writes() == ROLLED_BACK
    assert "not looked at, by rollback_force" in told
