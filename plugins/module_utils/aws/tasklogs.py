"""The last lines that a task printed, with every value of its secret blotted out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from ansible_collections.offramp.ecs.plugins.module_utils.aws import session
from ansible_collections.offramp.ecs.plugins.module_utils.aws.definitions import split_reference
from ansible_collections.offramp.ecs.plugins.module_utils.aws.fault import spoken
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import OfframpError

_SHORTEST = 6
"""Shorter values are words and numbers; blotting them out would make every line unreadable."""


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
        return blotted([event["message"] for event in answer["events"]], values)

    def _values(self, references: Sequence[Mapping[str, str]]) -> dict[str, str]:
        """Key -> value of all pinned secret versions."""
        pinned = {split_reference(each["name"], each["valueFrom"]) for each in references}
        values: dict[str, str] = {}
        for found in sorted(each for each in pinned if each):
            with spoken("the secret whose values are kept out of log lines"):
                answer = self._secrets.get_secret_value(SecretId=found[0], VersionId=found[1])
            values.update(json.loads(answer["SecretString"]))
        return values


def blotted(lines: Iterable[str], values: Mapping[str, str]) -> list[str]:
    """The lines with the name of the key wherever a value, a part of it, or a common spelling of it stood."""
    needles = {needle: key for key, value in sorted(values.items()) for needle in _needles(value)}
    if not needles:
        return list(lines)
    longest_first = sorted(needles, key=len, reverse=True)
    pattern = re.compile("|".join(re.escape(needle) for needle in longest_first))
    return [pattern.sub(lambda found: f"(value of {needles[found[0]]})", line) for line in lines]


def _needles(value: str) -> set[str]:
    """A value, its lines, the password in it where it is a URL, and these as JSON and URLs spell them."""
    parts = {value, value.strip(), *(line.strip() for line in value.splitlines())}
    parts.update(_passwords(value))
    spelled = {
        spelling
        for part in parts
        for spelling in (part, json.dumps(part)[1:-1], json.dumps(part, ensure_ascii=False)[1:-1], quote(part, safe=""))
    }
    return {each for each in spelled if len(each) >= _SHORTEST}


def _passwords(value: str) -> set[str]:
    try:
        password = urlsplit(value).password or ""
    except ValueError:
        return set()
    return {password, unquote(password)}
