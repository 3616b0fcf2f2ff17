"""The AWS stand-in: ministack with our additions, behind a request log."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from rehearsal.ailments import AwsAilment, MetricsAilment
from rehearsal.aws import (
    alarms,
    balancing,
    certificates,
    identity,
    linkedroles,
    network,
    parameters,
    prefixlists,
    scaling,
    schedules,
    secretsmanager,
)
from rehearsal.aws.adapters import moto_balancers, moto_certificates, moto_prefix_lists, moto_server, server
from rehearsal.aws.adapters.reach import Patches
from rehearsal.aws.ailing import refuse
from rehearsal.aws.calls import InProcess
from rehearsal.aws.certificates import NOWHERE, Dns
from rehearsal.aws.cloudformation import drift, gate, guards, types
from rehearsal.aws.ecr import Registry
from rehearsal.aws.ecs.addition import EcsAddition
from rehearsal.aws.elb.plane import BalancerPlane
from rehearsal.aws.embed import Addition, Host, Server, prepare
from rehearsal.aws.front import Faults, front, no_faults
from rehearsal.aws.memorydb import AccessLists
from rehearsal.aws.quotas import Quotas
from rehearsal.aws.request import classify
from rehearsal.aws.scaler.scaler import Scaler
from rehearsal.aws.scaler.scaler import Tempo as ScalerTempo
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

    ``environment`` is what every task's containers get beside their configuration (``REHEARSAL_DIGEST_KEY``), ``dns``
    where ACM looks for the validation records of certificates.
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
        dns: Dns = NOWHERE,
        additions: list[Addition] | None = None,
        scaler_tempo: ScalerTempo | None = None,
    ) -> None:
        self._seed, self._log = seed, log
        self._additions = additions or []
        self._clients = InProcess()
        self.ecs = EcsAddition(self._clients, seed.aws.images, environment)
        self._certs, self._dns = certs, dns
        self._quotas = Quotas(seed.aws.quotas)
        self.faults: Faults = no_faults
        self._plane = BalancerPlane(seed.aws.account, names, self.ecs.addresses.lookup, directory / "balancers")
        self.ecs.addresses.subscribe(self._plane.push_soon)
        self._scaler = Scaler(seed.aws.account, self.ecs, scaler_tempo)
        self._clock = schedules.Clock(self.ecs.run_task)
        self.certificates: dict[str, str] = {}
        """Domain name -> ARN, of the seed's certificates."""
        self._server = Server()
        self._host: Host | None = None
        self.url = f"http://127.0.0.1:{self._server.port}"
        self._registry, self._access_lists = Registry(seed.aws.images, self.url, seed.signature), AccessLists()
        self._keepers = (self._registry, self._access_lists)

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
        moto_prefix_lists.change_as_ec2_does(self._host.patches)
        self._install_certificates(self._host.patches)
        linkedroles.seeded(aws.account, aws.region, aws.service_linked_roles)
        self._plane.start()
        for addition in (self.ecs, *self._additions):
            addition.install(self._host)
        for service in linkedroles.services():
            service.install(self._host.patches)
        say_loudly_what_is_not_offered(self._host.patches)
        app = front(server.asgi_app(), lambda: self.faults)
        self._scaler.start()
        self._clock.start()
        self._server.start(self._registry.with_layers(self._log.logged(app, "aws", classify, refuse)))

    def state(self) -> Json:
        """All there is in the seed's account and region, as plain values."""
        return state_of(self._clients, self._seed.aws.account, self._seed.aws.region)

    def snapshot(self) -> Contents:
        """A copy of everything, for :meth:`restore`; waits for stacks that are under way."""
        return take(self.ecs, self._keepers)

    def restore(self, contents: Contents) -> None:
        """Let everything be as it was, with new tasks; returns when all services are steady."""
        with self._scaler.hold(), self._clock.hold():
            put_back(contents, self._seed.aws.account, self.ecs, self._keepers, self._plane)

    def ail(self, ailment: AwsAilment, metrics: MetricsAilment) -> None:
        """Let requests to all load balancers, and what is measured of them, fare so from now on."""
        self._plane.ail(ailment, metrics)

    def kill_task(self, service: str) -> str:
        """End the processes of a service's task by SIGKILL; the id of that task, of which there may be several.

        Raises:
            LookupError: no task of the service runs.
        """
        aws = self._seed.aws
        for task in self.ecs.running(aws.account, aws.region):
            if task.service == service and task.processes:
                for process in task.processes:
                    os.kill(process, signal.SIGKILL)
                return task.id
        raise LookupError(f"no task of service {service} runs")

    def _install_certificates(self, patches: Patches) -> None:
        if self._certs is None:
            return
        aws = self._seed.aws
        moto_certificates.issue_by(patches, partial(certificates.decide, self._dns), self._certs.issue)
        for name in aws.certificates:
            self.certificates[name] = moto_certificates.put_issued(aws.account, aws.region, self._certs.issue([name]))

    def _services(self, patches: Patches) -> list[Service]:
        """What the rehearsal adds to each service."""
        ec2, elb = network.service(patches), balancing.service(self._plane)
        prefixlists.add_to(ec2)
        self._quotas.enforce(ec2, elb)
        return [
            self._access_lists.service,
            self._quotas.service,
            self._registry.service,
            certificates.service(),
            ec2,
            elb,
            gate.service(patches),
            identity.service(patches),
            parameters.service(),
            scaling.service(patches, self.ecs.service_exists, self._scaler),
            schedules.service(patches, self._clients),
            secretsmanager.service(),
        ]

    def stop(self) -> None:
        """Stop serving, end what was started, and leave ministack as it was."""
        self._scaler.stop()
        self._clock.stop()
        for addition in (*reversed(self._additions), self.ecs):
            addition.stop()
        self._plane.stop()
        self._server.stop()
        if self._host is not None:
            self._host.patches.undo()
        server.forget_everything()
        moto_server.forget_everything()
