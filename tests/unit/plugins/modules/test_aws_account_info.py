"""aws_account_info: wrong credentials, region, endpoint and account are one clear sentence each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws import session
from ansible_collections.offramp.ecs.plugins.modules import aws_account_info
from tests.unit.plugins.stack_world import StackWorld, stack_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackWorld]:
    with stack_world(tmp_path_factory.mktemp("aws")) as made:
        yield made


def asked(world: StackWorld, **params: str) -> dict[str, Any]:
    return world.run(aws_account_info, **params)


def test_the_account_is_told_by_one_read(world: StackWorld) -> None:
    with world.watched() as seen:
        found = asked(world, id="123456789012")
    assert found["account"]["id"] == "123456789012"
    assert found["account"]["region"] == "eu-west-1"
    assert seen == ["read GetCallerIdentity"]


def test_another_account_is_refused(world: StackWorld) -> None:
    found = asked(world, id="210987654321")
    assert found["msg"].startswith("The AWS credentials belong to account 123456789012, not to 210987654321.")


@pytest.mark.parametrize(
    ("region", "said"),
    [("eu-wst-1", "AWS has no region 'eu-wst-1'. Did you mean eu-west-1?"), ("mars", "AWS has no region 'mars'.")],
)
def test_a_region_that_is_none_is_said_without_a_request(world: StackWorld, region: str, said: str) -> None:
    with world.watched() as seen:
        found = asked(world, region=region)
    assert found["msg"].startswith(said)
    assert seen == []


def test_missing_credentials_are_said(world: StackWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setattr(session, "_SESSION", boto3.session.Session())  # the shared one has found credentials already
    found = asked(world)
    assert found["kind"] == "denied"
    assert found["msg"].startswith("No AWS credentials were found for region eu-west-1.")


def test_an_endpoint_where_nobody_is_is_said_soon(world: StackWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    started = time.monotonic()
    found = asked(world)
    assert found["kind"] == "unreachable"
    assert found["msg"].startswith("AWS does not answer for region eu-west-1")
    assert time.monotonic() - started < 10
