"""Log lines of a task, without the values of whatever secrets its variables name."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from ansible_collections.offramp.ecs.plugins.module_utils.aws.tasklogs import TaskLogs
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door

OURS = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:bond/config-AbCdEf"
THEIRS = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:memorydb-GhIjKl"
VERSION = "v" * 32
REVISION = "arn:aws:ecs:eu-west-1:123456789012:task-definition/bond-web:7"


def lines(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], secrets: list[Any], printed: str
) -> tuple[str, ...]:
    """What is shown of a line; ``secrets`` are the requests and texts in the order of the reads."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")
    api = TaskLogs("eu-west-1", Door(shut=False, ordered_by="offramp.ecs/test"))
    container = {
        "name": "web",
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {"awslogs-group": "/bond", "awslogs-stream-prefix": "web"},
        },
        "secrets": [{"name": name, "valueFrom": source} for name, source in variables.items()],
    }
    with Stubber(api._ecs._client) as tasks, Stubber(api._secrets) as stub, Stubber(api._logs) as logs:
        described = {"taskDefinition": {"containerDefinitions": [container]}}
        tasks.add_response("describe_task_definition", described, {"taskDefinition": REVISION, "include": ["TAGS"]})
        for asked, text in secrets:
            stub.add_response("get_secret_value", {"SecretString": text}, asked)
        logs.add_response("get_log_events", {"events": [{"message": printed}]}, dict.fromkeys(LOG_REQUEST, ANY))
        return api.last_lines(REVISION, "0a1b", 20)


LOG_REQUEST = ("logGroupName", "logStreamName", "limit", "startFromHead")


@pytest.mark.parametrize(
    ("variables", "secrets"),
    [
        (
            {"PASSWORD": f"{OURS}:PASSWORD::{VERSION}"},
            [({"SecretId": OURS, "VersionId": VERSION}, json.dumps({"PASSWORD": "hunter2-is-no-word"}))],
        ),
        (
            {"ALIAS": f"{OURS}:PASSWORD::{VERSION}"},
            [({"SecretId": OURS, "VersionId": VERSION}, json.dumps({"PASSWORD": "hunter2-is-no-word"}))],
        ),
        (
            {"PASSWORD": f"{THEIRS}:PASSWORD:AWSPREVIOUS:"},
            [({"SecretId": THEIRS, "VersionStage": "AWSPREVIOUS"}, json.dumps({"PASSWORD": "hunter2-is-no-word"}))],
        ),
        ({"WHOLE": THEIRS}, [({"SecretId": THEIRS}, "hunter2-is-no-word")]),
        ({"LIST": THEIRS}, [({"SecretId": THEIRS}, "[1]hunter2-is-no-word")]),
    ],
)
def test_values_are_kept_out_in_whatever_form_they_are_named(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], secrets: list[Any]
) -> None:
    (line,) = lines(monkeypatch, variables, secrets, "cannot log in with hunter2-is-no-word!")
    assert "hunter2" not in line
    assert line.startswith("cannot log in with (value of ")


def test_two_secrets_with_a_key_of_one_name_are_both_kept_out(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {"PASSWORD": f"{OURS}:PASSWORD::{VERSION}", "THEIRS": f"{THEIRS}:PASSWORD::"}
    secrets = [
        ({"SecretId": OURS, "VersionId": VERSION}, json.dumps({"PASSWORD": "hunter2-is-no-word"})),
        ({"SecretId": THEIRS}, json.dumps({"PASSWORD": "correct-horse-battery"})),
    ]
    (line,) = lines(monkeypatch, variables, secrets, "hunter2-is-no-word or correct-horse-battery?")
    assert line == "(value of PASSWORD) or (value of PASSWORD)?"


def test_no_line_is_shown_where_a_value_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = lines(monkeypatch, {"A": "arn:aws:ssm:eu-west-1:123456789012:parameter/a"}, [], "the value")
    assert line.startswith("(no log lines: A has its value from arn:aws:ssm:")


def test_a_revision_that_is_gone_is_told_in_place_of_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")
    api = TaskLogs("eu-west-1", Door(shut=False, ordered_by="offramp.ecs/test"))
    with Stubber(api._ecs._client) as tasks:
        tasks.add_client_error("describe_task_definition", "ClientException", "Unable to describe task definition.")
        (line,) = api.last_lines(REVISION, "0a1b", 20)
    assert line == "(no log lines: task definition bond-web:7, which names their log group, is gone)"
