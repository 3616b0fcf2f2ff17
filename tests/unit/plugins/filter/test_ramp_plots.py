from __future__ import annotations

import json

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.offramp.ecs.plugins.filter.ramp_plots import FilterModule
from tests.unit.plugins.plugin_utils.test_ramp_plot import LEDGER

ramp_plots = FilterModule().filters()["ramp_plots"]


def test_each_ramp_of_a_ledger_is_drawn() -> None:
    (plot,) = ramp_plots("\n".join(json.dumps(line) for line in LEDGER) + "\n")
    assert plot["host"] == "bond"
    assert plot["svg"].startswith("<svg ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "tells of no ramp"),
        ('{"host": "a", "entry": "change"}', "tells of no ramp"),
        ("no JSON", "is no ledger"),
        ("[1]", "is no ledger"),
        ('{"host": "a", "entry": "window"}', "is no ledger"),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(text: str, said: str) -> None:
    with pytest.raises(AnsibleFilterError, match=said):
        ramp_plots(text)
