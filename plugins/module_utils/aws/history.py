"""The releases of services as ECS remembers them, as rows and as a table. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import definitions, releases
from ansible_collections.offramp.ecs.plugins.module_utils.aws.ecs import name_of

Json = Mapping[str, Any]

_VERDICTS = {
    "SUCCESSFUL": "completed",
    "ROLLBACK_SUCCESSFUL": "rolled back",
    "ROLLBACK_FAILED": "failed",
    "STOPPED": "stopped",
    "PENDING": "going",
    "IN_PROGRESS": "going",
}
"""ECS's status of a service deployment
(https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html); all others are ways back."""
_GOING_BACK = "going back"
_DIGEST = 12
_COLUMNS = ("when", "service", "revision", "image", "secret", "by", "verdict")


@dataclass(frozen=True)
class Row:
    """One roll-out of a service.

    Attributes:
        when: its begin.
        seconds: how long it took; None while it goes on.
        revision: the task definition's ("family:7"); "" where ECS keeps it no more, as the four after it.
        image_tag: by which the image was asked for; "" where nobody said.
        digest: the image's.
        secret_version: the version that it pins; "" for none.
        by: who registered it.
        verdict: what became of it.
        reason: in ECS's words.
        serves: whether the service stands at it.
    """

    when: datetime
    service: str
    seconds: Optional[float]
    revision: str
    image_tag: str
    digest: str
    secret_version: str
    by: str
    verdict: str
    reason: str
    serves: bool

    def told(self) -> dict[str, Any]:
        """As plain values."""
        return {**self.__dict__, "when": f"{self.when:%Y-%m-%dT%H:%M:%SZ}"}


def row_of(service: str, record: Json, definition: Optional[Json], serves: bool) -> Row:
    """One record of a service deployment, with the task definition that it went to."""
    end = record.get("finishedAt")
    container: Json = definition["containerDefinitions"][0] if definition else {}
    pinned = (definitions.split_reference(each["name"], each["valueFrom"]) for each in container.get("secrets", []))
    tags = releases.tags_in(definition or {})
    return Row(
        when=record["createdAt"].astimezone(timezone.utc),
        service=service,
        seconds=(end - record["createdAt"]).total_seconds() if end else None,
        revision=name_of(definition["taskDefinitionArn"]) if definition else "",
        image_tag=tags.get(releases.IMAGE_TAG, ""),
        digest=container.get("image", "").partition("@")[2],
        secret_version=next((each[1] for each in pinned if each), ""),
        by=tags.get(releases.BY, ""),
        verdict=_VERDICTS.get(record["status"], _GOING_BACK),
        reason=record.get("statusReason") or "",
        serves=serves,
    )


def table(rows: Sequence[Row]) -> list[str]:
    """Lines of equal columns, with a heading; what serves is marked."""
    cells = [_COLUMNS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_COLUMNS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in cells]


def _cells(row: Row) -> tuple[str, ...]:
    short = row.digest.rpartition(":")[2][:_DIGEST]
    verdict = f"{row.verdict}{', serves' if row.serves else ''}{f' ({row.reason})' if row.reason else ''}"
    return (
        f"{row.when:%Y-%m-%d %H:%M:%S}",
        row.service,
        row.revision or "(deleted)",
        " ".join(part for part in (row.image_tag, short) if part) or "-",
        row.secret_version[:_DIGEST] or "-",
        row.by or "-",
        verdict,
    )
