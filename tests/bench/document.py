"""docs/benchmarks.md: one section for each part, each with the circumstances in which it was measured."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.measure import ROOT

DOCUMENT = ROOT / "docs" / "benchmarks.md"
HEAD = """# Benchmarks

Written by `make bench` (`python -m tests.bench`; `--only PART` measures one part again and leaves the others). Each
part runs in rehearsal worlds of its own, on the machine that also plays the vendors and the visitors: ratios say more
than seconds. CPU is that of the command and its children.
"""
_SECTION = re.compile(r"^<!-- part (\w+) -->\n", re.MULTILINE)


def write(section: str, name: str, order: Sequence[str], document: Path = DOCUMENT, head: str = HEAD) -> None:
    """Put a part's section into the document, and leave those of the other parts as they are."""
    sections = {**_sections(document.read_text() if document.exists() else ""), name: section.strip() + "\n"}
    parts = [f"<!-- part {part} -->\n{sections[part]}" for part in order if part in sections]
    document.write_text("\n".join([head, *parts]))


def _sections(text: str) -> dict[str, str]:
    _, *found = _SECTION.split(text)
    return {name: body.strip() + "\n" for name, body in zip(found[::2], found[1::2], strict=True)}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table as Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def circumstances(rounds: int, load: float) -> str:
    """When, on what and how often; ``load`` is the machine's when the part began."""
    return _circumstances(f"medians of {rounds} runs in turn; ", load)


def circumstances_of_one(load: float) -> str:
    """The same for what was measured once."""
    return _circumstances("", load)


def _circumstances(how: str, load: float) -> str:
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.system()} on {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, bytecode compiled; {how}load {load:.1f} at the beginning, "
        f"{os.getloadavg()[0]:.1f} at the end."
    )


def ratio(one: float, other: float) -> str:
    """How many times one is the other."""
    return f"{one / other:.1f}" if other else ""
