"""What a stage knows of the calls so far."""

from __future__ import annotations

from pathlib import Path

from rehearsal.requestlog import Entry, RequestLog
from tests.live.stage import Tail


def test_calls_of_the_collection_are_counted_from_now_on(tmp_path: Path) -> None:
    log = RequestLog(tmp_path / "requests.jsonl")

    def called(operation: str, caller: str = "offramp.ecs/ecs_service") -> None:
        log.record(Entry(0.0, "aws", operation, "write", "web", caller, 200, 0.1))

    called("UpdateService")
    tail = Tail(log.path)
    assert tail.made("UpdateService") == 0
    called("UpdateService")
    called("UpdateService", caller="Boto3/1.43")
    called("CreateService")
    assert (tail.made("UpdateService"), tail.made("CreateService")) == (1, 1)
    with log.path.open("a") as file:
        file.write('{"at": ')
    assert tail.made("UpdateService") == 1, "a line that is half written counts when it is whole"
