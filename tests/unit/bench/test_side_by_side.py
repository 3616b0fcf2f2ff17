"""The seed of the benchmark beside stock modules: the rehearsal's own, and a certificate."""

from __future__ import annotations

from pathlib import Path

import yaml

from rehearsal.running import SEED
from tests.bench.side_by_side import _certified


def test_the_seed_holds_the_rehearsals_values_and_a_certificate(tmp_path: Path) -> None:
    ours = yaml.safe_load(SEED.read_text(encoding="utf-8"))
    written = yaml.safe_load(_certified(tmp_path / "seed.yml").read_text(encoding="utf-8"))
    assert written["aws"].pop("certificates") == [ours["visitors"]["host"]]
    assert written == {**ours, "aws": {key: each for key, each in ours["aws"].items() if key != "certificates"}}
