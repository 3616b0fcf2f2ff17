"""One AWS stand-in for a test file, and clients to it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from rehearsal.aws import AwsStandIn
from rehearsal.requestlog import RequestLog
from rehearsal.seed import Seed

Client = Callable[..., Any]


@pytest.fixture(scope="module")
def seed() -> Seed:
    """The world of a test file; override it there."""
    return Seed()


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> RequestLog:
    return RequestLog(tmp_path_factory.mktemp("aws") / "requests.jsonl")


@pytest.fixture(scope="module")
def aws(seed: Seed, log: RequestLog) -> Iterator[AwsStandIn]:
    stand_in = AwsStandIn(seed, log, None, None, Path(log.path).parent)
    stand_in.start()
    yield stand_in
    stand_in.stop()


@pytest.fixture(scope="module")
def client(aws: AwsStandIn, seed: Seed) -> Client:
    """``client("ecs")`` or ``client("ecs", region="eu-north-1", key="AKIA...", secret="...")``."""

    def make(service: str, region: str = seed.aws.region, key: str = "AKIAREHEARSAL", secret: str = "secret") -> Any:
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=aws.url,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=Config(retries={"max_attempts": 0}),
        )

    return make
