"""cfn-lint stands in front of stacks: errors refuse, warnings do not, and each template is judged once."""

from typing import Any

import pytest

from rehearsal.aws.cloudformation import lint
from tests.unit.rehearsal.aws.refusals import refused

WRONG = "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n    Properties:\n      TopicNam: !Ref Nothing\n"


@pytest.mark.parametrize("operation", ["create_stack", "create_change_set", "validate_template"])
def test_a_template_with_mistakes_is_refused(client: Any, operation: str) -> None:
    parameters = {
        "create_stack": {"StackName": "wrong"},
        "create_change_set": {"StackName": "wrong", "ChangeSetName": "x", "ChangeSetType": "CREATE"},
    }.get(operation, {})
    code, message, status = refused(getattr(client("cloudformation"), operation), TemplateBody=WRONG, **parameters)
    assert (code, status) == ("ValidationError", 400)
    assert "'TopicNam' was unexpected" in message
    assert "line 5" in message
    assert client("cloudformation").describe_stacks()["Stacks"] == []


def test_a_template_is_judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    judged = lint.mistakes(WRONG, "eu-west-1")
    assert {each.rule for each in judged} == {"E3002"}
    monkeypatch.setattr(lint.subprocess, "run", lambda *_, **__: pytest.fail("it was judged before"))
    assert lint.mistakes(WRONG, "eu-west-1") == judged


def test_a_linter_that_fails_is_no_judgement(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(lint, "CACHE", tmp_path)
    monkeypatch.setattr(lint, "_RUN", "raise SystemExit('broken')")
    with pytest.raises(RuntimeError, match="cfn-lint ended with 1: broken"):
        lint.mistakes(WRONG, "eu-west-1")
    assert not list(tmp_path.glob("*.json"))
