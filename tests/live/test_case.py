"""Cases are read strictly: what a file says counts, and what it cannot mean is refused in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.live.__main__ import wanted_of
from tests.live.case import CaseError, load_case, load_cases, load_states

RUN = {"command": "playbooks/release.yml", "ends": "well"}
GOOD = {"title": "A good one", "given": "moved", "runs": [RUN], "ends": {"share": 0}}


def written(folder: Path, content: object) -> Path:
    path = folder / "case.yml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def test_all_cases_and_states_can_be_read() -> None:
    cases = load_cases()
    assert {name.split("/")[0] for name in cases} <= {"release", "shift"}
    assert len({case.title for case in cases.values()}) == len(cases)
    assert load_states()


def test_a_case_is_read(tmp_path: Path) -> None:
    assert load_case(written(tmp_path, GOOD)).runs[0].words == ["playbooks/release.yml"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"expect": {}}, "mistake at expect: Extra inputs are not permitted"),
        ({"ends": {}}, "ends says nothing of the world"),
        ({"ends": {"shares": 1}}, "mistake at ends.shares"),
        ({"runs": []}, "mistake at runs"),
        ({"runs": [{**RUN, "ends": "failed"}]}, "a run that fails says why"),
        ({"runs": [{**RUN, "at": {"seconds": 1}}]}, "the first run has no moment"),
        ({"rate": 10}, "mistake at rate"),
        ({"failed": {"most": 0, "because": "it is allowed for a reason"}}, "mistake at failed.most"),
        ({"failed": {"most": 5, "because": "so"}}, "mistake at failed.because"),
        ({"meanwhile": [{"at": {"call": "X", "share": 5}, "do": {"weights": 1}}]}, "of a call or of a share"),
        ({"meanwhile": [{"at": {}, "do": {}}]}, "do is exactly one of"),
        ({"meanwhile": [{"at": {}, "do": {"weights": 1, "kill_task": "web"}}]}, "do is exactly one of"),
        ({"meanwhile": [{"at": {}, "do": {"ail": {"aws": {"error": 1}}}}]}, "do.ail.aws.error"),
    ],
)
def test_what_a_case_cannot_mean_is_refused(tmp_path: Path, change: dict[str, object], said: str) -> None:
    with pytest.raises(CaseError) as refused:
        load_case(written(tmp_path, {**GOOD, **change}))
    assert said in str(refused.value)
    assert str(refused.value).startswith("case.yml")


def test_a_case_begins_in_a_state_that_there_is(tmp_path: Path) -> None:
    folder = tmp_path / "release"
    folder.mkdir()
    written(folder, {**GOOD, "given": "nowhere"})
    with pytest.raises(CaseError, match=r"there is no state .nowhere.\. There are fresh, moved"):
        load_cases(tmp_path, ["moved"])


def test_a_state_is_made_after_one_that_there_is(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="there is no state nowhere to begin with"):
        load_states(written(tmp_path, {"late": {"after": "nowhere", "by": ["playbooks/copy.yml"]}}))


def test_cases_are_picked_by_name_and_by_kind() -> None:
    cases = load_cases()
    assert wanted_of(cases, []) == list(cases)
    assert wanted_of(cases, ["release/good"]) == ["release/good"]
    assert set(wanted_of(cases, ["release"])) == {name for name in cases if name.startswith("release/")}
    with pytest.raises(SystemExit, match="No such cases"):
        wanted_of(cases, ["release/none"])
