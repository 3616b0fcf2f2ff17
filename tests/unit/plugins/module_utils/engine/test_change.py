"""Plans as text."""

from __future__ import annotations

from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change, render


def test_a_plan_shows_each_value_that_differs_and_no_other() -> None:
    before = {"cpu": 256, "image": "a", "tags": ["x"], "net": {"subnets": ["s-1", "s-2"]}}
    after = {"cpu": 512, "image": "a", "net": {"subnets": ["s-1"]}, "mounts": [{"path": "/a"}]}
    assert render([Change("update", "task definition web", before, after)]) == (
        "~ update task definition web\n"
        "    cpu: 256 -> 512\n"
        "    tags: x -> (gone)\n"
        "    net.subnets: s-1, s-2 -> s-1\n"
        "    mounts.0.path: /a\n"
    )


def test_a_plan_lists_what_comes_and_what_goes() -> None:
    changes = [Change("create", "secret a", None, {"keys": 3}), Change("delete", "pool b", "10.0.0.1", None)]
    assert render(changes) == "+ create secret a\n    keys: 3\n- delete pool b\n    10.0.0.1 -> (gone)\n"


def test_a_payload_is_never_shown() -> None:
    change = Change("rotate", "secret a", {"A": "1"}, {"A": "2"}, payload={"A": "s3cret"})
    assert "s3cret" not in render([change]) + repr(change)
