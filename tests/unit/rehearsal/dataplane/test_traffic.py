"""The whole data plane under traffic: nothing is lost while everything behind it changes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

from rehearsal.dataplane.tls import Authority
from rehearsal.processes import AppProcess
from tests.unit.rehearsal.dataplane.steered import Steered

Json = dict[str, Any]
HOST = "api.bond.example"
HEROKU = "bond.herokudns.example"
AWS = "bond-alb.elb.example"
RATE = 150
DEREGISTRATION_DELAY = 1.0
"""As on AWS, time alone ends draining; nothing tells that a target has no request in flight any more."""
ELB, GROUP, LISTENER = "arn:elb", "arn:group", "arn:listener"


class World:
    """Edge, router, balancer and visitors around two dynos and two targets."""

    def __init__(
        self, start_worker: Callable[[str], Steered], start_app: Callable[..., AppProcess], authority: Authority
    ) -> None:
        self.start_app = start_app
        self.authority = authority
        self.router, self.balancer = start_worker("router"), start_worker("balancer")
        self.edge, self.visitors = start_worker("edge"), start_worker("visitors")
        self.dynos = [start_app("heroku"), start_app("heroku")]
        self.targets = [start_app("aws"), start_app("aws")]
        self.heroku_ports = self.router.send(self.router_table())
        self.balancer.send(self.balancer_table(draining=[]))
        self.wait_healthy()
        listening = self.balancer.reports.of("listening")[-1][ELB]
        self.names = {
            HEROKU: {"80": self.heroku_ports["http"], "443": self.heroku_ports["https"]},
            AWS: listening,
        }
        self.edge_ports = self.edge.send(self.edge_table(0))

    def router_table(self) -> Json:
        dynos = [{"name": f"web.{n}", "port": app.real_ports[8080]} for n, app in enumerate(self.dynos, 1)]
        pem = str(self.authority.issue([HOST]))
        app = {"hosts": [HOST, HEROKU], "maintenance": False, "dynos": dynos}
        return {"apps": {"bond": app}, "certificates": {HOST: pem}}

    def balancer_table(self, draining: list[AppProcess]) -> Json:
        health = {
            "path": "/health",
            "interval": 0.2,
            "timeout": 2,
            "healthy_threshold": 2,
            "unhealthy_threshold": 2,
            "matcher": "200",
        }
        targets = [
            {
                "id": f"10.0.0.{app.pid}",
                "port": 8080,
                "address": ["127.0.0.1", app.real_ports[8080]],
                "draining": app in draining,
            }
            for app in [*self.targets, *draining]
        ]
        listener = {
            "arn": LISTENER,
            "port": 443,
            "protocol": "HTTPS",
            "certificate": str(self.authority.issue([HOST])),
            "tls_versions": ["TLSv1.2", "TLSv1.3"],
            "default_actions": [{"Type": "forward", "TargetGroupArn": GROUP}],
        }
        return {
            "balancers": {ELB: {"listeners": [listener], "attributes": {}}},
            "target_groups": {
                GROUP: {"protocol": "HTTP", "port": 8080, "health": health, "attributes": {}, "targets": targets}
            },
        }

    def edge_table(self, aws_share: float) -> Json:
        def pool(name: str, address: str) -> Json:
            origin = {"name": name, "address": address, "weight": 1, "enabled": True, "host": None}
            return {"id": name, "name": name, "healthy": True, "enabled": True, "origins": [origin]}

        balancer = {
            "kind": "balancer",
            "id": "lb",
            "enabled": True,
            "pools": [pool("heroku", HEROKU), pool("aws", AWS)],
            "fallback_pool": "heroku",
            "steering_policy": "random",
            "default_weight": 0,
            "pool_weights": {"heroku": 1 - aws_share, "aws": aws_share},
            "failover_across_pools": False,
            "session_affinity": "none",
        }
        certificates = {HOST: str(self.authority.issue([HOST]))}
        ca = str(self.authority.ca_path)
        return {"names": self.names, "hosts": {HOST: balancer}, "ca": ca, "certificates": certificates}

    def visit(self, rate: float) -> None:
        self.visitors.send({"edge": self.edge_ports, "host": HOST, "rate": rate, "ca": str(self.authority.ca_path)})

    def wait_healthy(self) -> None:
        ids = {f"10.0.0.{app.pid}:8080" for app in self.targets}
        self.balancer.reports.wait(
            "health", lambda all_: ids <= {id_ for id_, of in all_[-1][GROUP].items() if of["state"] == "healthy"}
        )

    def replace_dyno(self) -> None:
        """As Heroku's preboot does: new first, then the table, then SIGTERM."""
        new, old = self.start_app("heroku"), self.dynos.pop(0)
        self.dynos.append(new)
        self.router.send(self.router_table())
        assert old.stop(30) == 0

    def replace_target(self) -> None:
        """As an ECS rollout does: register, wait for health, deregister, drain, SIGTERM."""
        self.targets.append(self.start_app("aws"))
        self.balancer.send(self.balancer_table(draining=[]))
        self.wait_healthy()
        old = self.targets.pop(0)
        self.balancer.send(self.balancer_table(draining=[old]))
        time.sleep(DEREGISTRATION_DELAY)
        self.balancer.send(self.balancer_table(draining=[]))
        assert old.stop(30) == 0

    def counted(self) -> tuple[int, int, int, Json]:
        """Requests, those answered by AWS, failures, reasons so far."""
        reports = self.visitors.reports.of("visitors")
        reasons: Json = {}
        for report in reports:
            reasons |= report["reasons"]
        requests = sum(report["requests"] for report in reports)
        aws = sum(report["sides"]["aws"]["requests"] for report in reports)
        return requests, aws, sum(report["failed"] for report in reports), reasons


def test_no_request_is_lost_while_everything_is_replaced_and_weights_move(
    start_worker: Callable[[str], Steered], start_app: Callable[..., AppProcess], authority: Authority
) -> None:
    world = World(start_worker, start_app, authority)
    world.visit(RATE)
    started = time.monotonic()
    for share in (0.05, 0.5, 1.0, 0.5, 0.0):
        world.edge.send(world.edge_table(share))
        world.replace_dyno()
        world.replace_target()
    took = time.monotonic() - started
    world.visit(0)
    requests, _, failed, reasons = world.counted()
    assert (failed, reasons) == (0, {})
    assert requests > RATE * took * 0.9


def test_a_process_that_stands_still_for_a_moment_costs_no_request(
    start_worker: Callable[[str], Steered], start_app: Callable[..., AppProcess], authority: Authority
) -> None:
    world = World(start_worker, start_app, authority)
    world.edge.send(world.edge_table(0.5))
    world.visit(RATE)
    pids = [steered.worker.process.pid for steered in (world.edge, world.balancer, world.router)]
    for pid in (*pids, world.dynos[0].pid, world.targets[0].pid):
        os.kill(pid, signal.SIGSTOP)
        time.sleep(0.7)
        os.kill(pid, signal.SIGCONT)
    world.visit(0)
    requests, aws, failed, reasons = world.counted()
    assert (failed, reasons) == (0, {})
    assert requests > aws > 0


def test_the_share_of_each_side_follows_the_weights(
    start_worker: Callable[[str], Steered], start_app: Callable[..., AppProcess], authority: Authority
) -> None:
    world = World(start_worker, start_app, authority)
    world.edge.send(world.edge_table(0.25))
    world.visit(RATE)
    world.visitors.reports.wait("visitors", lambda seconds: sum(second["requests"] for second in seconds) >= 200)
    world.visit(0)
    requests, aws, failed, reasons = world.counted()
    assert (failed, reasons) == (0, {})
    assert abs(aws - requests * 0.25) <= 2
    edge = world.edge.reports.wait("edge", lambda cells: sum(cell["requests"] for cell in cells) == requests, within=3)
    assert sum(cell["requests"] for cell in edge if cell["pool"] == "aws") == aws
    assert sum(cell["errors"] for cell in edge) == 0
    metrics = world.balancer.reports.wait(
        "metrics", lambda seconds: sum(cell["target_2xx"] for second in seconds for cell in second) == aws, within=3
    )
    assert sum(len(cell["response_times"]) for second in metrics for cell in second) == aws
    world.router.reports.wait("router_lines", lambda seconds: sum(map(len, seconds)) == requests - aws, within=3)
