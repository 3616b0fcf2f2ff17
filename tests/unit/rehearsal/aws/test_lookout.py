"""What looks again and again goes on after a look that failed."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest

from rehearsal.aws import schedules


def test_a_look_that_fails_is_logged_and_not_the_last(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    looks, looked_again = [], threading.Event()

    def everywhere() -> list[Any]:
        looks.append("one more")
        if len(looks) == 1:
            raise RuntimeError("nobody thought of this")
        looked_again.set()
        return []

    monkeypatch.setattr(schedules.schedules, "everywhere", everywhere)
    made = schedules.Clock(lambda *_request: None)
    with caplog.at_level(logging.ERROR):
        made.start()
        assert looked_again.wait(10)
        made.stop()
    assert "schedules could not look" in caplog.text
