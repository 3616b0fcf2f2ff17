"""The last lines that a task printed, with every value of its secret blotted out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws import session
from ansible_collections.offramp.ecs.plugins.module_utils.aws.definitions import split_reference
from ansible_collections.offramp.ecs.plugins.module_utils.aws.fault import spoken
from ansible_collections.offramp.ecs.plugins.module_utils.aws.secret_words import known_words
from ansible_collections.offramp.ecs.plugins.module_utils.engine.blot import Blotter
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import OfframpError


class TaskLogs:
    """Reads CloudWatch Logs. Values of secrets are read to be blotted out, and never leave this class."""

    def __init__(self, region: str, door: Door) -> None:
        self._logs = session.client("logs", region=region, door=door)
        self._secrets = session.client("secretsmanager", region=region, door=door)

    def last_lines(self, definition: Mapping[str, Any], task: str, most: int) -> list[str]:
        """Up to ``most`` last lines of a task's first container; why there are none, where they cannot be had."""
        container = definition["containerDefinitions"][0]
        log = container.get("logConfiguration", {}).get("options", {})
        stream = f"{log.get('awslogs-stream-prefix', '')}/{container['name']}/{task}"
        try:
            values = self._values(container.get("secrets", []))
            with spoken(f"log stream {stream}"):
                answer = self._logs.get_log_events(
                    logGroupName=log.get("awslogs-group", ""), logStreamName=stream, limit=most, startFromHead=False
                )
        except OfframpError as error:
            return [f"(no log lines: {error.msg})"]
        blotter = Blotter(values)
        return [blotter.blot(event["message"]) for event in answer["events"]]

    def _values(self, references: Sequence[Mapping[str, str]]) -> dict[str, str]:
        """Key -> value of all pinned secret versions."""
        pinned = {split_reference(each["name"], each["valueFrom"]) for each in references}
        values: dict[str, str] = {}
        for found in sorted(each for each in pinned if each):
            with spoken("the secret whose values are kept out of log lines"), known_words():
                answer = self._secrets.get_secret_value(SecretId=found[0], VersionId=found[1])
            values.update(json.loads(answer["SecretString"]))
        return values
