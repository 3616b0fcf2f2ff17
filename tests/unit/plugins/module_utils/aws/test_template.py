"""Templates as data: reading, parameters, conditions, differences, and which outputs an update cannot change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws import template
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown

RESOURCE = "Resources: {Topic: {Type: AWS::SNS::Topic}}"


def test_short_forms_mean_the_long_ones() -> None:
    short = template.parse("Resources: {A: {P: [!Ref X, !GetAtt A.B.C, !Sub '${X}', !If [C, 1, 2], !Condition C]}}")
    long = (
        "Resources: {A: {P: [{Ref: X}, {'Fn::GetAtt': [A, B.C]}, {'Fn::Sub': '${X}'}, {'Fn::If': [C, 1, 2]}, "
        "{Condition: C}]}}"
    )
    assert short.body == template.parse(long).body


def test_a_date_is_text() -> None:
    parsed = template.parse("Resources: {A: {Version: 2012-10-17}}")
    assert parsed.body["Resources"]["A"]["Version"] == "2012-10-17"


def test_boto3_gives_a_json_template_as_a_mapping() -> None:
    as_json = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    assert template.parse(as_json).means_the_same(template.parse(RESOURCE))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Resources: [", "is not YAML"),
        ("Parameters: {}", "has no Resources"),
        (f"# caf\u00e9\n{RESOURCE}", "beyond ASCII in line 1"),
        (f"# {'x' * 51_200}\n{RESOURCE}", "CloudFormation takes 51200"),
    ],
)
def test_what_cloudformation_would_not_take_is_said_with_the_file(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        template.read(str(path))
    assert str(path) in refused.value.msg
    assert said in refused.value.msg


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        template.read(str(tmp_path / "none.yaml"))


PARAMETERS = template.parse(f"""
Parameters:
  Name: {{Type: String, AllowedPattern: "[a-z]+", ConstraintDescription: must be lower-case letters}}
  Size: {{Type: Number, Default: 2, MinValue: 1, MaxValue: 4}}
  Mode: {{Type: String, Default: "false", AllowedValues: ["true", "false"]}}
  Zones: {{Type: CommaDelimitedList, Default: ""}}
  Note: {{Type: String, Default: "", MaxLength: 3}}
{RESOURCE}
""")


def test_parameters_are_text_and_the_rest_are_defaults() -> None:
    values = template.parameters_of(PARAMETERS, {"Name": "a", "Mode": True, "Zones": ["x", "y"]}, "t")
    assert values == {"Name": "a", "Size": "2", "Mode": "true", "Zones": "x,y", "Note": ""}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "needs a value for its parameter Name"),
        ({"Name": "a", "Nmae": "b"}, "has no parameter Nmae"),
        ({"Name": "A"}, "must be lower-case letters"),
        ({"Name": "a", "Size": 5}, "must be from 1 to 4"),
        ({"Name": "a", "Size": "x"}, "must be a number"),
        ({"Name": "a", "Mode": "maybe"}, "must be one of true, false"),
        ({"Name": "a", "Note": "long"}, "must have 0 to 3 characters"),
    ],
)
def test_parameters_outside_the_rules_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput) as refused:
        template.parameters_of(PARAMETERS, given, "t")
    assert said in refused.value.msg


def test_an_unknown_value_breaks_no_rule() -> None:
    unknown = Unknown("Name of stack bond", "playbooks/provision.yml")
    assert template.parameters_of(PARAMETERS, {"Name": unknown}, "t")["Name"] == unknown


CONDITIONS = template.parse("""
Parameters: {A: {Type: String}, B: {Type: String}}
Conditions:
  IsA: !Equals [!Ref A, "yes"]
  NotA: !Not [!Condition IsA]
  Both: !And [!Condition IsA, !Equals [!Ref B, "yes"]]
  Either: !Or [!Condition IsA, !Equals [!Ref B, "yes"]]
  Elsewhere: !Equals [!Ref "AWS::Region", nowhere]
Resources:
  Always: {Type: T}
  IfA: {Type: T, Condition: IsA}
  IfNotA: {Type: T, Condition: NotA}
  IfBoth: {Type: T, Condition: Both}
  IfEither: {Type: T, Condition: Either}
Outputs:
  OfA: {Value: 1, Condition: IsA}
  OfAll: {Value: 1}
""")


@pytest.mark.parametrize(
    ("a", "b", "made"),
    [
        ("yes", "yes", ["Always", "IfA", "IfBoth", "IfEither"]),
        ("yes", "no", ["Always", "IfA", "IfEither"]),
        ("no", "yes", ["Always", "IfNotA", "IfEither"]),
        ("no", "no", ["Always", "IfNotA"]),
    ],
)
def test_conditions_say_what_is_made(a: str, b: str, made: list[str]) -> None:
    assert list(CONDITIONS.resources({"A": a, "B": b})) == made
    assert CONDITIONS.outputs({"A": a, "B": b}) == (["OfA", "OfAll"] if a == "yes" else ["OfAll"])


def test_differences_are_the_leaves_that_differ() -> None:
    before = {"same": 1, "deep": {"same": 1, "other": [1]}, "gone": {"x": 1}}
    after = {"same": 1, "deep": {"same": 1, "other": [2]}, "new": 3}
    assert template.differences(before, after) == (
        {"deep": {"other": [1]}, "gone": {"x": 1}},
        {"deep": {"other": [2]}, "new": 3},
    )


OUTPUTS = """
Parameters: {P: {Type: String}, Q: {Type: String}}
Conditions: {IsQ: !Equals [!Ref Q, "yes"]}
Resources: {A: {Type: T}, B: {Type: T}}
Outputs:
  ByRef: {Value: !Ref A}
  ByAttribute: {Value: !GetAtt A.Arn}
  BySub: {Value: !Sub "${A.Arn}:${!Literal}"}
  ByJoin: {Value: !Join [",", [!Ref A, !Ref B]]}
  ByParameter: {Value: !Ref P}
  ByIf: {Value: !If [IsQ, !Ref B, none]}
  ByCondition: {Value: fixed, Condition: IsQ}
  Fixed: {Value: fixed}
"""


@pytest.mark.parametrize(
    ("changing", "gone"),
    [
        (set(), set()),
        ({"A"}, {"ByRef", "ByAttribute", "BySub", "ByJoin"}),
        ({"B"}, {"ByJoin", "ByIf"}),
        ({"P"}, {"ByParameter"}),
        ({"Q"}, {"ByIf", "ByCondition"}),
    ],
)
def test_outputs_stay_when_nothing_they_use_changes(changing: set[str], gone: set[str]) -> None:
    parsed = template.parse(OUTPUTS)
    assert set(parsed.body["Outputs"]) - template.outputs_that_stay(parsed, parsed, changing) == gone


def test_an_output_that_is_defined_anew_does_not_stay() -> None:
    after = template.parse(OUTPUTS.replace("ByRef: {Value: !Ref A}", "ByRef: {Value: !Ref B}"))
    assert "ByRef" not in template.outputs_that_stay(template.parse(OUTPUTS), after, set())
