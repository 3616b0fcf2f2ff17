"""The load balancers' data plane, kept in step with what the API says."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from pathlib import Path
from queue import SimpleQueue

from rehearsal.ailments import WELL, AwsAilment, MetricsAilment
from rehearsal.aws.adapters import metrics, moto_balancers, moto_certificates
from rehearsal.aws.adapters.moto_balancers import GroupState, HealthState
from rehearsal.aws.elb.draining import Draining, Target
from rehearsal.aws.elb.metrics import NAMESPACE, data_of, host_counts, region_of
from rehearsal.aws.elb.table import Locate, table
from rehearsal.children import Json, Worker
from rehearsal.names import Names

logger = logging.getLogger(__name__)
WORKER = "rehearsal.dataplane.balancer"
_COUNT_HOSTS_EVERY = 1.0
_NOT_REGISTERED = HealthState("unused", "Target.NotRegistered", "Target is not registered to the target group")
_NOT_IN_USE = HealthState(
    "unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"
)
_REGISTERING = HealthState("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
_DRAINING = HealthState("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")


class BalancerPlane:
    """One worker for all load balancers of the account. It starts with the first load balancer or target group."""

    def __init__(self, account: str, names: Names | None, locate: Locate, directory: Path) -> None:
        self._account, self._names, self._locate, self._directory = account, names, locate, directory
        directory.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._worker: Worker | None = None
        self._sent: Json = {"balancers": {}, "target_groups": {}, "ailment": {}}
        self._ailment, self._slowness = WELL.aws, WELL.cloudwatch
        self._draining = Draining()
        self._published: set[str] = set()
        self._listening: dict[str, dict[int, int]] = {}
        self._health: dict[str, dict[str, HealthState]] = {}
        self._over = threading.Event()
        self._woken, self._stale = threading.Event(), threading.Event()
        self._measured: SimpleQueue[list[Json]] = SimpleQueue()
        self._held: list[Json] = []
        self._counted = 0
        self._thread = threading.Thread(target=self._keep_time, name="load balancers", daemon=True)

    def start(self) -> None:
        """Begin to count hosts and to end what has drained."""
        self._thread.start()

    def stop(self) -> None:
        """End the worker and its listeners."""
        self._over.set()
        self._woken.set()
        self._thread.join()
        with self._lock:
            if self._worker is not None:
                self._worker.stop()
                self._worker = None

    def push(self) -> None:
        """Bring what the API says into force; returns when it is. Nothing happens where nothing changed."""
        with self._lock:
            if self._over.is_set():
                return
            balancers, groups = moto_balancers.balancers(self._account), moto_balancers.groups(self._account)
            self._draining.look(groups)
            wanted = table(balancers, groups, self._draining, self._found, self._certificate)
            wanted["ailment"] = self._ailment.model_dump()
            if wanted != self._sent:
                self._send(wanted)
            self._publish({balancer.arn: balancer.dns_name for balancer in balancers})
        self._woken.set()

    def push_soon(self) -> None:
        """Have :meth:`push` run by another thread."""
        self._stale.set()
        self._woken.set()

    def ail(self, ailment: AwsAilment, metrics: MetricsAilment) -> None:
        """Let requests, and what is measured of them, fare so from now on; returns when it is in force."""
        self._ailment, self._slowness = ailment, metrics
        self.push()

    def health_of(self, group_arn: str, asked: list[Target] | None) -> dict[Target, HealthState]:
        """The health of a group's targets as DescribeTargetHealth tells it."""
        group = next(group for group in moto_balancers.groups(self._account) if group.arn == group_arn)
        told = self._health.get(group_arn, {})
        start = _REGISTERING if group.balancers else _NOT_IN_USE
        known = {target: told.get(f"{target[0]}:{target[1]}", start) for target in group.targets}
        known |= dict.fromkeys(self._draining.of(group_arn), _DRAINING)
        return known if asked is None else {target: known.get(target, _NOT_REGISTERED) for target in asked}

    def _send(self, wanted: Json) -> None:
        if self._worker is None:
            log = self._directory / "balancer.log"
            self._worker = Worker(WORKER, on_report=self._note, log=log)
        self._worker.send(wanted)
        self._sent = wanted

    def _publish(self, dns_names: dict[str, str]) -> None:
        if self._names is None:
            return
        wanted = {name: self._listening.get(arn, {}) for arn, name in dns_names.items()}
        for name in self._published - wanted.keys():
            self._names.withdraw(name)
        for name, ports in wanted.items():
            self._names.publish(name, ports)
        self._published = set(wanted)

    def _found(self, address: str, port: int) -> tuple[str, int] | None:
        return None if self._ailment.dead else self._locate(address, port)

    def _certificate(self, arn: str) -> Path:
        """The PEM file of a certificate, written at its first use."""
        path = self._directory / f"certificate-{arn.rpartition('/')[2]}.pem"
        if not path.exists():
            pem = moto_certificates.pem(self._account, arn)
            if pem is None:
                raise ValueError(f"ACM has no issued certificate {arn}")
            path.touch(mode=0o600)
            path.write_bytes(pem)
        return path

    def _note(self, report: Json) -> None:
        """Take in a report of the worker; called by its listening thread, which must not wait for the worker."""
        for arn, ports in report.get("listening", {}).items():
            self._listening[arn] = {int(port): real for port, real in ports.items()}
        if "health" in report:
            self._health = {
                arn: {key: HealthState(*_told(told)) for key, told in targets.items()}
                for arn, targets in report["health"].items()
            }
        if "metrics" in report:
            self._measured.put(report["metrics"])
            self._woken.set()

    def _store_measured(self) -> None:
        """Store what was measured; not in the worker's listening thread, which an alarm's trouble must never end."""
        while not self._measured.empty():
            self._held += self._measured.get()
        if self._slowness.silent:
            self._held = []
        ready = time.time() - self._slowness.late
        self._store([entry for entry in self._held if entry["second"] <= ready])
        self._held = [entry for entry in self._held if entry["second"] > ready]

    def _store(self, entries: list[Json]) -> None:
        for entry in entries:
            states = [health.state for health in self._health.get(entry["target_group"] or "", {}).values()]
            data = data_of(entry, states.count("healthy"))
            metrics.store(self._account, region_of(entry["balancer"]), NAMESPACE, data)

    def _keep_time(self) -> None:
        """Count hosts every second, and push when a target has drained or :meth:`push_soon` was called."""
        while not self._over.is_set():
            ends = self._draining.next_end()
            self._woken.wait(min(_COUNT_HOSTS_EVERY, _COUNT_HOSTS_EVERY if ends is None else ends))
            self._woken.clear()
            try:
                if self._stale.is_set() or ends == 0.0:
                    self._stale.clear()
                    self.push()
                self._store_measured()
                self._count_hosts()
            except Exception:  # whatever it is, the next look may go well, and the log says what happened
                logger.exception("the load balancers' data plane could not be brought up to date")

    def _count_hosts(self) -> None:
        now = int(time.time())
        if now == self._counted:
            return
        self._counted = now
        for group in moto_balancers.groups(self._account):
            if group.balancers and group.targets:
                states = self._states(group)
                counts = host_counts(group.balancers, group.arn, states, float(now))
                metrics.store(self._account, region_of(group.arn), NAMESPACE, counts)

    def _states(self, group: GroupState) -> Counter[str]:
        return Counter(health.state for health in self.health_of(group.arn, None).values())


def _told(health: dict[str, str]) -> tuple[str, str | None, str | None]:
    return health["state"], health.get("reason") or None, health.get("description") or None
