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
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

from rehearsal.ailments import WELL, Ailments
from rehearsal.appmetrics import AppMetrics
from rehearsal.aws.certificates import Dns
from rehearsal.aws.snapshot import Contents as AwsContents
from rehearsal.aws.standin import AwsStandIn
from rehearsal.children import Json, Worker
from rehearsal.cloudflare.standin import CloudflareStandIn
from rehearsal.cloudflare.store import Contents as CloudflareContents
from rehearsal.control import Control
from rehearsal.dataplane.tls import Authority
from rehearsal.dataplane.visitors import PATIENCE
from rehearsal.faults import Faults, Rule
from rehearsal.heroku.standin import HerokuStandIn
from rehearsal.heroku.store import App
from rehearsal.home import NAMES, REQUESTS, VISITORS
from rehearsal.names import Names, Table
from rehearsal.requestlog import RequestLog
from rehearsal.seed import Seed, SeedError, load_seed
from rehearsal.state.canonical import canonical


@dataclass(frozen=True)
class Snapshot:
    """A copy of what the stand-ins know; ``rate`` is that of the visitors."""

    aws: AwsContents
    cloudflare: CloudflareContents
    heroku: dict[str, App]
    rate: float


class World:
    """One world, from its seed. ``start`` it, meet it through ``environment``, ``stop`` it."""

    def __init__(self, seed: Seed, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self._seed, self._home = seed, home
        self.faults = Faults()
        self.log = RequestLog(home / REQUESTS, self.faults)
        self.names = Names()
        self.certificates = Authority(home / "certificates")
        self.metrics = AppMetrics()
        given = {"REHEARSAL_DIGEST_KEY": secrets.token_hex(16), "REHEARSAL_METRICS": self.metrics.address}
        shared = (seed, self.log, self.names, self.certificates, home)
        self.heroku = HerokuStandIn(*shared, environment=given)
        self.cloudflare = CloudflareStandIn(*shared)
        records = self.cloudflare.store
        self.aws = AwsStandIn(*shared, environment=given, dns=Dns(records.cname, records.caa))
        self._visitors: Worker | None = None
        self._rate = 0.0
        self._snapshots: dict[str, Snapshot] = {}
        self._obeying = threading.Lock()
        self._visits = (home / VISITORS).open("w", encoding="utf-8")

    def start(self) -> None:
        """Start everything; returns when all APIs answer, the apps serve and the visitors come."""
        self.names.subscribe(self._write_names)
        self.metrics.start()
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
        self.metrics.stop()
        self._visits.close()

    def visit(self, rate: float) -> None:
        """Let the visitors come at ``rate`` requests a second; with 0 this returns when every answer was counted."""
        visitors = self._seed.visitors
        assert visitors is not None, "the seed has no visitors"
        self._rate = rate
        if self._visitors is None:
            self._visitors = Worker(
                "rehearsal.dataplane.visitors",
                on_report=self._note_visits,
                log=self._home / "visitors.log",
                within=2 * PATIENCE,  # with a rate of 0 it has no answer before its last request has
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

    def state(self) -> Json:
        """All there is, in the canonical form in which worlds are compared."""
        cloudflare, heroku = self.cloudflare.state(), self.heroku.state()
        return canonical({"aws": self.aws.state(), "cloudflare": cloudflare, "heroku": heroku})

    def snapshot(self, name: str) -> None:
        """Keep a copy of everything under a name; waits for stacks that are under way."""
        self._snapshots[name] = Snapshot(
            self.aws.snapshot(), self.cloudflare.store.snapshot(), self.heroku.snapshot(), self._rate
        )

    def restore(self, name: str) -> None:
        """Let everything be as it was, with new tasks; visitors stay away meanwhile.

        Raises:
            KeyError: there is no snapshot of that name.
            TimeoutError: the apps or the pools did not become healthy.
        """
        kept = self._snapshots[name]
        if self._visitors is not None:
            self.visit(0)
        self.ail(WELL)
        self.cloudflare.restore(kept.cloudflare)
        self.heroku.restore(kept.heroku)
        self.aws.restore(kept.aws)
        self.cloudflare.wait_healthy(kept.cloudflare)
        if self._visitors is not None:
            self.visit(kept.rate)

    def ail(self, ailments: Ailments) -> None:
        """Let the platforms ail so from now on, and be well otherwise."""
        self.heroku.ail(ailments.heroku)
        self.aws.ail(ailments.aws, ailments.cloudwatch)

    def obey(self, order: Json) -> Any:
        """Do what a line of the protocol says, one at a time; returns what it asks for.

        ``{"visit": rate}``; ``{"state": true}``; ``{"snapshot": name}`` and ``{"restore": name}``;
        ``{"faults": [rules]}``; ``{"struck": true}``: the calls that the rules in force have struck;
        ``{"ail": ailments}``, see :mod:`rehearsal.ailments`; ``{"kill_task": service}``: its id;
        ``{"shares": true}``: how the load balancers divide their traffic, without a call that anybody would count;
        ``{"run": process id}``: whom a ``kill`` is about; ``{"orphans": true}``: which processes below it outlived it.
        """
        with self._obeying:
            return self._obey(order)

    def _obey(self, order: Json) -> Any:
        match order:
            case {"visit": rate}:
                return self.visit(rate)
            case {"state": _}:
                return self.state()
            case {"snapshot": name}:
                return self.snapshot(name)
            case {"restore": name}:
                return self.restore(name)
            case {"faults": rules}:
                return self.faults.obey([Rule.model_validate(rule) for rule in rules])
            case {"ail": ailments}:
                return self.ail(Ailments.model_validate(ailments))
            case {"kill_task": service}:
                return self.aws.kill_task(service)
            case {"shares": _}:
                return self.cloudflare.shares()
            case {"struck": _}:
                return [asdict(strike) for strike in self.faults.struck]
            case {"orphans": _}:
                return self.faults.orphans()
            case {"run": process}:
                return self.faults.aim_at(process)
        raise ValueError(f"There is no such order: {order}")

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
            "OFFRAMP_RESOLVE": str((self._home / NAMES).resolve()),
            "OFFRAMP_CA_FILE": str(self.certificates.ca_path.resolve()),
            "REHEARSAL_CA": str(self.certificates.ca_path),
            "REHEARSAL_METRICS_URL": self.metrics.url,
            "REHEARSAL_HOME": str(self._home),
        }

    def _note_visits(self, report: Json) -> None:
        self._visits.write(json.dumps(report["visitors"]) + "\n")
        self._visits.flush()

    def _write_names(self, table: Table) -> None:
        """Whole at any time, since modules read it (``OFFRAMP_RESOLVE``)."""
        coming = self._home / f"{NAMES}.coming"
        coming.write_text(json.dumps(table, indent=1))
        coming.replace(self._home / NAMES)


def main() -> None:
    """Serve one world to the process at the other end of standard input; end with it."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints must not get between the lines of the protocol
    first = json.loads(sys.stdin.readline())
    try:
        home = Path(first["home"])
        world = World(load_seed(Path(first["seed"])), home)
    except SeedError as error:
        _tell(out, {"ready": {"mistake": str(error)}})
        return
    world.faults.obey([Rule.model_validate(rule) for rule in first.get("faults", [])])
    world.start()
    control = Control(home, world.obey)
    _tell(out, {"ready": {"environment": world.environment()}})
    _tell(out, {"applied": first["id"]})
    try:
        for line in sys.stdin:
            message = json.loads(line)
            _tell(out, {"report": _done(world, message)})
            _tell(out, {"applied": message["id"]})
    finally:
        control.stop()
        world.stop()


def _done(world: World, message: Json) -> Json:
    order = {key: value for key, value in message.items() if key != "id"}
    try:
        return {"id": message["id"], "result": world.obey(order)}
    except Exception as error:
        return {"id": message["id"], "mistake": f"{type(error).__name__}: {error}"}


def _tell(out: TextIO, message: Json) -> None:
    with _TELLING:
        out.write(json.dumps(message) + "\n")
        out.flush()


_TELLING = threading.Lock()

if __name__ == "__main__":
    main()
