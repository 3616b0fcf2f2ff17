"""cfn-lint's judgement of a template, remembered on disk.

cfn-lint is loaded into a process of its own: it takes seconds of CPU and a hundred megabytes, and neither shall slow
the world's APIs. A judgement depends on the template, the region and cfn-lint's version alone, so each template costs
that once on a machine.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version

from rehearsal.children import REPOSITORY, plain_environment

CACHE = REPOSITORY / ".cache" / "cfn-lint"
_WITHIN = 120.0
_JUDGED = range(0, 15, 2)
"""Exit codes of cfn-lint that are sums of errors (2), warnings (4) and remarks (8); others are its own failures."""
_RUN = "import sys; from cfnlint.runner import main; sys.exit(main())"


@dataclass(frozen=True)
class Mistake:
    """An error in a template: AWS would refuse it, or fail the stack."""

    rule: str
    message: str
    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.message} ({self.rule} at {self.path or 'the template'}, line {self.line})"


def mistakes(template: str, region: str) -> list[Mistake]:
    """The errors (not the warnings) that cfn-lint finds.

    Raises:
        RuntimeError: cfn-lint did not run to its end.
    """
    what = "\n".join((version("cfn-lint"), region, template))
    remembered = CACHE / f"{hashlib.sha256(what.encode()).hexdigest()}.json"
    if not remembered.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        fresh = remembered.with_suffix(f".{id(template)}")
        fresh.write_text(json.dumps(_lint(template, region)), encoding="utf-8")
        fresh.replace(remembered)
    return [Mistake(*found) for found in json.loads(remembered.read_text(encoding="utf-8"))]


def _lint(template: str, region: str) -> list[tuple[str, str, str, int]]:
    command = [sys.executable, "-c", _RUN, "--format", "json", "--regions", region, "--ignore-checks", "W", "I"]
    ran = subprocess.run(
        command,
        input=template,
        capture_output=True,
        text=True,
        timeout=_WITHIN,
        cwd=CACHE,  # where no .cfnlintrc is
        env=plain_environment(),
        check=False,
    )
    if ran.returncode not in _JUDGED:
        raise RuntimeError(f"cfn-lint ended with {ran.returncode}: {ran.stderr.strip() or ran.stdout.strip()}")
    return [
        (
            found["Rule"]["Id"],
            found["Message"],
            "/".join(str(part) for part in found["Location"].get("Path") or []),
            found["Location"]["Start"]["LineNumber"],
        )
        for found in json.loads(ran.stdout)
        if found["Level"] == "Error"
    ]
