"""Tags, and the one thing that has them."""

from __future__ import annotations

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws.tagged import tags_of, the_one, told
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput

TAGS = {"tier": "public", "Name": "main"}


def test_tags_are_text_as_aws_has_them() -> None:
    assert tags_of({"cost": 7, "live": True}) == {"cost": "7", "live": "True"}


def test_tags_are_told_in_one_order() -> None:
    assert told(TAGS) == "Name=main, tier=public"


def test_the_only_one_is_found() -> None:
    assert the_one(["vpc-1"], TAGS, kind="VPCs", one="VPC", by="id") == "vpc-1"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([], "No VPCs have the tags Name=main, tier=public."),
        (["vpc-2", "vpc-1"], "2 VPCs have the tags Name=main, tier=public: vpc-1, vpc-2."),
    ],
)
def test_none_and_several_are_refused_by_name(found: list[str], said: str) -> None:
    with pytest.raises(BadInput) as caught:
        the_one(found, TAGS, kind="VPCs", one="VPC", by="id")
    assert caught.value.msg == said
    assert caught.value.target == "VPC with Name=main, tier=public"
    assert caught.value.hint == "Let the tags name exactly one, or give its id."
