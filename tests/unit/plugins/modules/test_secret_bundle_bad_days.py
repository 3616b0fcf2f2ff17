"""secret_bundle on days when Heroku, Secrets Manager or KMS say no: one sentence, nothing written, no value told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx
import pytest
from botocore.retries import standard

from ansible_collections.offramp.ecs.plugins.module_utils.engine import http_door
from ansible_collections.offramp.ecs.plugins.module_utils.heroku import client
from ansible_collections.offramp.ecs.plugins.modules import secret_bundle
from rehearsal.aws import secretsmanager
from rehearsal.aws.adapters import secrets
from rehearsal.aws.errors import RefusedError
from rehearsal.faults import Rule
from tests.unit.plugins.heroku_world import HerokuWorld, heroku_world

CONFIG = {"PASSWORD": "value-of-password", "TOKEN": "value-of-token"}
_names = (f"rehearsal/day-{number}/config" for number in count())
OURS = "offramp.ecs/secret_bundle"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HerokuWorld]:
    with heroku_world(tmp_path_factory.mktemp("world")) as made:
        yield made


class Day:
    """A secret with one version, and a change at Heroku to copy."""

    def __init__(self, world: HerokuWorld) -> None:
        self.world, self.name = world, next(_names)
        self.heroku, self.aws = world.stage.log.faults, world.aws.log.faults
        world.set_config("bond-server", CONFIG)
        assert not self.copy()["failed"]
        world.set_config("bond-server", {**CONFIG, "PASSWORD": "value-of-today"})

    def copy(self, **params: Any) -> dict[str, Any]:
        return self.world.run(secret_bundle, **{"app": "bond-server", "name": self.name, **params})

    def versions(self) -> dict[str, Any]:
        api = self.world.aws.client("secretsmanager")
        listed = api.list_secret_version_ids(SecretId=self.name, IncludeDeprecated=True)
        return {version["VersionId"]: sorted(version["VersionStages"]) for version in listed["Versions"]}

    def fails(self, kind: str, said: str, **params: Any) -> dict[str, Any]:
        """A run that fails as it should: in one sentence, without a version more, without a value."""
        before = self.versions()
        failed = self.copy(**params)
        assert (failed["failed"], failed["kind"]) == (True, kind), failed
        assert said.replace("NAME", self.name) in failed["msg"], failed
        assert "value-of" not in json.dumps(failed)
        assert self.versions() == before
        return failed

    def succeeds(self) -> None:
        """A run on a better day."""
        self.heroku.obey([])
        self.aws.obey([])
        done = self.copy()
        assert (done["failed"], done["changed"]) == (False, True), done


@pytest.fixture
def day(shared: HerokuWorld, monkeypatch: pytest.MonkeyPatch) -> Iterator[Day]:
    """A day on which nobody pauses before another try."""
    monkeypatch.setattr(http_door, "_pause", lambda *_: 0.0)
    monkeypatch.setattr(standard.ExponentialBackoff, "delay_amount", lambda *_: 0.0)
    made = Day(shared)
    yield made
    made.heroku.obey([])
    made.aws.obey([])


def test_a_token_that_heroku_does_not_know(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEROKU_API_KEY", "00000000-0000-0000-0000-000000000000")
    day.fails("denied", "Heroku does not accept the token (401")


def test_a_token_that_may_not(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"id": "forbidden", "message": "value-of-heroku"}
    forbidding = httpx.MockTransport(lambda request: httpx.Response(403, json=said, request=request))
    monkeypatch.setattr(client, "DoorTransport", lambda *_: forbidding)
    day.fails("denied", "Heroku's token may not do GET /apps/bond-server/config-vars (403)")


def test_an_app_that_is_not_there(day: Day) -> None:
    day.fails("missing", "Heroku has no app bond-servr (404", app="bond-servr")


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (429, "throttled", "its hourly limit of calls is used up"),
        (500, "unreachable", "answered GET /apps/bond-server/config-vars with 500"),
        ("reset", "unreachable", "does not answer (ReadError)"),
        ("garbage", "unreachable", "with something that is not JSON (text/html)"),
    ],
)
@pytest.mark.parametrize("nth", [1, 2], ids=["config vars", "add-ons"])
def test_heroku_is_not_itself(day: Day, answer: Any, kind: str, said: str, nth: int) -> None:
    day.heroku.obey([Rule(caller=OURS, service="heroku", answer=answer, nth=nth, times=50)])
    day.fails(kind, said if nth == 1 else said.replace("config-vars", "addons"))


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (429, "throttled", "AWS throttled GetSecretValue on secret NAME: Rate exceeded"),
        (500, "unreachable", "AWS failed at GetSecretValue on secret"),
        ("reset", "unreachable", "AWS does not answer for secret NAME"),
        ("garbage", "unreachable", "does not answer as AWS does"),
    ],
)
def test_secrets_manager_is_not_itself(day: Day, answer: Any, kind: str, said: str) -> None:
    day.aws.obey([Rule(caller=OURS, service="aws", operation="GetSecretValue", answer=answer, times=50)])
    day.fails(kind, said)


@pytest.mark.parametrize("operation", ["DescribeSecret", "ListSecretVersionIds", "PutSecretValue"])
def test_throttling_later_on_leaves_the_secret_as_it_is(day: Day, operation: str) -> None:
    day.aws.obey([Rule(caller=OURS, service="aws", operation=operation, answer=429, times=50)])
    day.fails("throttled", f"AWS throttled {operation} on secret NAME")
    day.succeeds()


def refusing(code: str, message: str) -> Any:
    def refuse(*_: Any) -> None:
        raise RefusedError(code, message)

    return refuse


NOT_ALLOWED = "User: arn:aws:iam::1:user/u is not authorized to perform: secretsmanager:GetSecretValue"


@pytest.mark.parametrize(
    ("code", "message", "kind", "hint"),
    [
        ("AccessDeniedException", NOT_ALLOWED, "denied", "their policy allows GetSecretValue"),
        ("AccessDeniedException", "Access to KMS is not allowed", "denied", "kms:Decrypt"),
        ("DecryptionFailure", "Secrets Manager can't decrypt the protected secret text", "refused", "KMS key"),
    ],
)
def test_what_may_not_be_read_is_told_with_what_to_allow(
    day: Day, monkeypatch: pytest.MonkeyPatch, code: str, message: str, kind: str, hint: str
) -> None:
    before = day.versions()
    with monkeypatch.context() as patch:
        patch.setattr(secrets, "find", refusing(code, message))
        failed = day.copy()
    assert (failed["kind"], message in failed["msg"]) == (kind, True), failed
    assert hint in failed["hint"]
    assert day.versions() == before


@pytest.mark.parametrize(
    ("code", "message", "kind", "hint"),
    [
        ("AccessDeniedException", "Access to KMS is not allowed", "denied", "kms:GenerateDataKey"),
        ("EncryptionFailure", "The KMS key is disabled", "refused", "KMS key"),
        ("LimitExceededException", "You have reached the quota of versions", "refused", ""),
        ("ValidationException", "Value 'value-of-token' failed to satisfy constraint", "refused", ""),
    ],
)
def test_a_version_that_may_not_be_made(
    day: Day, monkeypatch: pytest.MonkeyPatch, code: str, message: str, kind: str, hint: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(secretsmanager, "_add", refusing(code, message))
        failed = day.fails(kind, "AWS refused PutSecretValue on secret NAME")
    assert hint in failed["hint"]
    day.succeeds()


def test_an_answer_that_was_lost_is_asked_for_again_and_makes_one_version(day: Day) -> None:
    day.aws.obey([Rule(caller=OURS, service="aws", operation="PutSecretValue", answer="reset", after=True)])
    done = day.copy()
    assert (done["failed"], done["changed"]) == (False, True), done
    assert len(day.versions()) == 2
