"""AWS clients ask the door; a change set is a look, unless it makes a new stack."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws import session
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door, Kind
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import DoorShut


@pytest.mark.parametrize(
    ("operation", "arguments", "kind"),
    [
        ("DescribeStacks", {}, "read"),
        ("GetTemplate", {}, "read"),
        ("DetectStackDrift", {}, "read"),
        ("ExecuteChangeSet", {}, "write"),
        ("DeleteStack", {}, "write"),
        ("CreateChangeSet", {"ChangeSetType": "UPDATE"}, "preview"),
        ("CreateChangeSet", {}, "preview"),
        ("CreateChangeSet", {"ChangeSetType": "CREATE"}, "write"),
        ("CreateChangeSet", {"ChangeSetType": "IMPORT"}, "write"),
        ("DeleteChangeSet", {}, "preview"),
    ],
)
def test_the_class_of_a_call(operation: str, arguments: dict[str, Any], kind: Kind) -> None:
    assert session.kind_of(operation, arguments) == kind


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")


@pytest.mark.usefixtures("credentials")
def test_a_shut_door_holds_back_the_change_set_that_makes_a_stack() -> None:
    door = Door(shut=True, ordered_by="offramp.ecs/test")
    client = session.client("cloudformation", region="eu-west-1", door=door, tries=1)
    with pytest.raises(DoorShut, match="CreateChangeSet"):
        client.create_change_set(StackName="a", ChangeSetName="b", ChangeSetType="CREATE", TemplateBody="x")
    assert not door.passed


@pytest.mark.usefixtures("credentials")
def test_a_shut_door_lets_a_look_out_and_counts_it_apart() -> None:
    door = Door(shut=True, ordered_by="offramp.ecs/test")
    client = session.client("cloudformation", region="eu-west-1", door=door, tries=1)
    with pytest.raises(Exception, match="Could not connect"):
        client.create_change_set(StackName="a", ChangeSetName="b", ChangeSetType="UPDATE", TemplateBody="x")
    assert door.passed == {"preview": 1}


def test_regions_are_those_of_all_partitions_and_no_others() -> None:
    regions = session.regions()
    assert {"eu-west-1", "us-gov-west-1", "cn-north-1"} <= set(regions)
    assert "aws-global" not in regions
