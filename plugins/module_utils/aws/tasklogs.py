"""The last lines that a task printed, with every value of its secrets blotted out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ansible_collections.offramp.ecs.plugins.module_utils.aws import ecs, session
from ansible_collections.offramp.ecs.plugins.module_utils.aws.definitions import Source, source_of
from ansible_collections.offramp.ecs.plugins.module_utils.aws.fault import spoken
from ansible_collections.offramp.ecs.plugins.module_utils.aws.secret_words import known_words
from ansible_collections.offramp.ecs.plugins.module_utils.engine.blot import Blotter
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Missing, OfframpError, Refused

_SERVICE = ":secretsmanager:"


class TaskLogs:
    """Reads CloudWatch Logs. Values of secrets are read to be blotted out, and never leave this class."""

    def __init__(self, region: str, door: Door) -> None:
        self._ecs = ecs.Ecs(region, door)
        self._logs = session.client("logs", region=region, door=door)
        self._secrets = session.client("secretsmanager", region=region, door=door)

    def last_lines(self, task_definition: str, task: str, most: int) -> tuple[str, ...]:
        """Up to ``most`` last lines of the first container of a task (an ARN or an id), which runs this revision; why
        there are none, where they cannot be had."""
        try:
            return self._read_lines(task_definition, ecs.name_of(task), most)
        except OfframpError as error:
            return (f"(no log lines: {error.msg})",)

    def _read_lines(self, task_definition: str, task: str, most: int) -> tuple[str, ...]:
        definition = self._ecs.definition(task_definition)
        if definition is None:
            raise Missing(f"task definition {ecs.name_of(task_definition)}, which names their log group, is gone")
        container = definition["containerDefinitions"][0]
        log = container.get("logConfiguration", {}).get("options", {})
        stream = f"{log.get('awslogs-stream-prefix', '')}/{container['name']}/{task}"
        blotters = [Blotter(values) for values in self._values(container.get("secrets", []))]
        with spoken(f"log stream {stream}"):
            answer = self._logs.get_log_events(
                logGroupName=log.get("awslogs-group", ""), logStreamName=stream, limit=most, startFromHead=False
            )
        return tuple(_blotted(event["message"], blotters) for event in answer["events"])

    def _values(self, variables: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
        """Key -> value of each secret that variables name, in whatever form; a secret that is no map has one value."""
        named = {replace(source_of(each["valueFrom"]), key=""): each["name"] for each in variables}
        return [self._read(source, name) for source, name in sorted(named.items())]

    def _read(self, source: Source, name: str) -> dict[str, str]:
        if _SERVICE not in source.arn:
            raise Refused(f"{name} has its value from {source.arn}, which cannot be kept out of them")
        asked = {"VersionId": source.version, "VersionStage": source.stage}
        with spoken("the secret whose values are kept out of log lines"), known_words():
            answer = self._secrets.get_secret_value(
                SecretId=source.arn, **{option: value for option, value in asked.items() if value}
            )
        text = answer.get("SecretString", "")
        try:
            content = json.loads(text)
        except ValueError:
            return {name: text}
        if not isinstance(content, dict):
            return {name: text}
        return {key: value if isinstance(value, str) else json.dumps(value) for key, value in content.items()}


def _blotted(line: str, blotters: Sequence[Blotter]) -> str:
    for blotter in blotters:
        line = blotter.blot(line)
    return line
