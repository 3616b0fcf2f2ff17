"""secret_use_info: which keys are stale in a service, as data."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws.pins import Use
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown
from ansible_collections.offramp.ecs.plugins.modules import secret_use_info as module

NEW, OLD = "b" * 64, "a" * 64
CURRENT = {"A": "1", "B": "2"}


def use(version: str = OLD, *keys: str, service: str = "bond-web") -> Use:
    return Use(service, "arn:aws:ecs:eu-west-1:1:task-definition/web:1", version, keys)


@pytest.mark.parametrize(
    ("used", "pinned", "stale"),
    [
        (use(OLD, "A", "B"), CURRENT, ()),
        (use(OLD, "A", "B"), {"A": "1", "B": "old"}, ("B",)),
        (use(OLD, "A"), {"A": "1"}, ("B",)),
        (use(OLD, "A", "B", "C"), {**CURRENT, "C": "3"}, ("C",)),
        (use(OLD, "A"), CURRENT, ("B",)),
        (use(OLD), {"A": "1", "B": "old"}, ("B",)),
        (use("", "A"), {}, ()),
    ],
    ids=["the same", "changed", "added", "gone", "not named", "the whole secret", "not pinned"],
)
def test_what_is_stale(used: Use, pinned: dict[str, str], stale: tuple[str, ...]) -> None:
    assert module.judge(used, pinned, CURRENT) == module.Judged(used, stale, True)


def test_where_the_pinned_version_is_gone_everything_is_stale_and_no_task_can_start() -> None:
    judged = module.judge(use(OLD, "A", "C"), None, CURRENT)
    assert (judged.stale, judged.startable) == (("A", "B", "C"), False)
    assert "which is GONE, so that no task can start" in module.headline(have(judged))[0]


def have(*judged: module.Judged, releases: bool = False) -> module.Have:
    return module.Have("prod/bond/config", NEW, judged, releases)


STALE = module.Judged(use(OLD, "REDIS_URL"), ("REDIS_URL",), True)
FRESH = module.Judged(use(NEW, "REDIS_URL", service="bond-worker"), (), True)


def test_a_stale_key_is_told_loudly_with_what_to_do() -> None:
    assert module.headline(have(STALE, FRESH)) == [
        "Use of secret prod/bond/config: AWS holds a stale REDIS_URL: ECS service bond-web runs with version "
        "aaaaaaaaaaaa; run playbooks/release.yml -e release_to=current"
    ]
    assert module.headline(have(STALE, releases=True))[0].endswith("; they are released now")
    coming = module.Have("prod/bond/config", NEW, (STALE,), releases=False, coming=True)
    assert module.headline(coming)[0].endswith("; run playbooks/copy.yml -e copy_releases=true")
    assert module.headline(have(FRESH)) == ["Use of secret prod/bond/config: bond-worker run with what it holds"]
    assert module.headline(have()) == []


def test_a_release_follows_only_where_it_is_wanted_and_something_is_stale() -> None:
    told = [module.report(have(it, releases=wanted)) for it in (STALE, FRESH) for wanted in (False, True)]
    assert [(it["stale"], it["release"]) for it in told] == [
        (True, False),
        (True, True),
        (False, False),
        (False, False),
    ]


def bundle(version: str, *targets: str) -> dict[str, Any]:
    changes = [{"verb": "rotate", "target": target, "before": {"A": "x"}, "after": {"B": "y"}} for target in targets]
    return {"secret": {"version_id": version, "arn": "arn", "keys": ["A"]}, "changes": changes}


def test_a_dry_run_counts_the_keys_that_the_copy_would_change() -> None:
    coming = Unknown("version of secret x", "playbooks/copy.yml")
    assert module.coming_keys("x", bundle(coming, "secret x", "labels of secret x")) == {"A", "B"}
    assert module.coming_keys("x", bundle(NEW, "secret x")) == frozenset()
    assert module.coming_keys("x", {}) == frozenset()
