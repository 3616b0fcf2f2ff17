"""Orders to a running world, through its home folder."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.control import Control, ControlError, ask
from rehearsal.home import CONTROL


def obey(order: dict[str, Any]) -> Any:
    if "trouble" in order:
        raise TimeoutError("the stack did not end")
    return order


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    control = Control(tmp_path, obey)
    yield tmp_path
    control.stop()


def test_an_order_is_answered(home: Path) -> None:
    assert ask(home, state=True) == {"state": True}


def test_a_mistake_is_a_sentence(home: Path) -> None:
    with pytest.raises(ControlError, match="TimeoutError: the stack did not end"):
        ask(home, trouble=1)


def test_only_who_may_read_the_home_is_obeyed(home: Path) -> None:
    assert stat.S_IMODE((home / CONTROL).stat().st_mode) == 0o600
    place = json.loads((home / CONTROL).read_text())
    (home / CONTROL).write_text(json.dumps({**place, "token": "guess"}))
    with pytest.raises(ControlError, match="token"):
        ask(home, state=True)


def test_where_no_world_runs_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="No world runs in"):
        ask(tmp_path, state=True)
    Control(tmp_path, obey).stop()
    with pytest.raises(ControlError, match="No world runs in"):
        ask(tmp_path, state=True)
