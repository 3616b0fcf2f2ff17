"""The world and the inventory of many apps are about the same apps, and are such as their readers take."""

import json
from pathlib import Path

import pytest
import yaml

from rehearsal.seed import load_seed
from tests.bench.many import CONFIG_VARS, write_inventory, write_seed


@pytest.mark.parametrize("apps", [1, 50])
def test_every_host_is_an_app_at_heroku_with_an_image_and_a_name(apps: int, tmp_path: Path) -> None:
    seed = load_seed(write_seed(apps, tmp_path / "seed.yml"))
    groups = yaml.safe_load(write_inventory(apps, tmp_path / "hosts.yml").read_text())["all"]["children"]
    hosts = set(groups["apps"]["hosts"])
    assert len(hosts) == apps
    assert hosts == set(seed.heroku) == set(seed.aws.images)
    assert {record.name for record in seed.cloudflare.zones["bond.example"].dns} == {
        f"{host}.bond.example" for host in hosts
    }


def test_no_app_has_a_process_to_run(tmp_path: Path) -> None:
    seed = load_seed(write_seed(3, tmp_path / "seed.yml"))
    assert seed.visitors is None
    assert {form.quantity for app in seed.heroku.values() for form in app.formation.values()} == {0}
    assert {len(app.config) for app in seed.heroku.values()} == {CONFIG_VARS}
    inventory = json.loads(write_inventory(3, tmp_path / "hosts.yml").read_text())
    processes = inventory["all"]["children"]["apps"]["vars"]["release_processes"]
    assert {process["desired"] for process in processes.values()} == {0}
