"""The AWS stand-in: ministack with our additions, behind a request log."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rehearsal.aws import alarms, balancing, identity, network, scaling, secretsmanager
from rehearsal.aws.adapters import moto_balancers, moto_server, server
from rehearsal.aws.adapters.reach import Patches
from rehearsal.aws.ailing import refuse
from rehearsal.aws.calls import InProcess
from rehearsal.aws.cloudformation import drift, gate, guards, types
from rehearsal.aws.ecr import Registry
from rehearsal.aws.ecs.addition import EcsAddition
from rehearsal.aws.elb.plane import BalancerPlane
from rehearsal.aws.embed import Addition, Host, Server, prepare
from rehearsal.aws.front import Faults, front, no_faults
from rehearsal.aws.memorydb import AccessLists
from rehearsal.aws.request import classify
from rehearsal.aws.service import Service, say_loudly_what_is_not_offered
from rehearsal.aws.snapshot import Contents, put_back, take
from rehearsal.aws.state import state_of
from rehearsal.dataplane.tls import Authority
from rehearsal.names import Names
from rehearsal.requestlog import RequestLog
from rehearsal.restapi import Json
from rehearsal.seed import Seed


class AwsStandIn:
    """AWS as far as the collection uses it. One at a time per process: ministack's state is the process's.

    ``environment`` is what every task's containers get beside their configuration (``REHEARSAL_DIGEST_KEY``).
    """

    def __init__(
        self,
        seed: Seed,
        log: RequestLog,
        names: Names | None,
        certs: Authority | None,
        directory: Path,
        *,
        environment: Mapping[str, str] | None = None,
        additions: list[Addition] | None = None,
    ) -> None:
        self._seed, self._log = seed, log
        self._additions = additions or []
        self._clients = InProcess()
        self.ecs = EcsAddition(self._clients, seed.aws.images, environment)
        self._certs = certs
        self.faults: Faults = no_faults
        self._plane = BalancerPlane(seed.aws.account, names, self.ecs.addresses.lookup, directory / "balancers")
        self.ecs.addresses.subscribe(self._plane.push_soon)
        self._registry, self._access_lists = Registry(seed.aws.images), AccessLists()
        self._keepers = (self._registry, self._access_lists)
        self.certificates: dict[str, str] = {}
        """Domain name -> ARN, of the seed's certificates."""
        self._server = Server()
        self._host: Host | None = None
        self.url = f"http://127.0.0.1:{self._server.port}"

    def start(self) -> None:
        """Start serving; returns when requests are answered."""
        aws = self._seed.aws
        self._host = prepare(aws.account, aws.region, self._server.port)
        moto_server.Moto().install(self._host.patches)
        types.install(self._host.patches, self._clients)
        guards.install(self._host.patches, self._clients)
        drift.install(self._host.patches)
        alarms.install(self._host.patches)
        for service in self._services(self._host.patches):
            service.install(self._host.patches)
        moto_balancers.face_the_internet(self._host.patches)
        moto_balancers.log_health_checks(self._host.patches)
        moto_balancers.answer_health_by(self._host.patches, self._plane.health_of)
        if self._certs is not None:
            for name in aws.certificates:
                pem = self._certs.issue([name])
                self.certificates[name] = moto_balancers.issue_certificate(aws.account, aws.region, pem)
        self._plane.start()
        for addition in (self.ecs, *self._additions):
            addition.install(self._host)
        say_loudly_what_is_not_offered(self._host.patches)
        app = front(server.asgi_app(), lambda: self.faults)
        self._server.start(self._log.logged(app, "aws", classify, refuse))

    def state(self) -> Json:
        """All there is in the seed's account and region, as plain values."""
        return state_of(self._clients, self._seed.aws.account, self._seed.aws.region)

    def snapshot(self) -> Contents:
        """A copy of everything, for :meth:`restore`; waits for stacks that are under way."""
        return take(self.ecs, self._keepers)

    def restore(self, contents: Contents) -> None:
        """Let everything be as it was, with new tasks; returns when all services are steady."""
        put_back(contents, self._seed.aws.account, self.ecs, self._keepers, self._plane)

    def _services(self, patches: Patches) -> list[Service]:
        """What the rehearsal adds to each service."""
        return [
            self._access_lists.service,
            self._registry.service,
            balancing.service(self._plane),
            gate.service(patches),
            identity.service(),
            network.service(patches),
            scaling.service(patches, self.ecs.service_exists),
            secretsmanager.service(),
        ]

    def stop(self) -> None:
        """Stop serving, end what was started, and leave ministack as it was."""
        for addition in (*reversed(self._additions), self.ecs):
            addition.stop()
        self._plane.stop()
        self._server.stop()
        if self._host is not None:
            self._host.patches.undo()
        server.forget_everything()
        moto_server.forget_everything()
