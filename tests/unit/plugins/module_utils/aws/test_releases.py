"""What a task definition's tags say of a release, and what comes back with it."""

from __future__ import annotations

from ansible_collections.offramp.ecs.plugins.module_utils.aws import releases
from tests.unit.plugins.ecs_parts import process

LOCK = {"owner": "GitLab job release of bond/server, pipeline 77 (nightly)"}


def test_tags_say_what_the_definition_does_not_in_signs_that_aws_takes() -> None:
    assert releases.tags_of({"lock": LOCK, "process": process(health_grace=5)}, "v42") == {
        "offramp-image-tag": "v42",
        "offramp-released-by": "GitLab job release of bond/server  pipeline 77  nightly ",
        "offramp-health-grace": "5",
    }
    assert list(releases.tags_of({"lock": {"owner": "o" * 300}}, "")) == ["offramp-released-by"]
    assert len(releases.tags_of({"lock": {"owner": "o" * 300}}, "")["offramp-released-by"]) == 256


def definition(**given: object) -> dict[str, object]:
    return {"containerDefinitions": [{"portMappings": [{"containerPort": 8080}]}], "tags": [], **given}


def test_the_port_comes_from_the_definition_and_the_grace_period_from_its_tags() -> None:
    tags = [{"key": "offramp-health-grace", "value": "5"}]
    assert releases.returning(definition(tags=tags), "arn:tg") == {
        "port": 8080,
        "health_grace": 5,
        "target_group_arn": "arn:tg",
    }


def test_what_nobody_wrote_down_does_not_come_back() -> None:
    assert releases.returning(definition(tags=[{"key": "offramp-health-grace", "value": "long"}]), "") == {"port": 8080}
    assert releases.returning(definition(containerDefinitions=[{"portMappings": []}]), "") == {"port": 0}
