"""CloudFormation in the rehearsal's AWS, and the stack modules run against it as a task would run them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from rehearsal.aws import AwsStandIn
from rehearsal.aws.certificates import NOWHERE, Dns
from rehearsal.dataplane.tls import Authority
from rehearsal.names import Names
from rehearsal.requestlog import Entry, RequestLog, read_log
from rehearsal.seed import Seed

REGION = "eu-west-1"
HOSTNAME = "api.bond.example"
TEMPLATES = Path(__file__).resolve().parents[3] / "roles" / "provision" / "files"
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIAREHEARSAL", "AWS_SECRET_ACCESS_KEY": "secret"}


class StackWorld:
    """An AWS account that knows what it was asked.

    Args:
        log: the log of the stand-in's requests.
        stand_in: the account itself, whose ``faults`` a test may set.
        directory: where templates that tests write go to.
    """

    def __init__(self, log: RequestLog, directory: Path, stand_in: AwsStandIn) -> None:
        self.log = log
        self.stand_in = stand_in
        self._directory = directory
        self.said: list[str] = []
        self._forgotten = 0

    def client(self, service: str) -> Any:
        """A plain boto3 client, which is not ours."""
        return boto3.client(service, region_name=REGION)

    def run(self, module: Any, *, dry: bool = False, **params: Any) -> dict[str, Any]:
        """A module's result; options that are not given have their defaults."""
        options = module.SPEC["argument_spec"]
        defaults = {name: option.get("default") for name, option in options.items()}
        quick = {"within": 30.0, "every": 0.05} if "within" in options else {}
        given = {**defaults, **quick, "region": REGION, **params}
        orders = runner.Orders(dry=dry, say=self.said.append, alive=lambda: True)
        return runner.run(module.MODULE, given, orders)

    def template(self, name: str, text: str) -> str:
        """The path of a template with this text."""
        path = self._directory / f"{name}.yaml"
        if not path.exists() or path.read_text(encoding="utf-8") != text:  # another thread may be reading it
            path.write_text(text, encoding="utf-8")
        return str(path)

    def requests(self) -> list[Entry]:
        """The requests since they were last forgotten, without those of plain clients."""
        entries = list(read_log(self.log.path))[self._forgotten :]
        return [entry for entry in entries if entry.caller.startswith("offramp.ecs/")]

    def forget(self) -> None:
        """Forget the requests so far."""
        self._forgotten = len(list(read_log(self.log.path)))

    @contextmanager
    def watched(self) -> Iterator[list[str]]:
        """The requests that the block makes, as "kind Operation"."""
        self.forget()
        seen: list[str] = []
        yield seen
        seen += [f"{entry.kind} {entry.operation}" for entry in self.requests()]


@contextmanager
def stack_world(directory: Path, names: Names | None = None, dns: Dns = NOWHERE, **aws: Any) -> Iterator[StackWorld]:
    """A fresh account; the environment points to it. ``aws`` is the seed's part of that name.

    ``names`` learn where load balancers listen.
    """
    log = RequestLog(directory / "requests.jsonl")
    seed = Seed.model_validate({"aws": {"certificates": [HOSTNAME], **aws}})
    stand_in = AwsStandIn(seed, log, names, Authority(directory / "certificates"), directory, dns=dns)
    stand_in.start()
    changed = {**_CREDENTIALS, "AWS_ENDPOINT_URL": stand_in.url}
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    try:
        yield StackWorld(log, directory, stand_in)
    finally:
        stand_in.stop()
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
