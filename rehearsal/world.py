"""The whole world: stand-ins, data plane and visitors, knit together in one process (``python -m rehearsal.world``).

The process is a :class:`rehearsal.children.Worker` of whoever wants a world (the command line, a test): its first
message names the seed and the home folder, and its ready line carries the environment in which tools meet this world.
The home folder is what a world leaves to look at: ``requests.jsonl``, ``visitors.jsonl``, ``names.json`` and ``*.log``.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from rehearsal.aws.standin import AwsStandIn
from rehearsal.children import Json, Worker
from rehearsal.cloudflare.standin import CloudflareStandIn
from rehearsal.dataplane.tls import Authority
from rehearsal.heroku.standin import HerokuStandIn
from rehearsal.home import NAMES, REQUESTS, VISITORS
from rehearsal.names import Names, Table
from rehearsal.requestlog import RequestLog
from rehearsal.seed import Seed, SeedError, load_seed


class World:
    """One world, from its seed. ``start`` it, meet it through ``environment``, ``stop`` it."""

    def __init__(self, seed: Seed, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self._seed, self._home = seed, home
        self.log = RequestLog(home / REQUESTS)
        self.names = Names()
        self.certificates = Authority(home / "certificates")
        digest_key = {"REHEARSAL_DIGEST_KEY": secrets.token_hex(16)}
        shared = (seed, self.log, self.names, self.certificates, home)
        self.heroku = HerokuStandIn(*shared, environment=digest_key)
        self.aws = AwsStandIn(*shared, environment=digest_key)
        self.cloudflare = CloudflareStandIn(*shared)
        self._visitors: Worker | None = None
        self._visits = (home / VISITORS).open("w", encoding="utf-8")

    def start(self) -> None:
        """Start everything; returns when all APIs answer, the apps serve and the visitors come."""
        self.names.subscribe(self._write_names)
        self.heroku.start()
        self.aws.start()
        self.cloudflare.start()
        if self._seed.visitors is not None:
            self.heroku.wait_serving()
            self.visit(self._seed.visitors.rate)

    def stop(self) -> None:
        """End everything that was started, visitors first."""
        if self._visitors is not None:
            self._visitors.stop()
        for stand_in in (self.cloudflare, self.aws, self.heroku):
            stand_in.stop()
        self._visits.close()

    def visit(self, rate: float) -> None:
        """Let the visitors come at ``rate`` requests a second; with 0 this returns when every answer was counted."""
        visitors = self._seed.visitors
        assert visitors is not None, "the seed has no visitors"
        if self._visitors is None:
            self._visitors = Worker(
                "rehearsal.dataplane.visitors", on_report=self._note_visits, log=self._home / "visitors.log"
            )
        self._visitors.send(
            {
                "edge": self.cloudflare.edge_ports,
                "ca": str(self.certificates.ca_path),
                "host": visitors.host,
                "rate": rate,
                "paths": visitors.paths,
            }
        )

    def environment(self) -> dict[str, str]:
        """What a tool needs in its environment to live in this world."""
        return {
            "AWS_ENDPOINT_URL": self.aws.url,
            "AWS_ACCESS_KEY_ID": "AKIAREHEARSAL0000000",
            "AWS_SECRET_ACCESS_KEY": "rehearsal-" + secrets.token_hex(8),
            "AWS_DEFAULT_REGION": self._seed.aws.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "HEROKU_API_URL": self.heroku.url,
            "HEROKU_API_KEY": self.heroku.token,
            "CLOUDFLARE_BASE_URL": self.cloudflare.url,
            "CLOUDFLARE_API_TOKEN": self.cloudflare.token,
            "OFFRAMP_FINGERPRINT_KEY": secrets.token_hex(16),
            "REHEARSAL_EDGE_URL": f"https://127.0.0.1:{self.cloudflare.edge_ports['https']}",
            "REHEARSAL_CERTIFICATE_ARN": next(iter(self.aws.certificates.values()), ""),
            "REHEARSAL_CA": str(self.certificates.ca_path),
            "REHEARSAL_HOME": str(self._home),
        }

    def _note_visits(self, report: Json) -> None:
        self._visits.write(json.dumps(report["visitors"]) + "\n")
        self._visits.flush()

    def _write_names(self, table: Table) -> None:
        (self._home / NAMES).write_text(json.dumps(table, indent=1))


def main() -> None:
    """Serve one world to the process at the other end of standard input; end with it."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints must not get between the lines of the protocol
    first = json.loads(sys.stdin.readline())
    try:
        world = World(load_seed(Path(first["seed"])), Path(first["home"]))
    except SeedError as error:
        _tell(out, {"ready": {"mistake": str(error)}})
        return
    world.start()
    _tell(out, {"ready": {"environment": world.environment()}})
    _tell(out, {"applied": first["id"]})
    try:
        for line in sys.stdin:
            message = json.loads(line)
            _obey(world, message)
            _tell(out, {"applied": message["id"]})
    finally:
        world.stop()


def _obey(world: World, message: Mapping[str, float]) -> None:
    world.visit(message["visit"])


def _tell(out: TextIO, message: Json) -> None:
    with _TELLING:
        out.write(json.dumps(message) + "\n")
        out.flush()


_TELLING = threading.Lock()

if __name__ == "__main__":
    main()
