"""Whether a service may get traffic: the cases in ``readiness_cases.yml``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.offramp.ecs.plugins.module_utils.aws.readiness import readiness_of

CASES: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "readiness_cases.yml").read_text())


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_service_is_judged_as_its_case_says(case: dict[str, Any]) -> None:
    rollout, desired, running = case["service"] or ("", 0, 0)
    service = {
        "desiredCount": desired,
        "runningCount": running,
        "deployments": [
            {"status": "ACTIVE", "rolloutState": "COMPLETED"},
            {"status": "PRIMARY", "rolloutState": rollout},
        ],
    }
    found = readiness_of(service if case["service"] else None, case.get("healthy", 0), case.get("at_least", 0))
    assert (found.state, found.why) == (case["state"], case.get("why", ""))
