"""The scaling stack: what the role gives it, and what it makes of that."""

from __future__ import annotations

from typing import Any

import yaml

from ansible_collections.offramp.ecs.plugins.module_utils.aws import template
from ansible_collections.offramp.ecs.plugins.module_utils.aws.tracking import METRICS
from tests.unit.plugins.stack_world import TEMPLATES

BODY = template.read(str(TEMPLATES / "scaling.cfn.yaml")).body
POLICIES = {
    name: one["Properties"]
    for name, one in BODY["Resources"].items()
    if one["Type"] == "AWS::ApplicationAutoScaling::ScalingPolicy"
}


def test_the_role_gives_each_parameter_and_no_other() -> None:
    (block,) = yaml.safe_load((TEMPLATES.parent / "tasks" / "scaling.yml").read_text())
    (stack,) = [task["offramp.ecs.aws_stack"] for task in block["block"] if "offramp.ecs.aws_stack" in task]
    assert set(stack["parameters"]) == set(BODY["Parameters"])


def test_each_policy_tracks_one_metric_and_can_be_left_out() -> None:
    tracked: list[Any] = [
        one["TargetTrackingScalingPolicyConfiguration"]["PredefinedMetricSpecification"]["PredefinedMetricType"]
        for one in POLICIES.values()
    ]
    assert sorted(tracked) == sorted(METRICS.values())
    assert all(BODY["Resources"][name]["Condition"] in BODY["Conditions"] for name in POLICIES)


def test_names_say_the_kind_and_the_target_so_that_a_new_target_has_new_policies() -> None:
    names = {one["PolicyName"]["Fn::Sub"] for one in POLICIES.values()}
    assert names == {"${Service}-" + kind + "-${ScalableTargetId}" for kind in METRICS}


def test_the_scalable_target_is_not_the_stacks() -> None:
    assert not [one for one in BODY["Resources"].values() if one["Type"].endswith("::ScalableTarget")]
    assert all("ScalingTargetId" not in one for one in POLICIES.values())
