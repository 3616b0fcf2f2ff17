"""One AWS stand-in for a test file, and clients to it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from rehearsal.aws import AwsStandIn
from rehearsal.dataplane.tls import Authority
from rehearsal.names import Names
from rehearsal.requestlog import RequestLog
from rehearsal.seed import Seed

Client = Callable[..., Any]


@pytest.fixture(scope="module")
def seed() -> Seed:
    """The world of a test file; override it there."""
    return Seed()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("aws")


@pytest.fixture(scope="module")
def log(home: Path) -> RequestLog:
    return RequestLog(home / "requests.jsonl")


@pytest.fixture(scope="module")
def names() -> Names:
    return Names()


@pytest.fixture(scope="module")
def authority(home: Path) -> Authority:
    return Authority(home / "certificates")


@pytest.fixture(scope="module")
def aws(seed: Seed, log: RequestLog, names: Names, authority: Authority, home: Path) -> Iterator[AwsStandIn]:
    stand_in = AwsStandIn(seed, log, names, authority, home)
    stand_in.start()
    yield stand_in
    stand_in.stop()


@pytest.fixture(scope="module")
def client(aws: AwsStandIn, seed: Seed) -> Client:
    """``client("ecs")`` or ``client("ecs", region="eu-north-1", key="AKIA...", secret="...")``."""
    made: dict[tuple[str, ...], Any] = {}

    def make(service: str, region: str = seed.aws.region, key: str = "AKIAREHEARSAL", secret: str = "secret") -> Any:  # noqa: S107
        asked = (service, region, key, secret)
        if asked not in made:
            made[asked] = boto3.client(
                service,
                region_name=region,
                endpoint_url=aws.url,
                aws_access_key_id=key,
                aws_secret_access_key=secret,
                config=Config(retries={"total_max_attempts": 1}),
            )
        return made[asked]

    return make
