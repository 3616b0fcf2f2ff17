"""Application Auto Scaling at work: it looks at every scalable target once a period and sets the number of tasks."""

from __future__ import annotations

import datetime
import time
import uuid
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from rehearsal.aws.adapters import metrics, moto_scaling
from rehearsal.aws.adapters.moto_scaling import TargetState
from rehearsal.aws.lookout import Lookout
from rehearsal.aws.scaler import usage
from rehearsal.aws.scaler.schedule import is_due
from rehearsal.aws.scaler.tracking import Course, Limits, Policy, decide, readings

Json = dict[str, Any]
Place = tuple[str, str]
"""Region and resource id."""
_MOST_ACTIVITIES = 1000


@dataclass(frozen=True)
class Tempo:
    """How much faster than AWS it looks. Cooldowns and schedules are honoured as they are stated."""

    period: int = 1
    """Seconds of an alarm's period (AWS: 60): what a policy says of a minute's requests is said of a period's."""
    high: int = 3
    """Periods over the target value until tasks are added, as on AWS."""
    low: int = 15
    """Periods under nine tenths of it until tasks are taken away, as on AWS."""
    late: int = 2
    """Seconds by which a metric's data points may be late."""


class Services(Protocol):
    """The ECS services that are scaled."""

    def desired(self, account: str, region: str, cluster: str, service: str) -> int | None:
        """How many tasks a service is to have; None where there is no active one."""

    def set_desired(self, account: str, region: str, cluster: str, service: str, count: int) -> None:
        """Let it have so many."""

    def is_deploying(self, account: str, region: str, cluster: str, service: str) -> bool:
        """Whether a deployment of a service is under way, during which no task is taken away."""

    def running(self, account: str, region: str) -> list[usage.RunningTask]:
        """The tasks that run, of all services."""


class Scaler(Lookout):
    """Acts from :meth:`start` to :meth:`stop`; :meth:`hold` keeps it from acting."""

    def __init__(self, account: str, services: Services, tempo: Tempo | None = None) -> None:
        super().__init__("scaler")
        self._account, self._services, self._tempo = account, services, tempo or Tempo()
        self._activities: deque[tuple[str, Json]] = deque(maxlen=_MOST_ACTIVITIES)
        self._courses: dict[Place, Course] = {}
        self._bounds: dict[Place, tuple[str, int, int]] = {}
        self._usage: dict[str, usage.Usage] = {}

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Nothing is scaled within the block, and what came before it is forgotten."""
        with self._acting:
            yield
            self._courses.clear()
            self._bounds.clear()
            self._activities.clear()

    def activities(self, region: str, about: Mapping[str, Any]) -> list[Json]:
        """The activities that fit a DescribeScalingActivities, newest first."""
        asked = {name: about[name] for name in ("ResourceId", "ScalableDimension") if name in about}
        return [each for where, each in reversed(self._activities) if where == region and asked.items() <= each.items()]

    def _pause(self) -> float:
        return self._tempo.period - time.time() % self._tempo.period

    def look(self, now: float) -> None:
        """Measure the tasks, let scheduled actions act, then bring each service where its target wants it."""
        for region in moto_scaling.regions(self._account):
            measured = self._usage.setdefault(region, usage.Usage())
            data = measured.look(self._services.running(self._account, region))
            metrics.store(self._account, region, usage.NAMESPACE, data)
            self._act_by_schedule(region, now)
            policies = moto_scaling.policies(self._account, region)
            for target in moto_scaling.targets(self._account, region):
                _, cluster, service = target.resource.split("/")
                desired = self._services.desired(self._account, region, cluster, service)
                if desired is not None and not self._keep_bounds(region, target, desired):
                    self._track(region, target, _of(target, policies), desired, now)
        self._looked = now

    def _act_by_schedule(self, region: str, now: float) -> None:
        known = {target.resource: target for target in moto_scaling.targets(self._account, region)}
        for action in moto_scaling.actions(self._account, region):
            target = known.get(action["ResourceId"])
            if target is None or target.suspended.get("ScheduledScalingSuspended"):
                continue
            if is_due(action["Schedule"], action["Timezone"] or "UTC", action["CreationTime"], self._looked, now):
                bounds = action["ScalableTargetAction"]
                minimum, maximum = bounds.get("MinCapacity"), bounds.get("MaxCapacity")
                moto_scaling.set_bounds(self._account, region, target.resource, minimum, maximum)

    def _keep_bounds(self, region: str, target: TargetState, desired: int) -> bool:
        """A bound that was set takes effect at once; one that somebody scales past by hand does not until an alarm."""
        bounds = target.id, target.minimum, target.maximum
        if self._bounds.get((region, target.resource)) == bounds:
            return False
        self._bounds[region, target.resource] = bounds
        wanted = min(max(desired, target.minimum), target.maximum)
        if wanted == desired:
            return False
        which = "minimum" if wanted > desired else "maximum"
        self._set(region, target.resource, wanted, f"{which} capacity was set to {wanted}")
        return True

    def _track(self, region: str, target: TargetState, policies: list[Policy], desired: int, now: float) -> None:
        place = region, target.resource
        course, tempo = self._courses.get(place, Course()), self._tempo
        last = int(now - tempo.late) // tempo.period - 1
        since = now - (2 * tempo.low + 1) * tempo.period - tempo.late
        values = {each.name: self._values(region, target, each, since) for each in policies}
        read = readings(policies, values, last, tempo.high, tempo.low, course.since / tempo.period)
        decision = decide(desired, self._limits(region, target), read, course, now)
        if decision is not None:
            self._courses[place] = decision.course
            alarm = f"TargetTracking-{target.resource}-{decision.alarm}"
            cause = f"monitor alarm {alarm} in state ALARM triggered policy {decision.policy}"
            self._set(region, target.resource, decision.desired, cause)

    def _limits(self, region: str, target: TargetState) -> Limits:
        _, cluster, service = target.resource.split("/")
        is_deploying = self._services.is_deploying(self._account, region, cluster, service)
        return Limits(
            target.minimum,
            target.maximum,
            no_out=target.suspended.get("DynamicScalingOutSuspended", False),
            no_in=target.suspended.get("DynamicScalingInSuspended", False) or is_deploying,
        )

    def _values(self, region: str, target: TargetState, policy: Policy, since: float) -> dict[int, float]:
        """The metric of a policy by period: the sum of a period's requests, the average of its percents."""
        namespace, name, scope = _metric(target, policy)
        by_period: dict[int, list[float]] = {}
        for second, found in metrics.read(self._account, region, namespace, name, scope, since).items():
            by_period.setdefault(second // self._tempo.period, []).extend(found)
        summed = namespace != usage.NAMESPACE
        return {period: sum(each) / (1 if summed else len(each)) for period, each in by_period.items()}

    def _set(self, region: str, resource: str, count: int, cause: str) -> None:
        _, cluster, service = resource.split("/")
        started = datetime.datetime.now(datetime.UTC)
        self._services.set_desired(self._account, region, cluster, service, count)
        told = f"Successfully set desired count to {count}. Change successfully fulfilled by ecs."
        activity = {
            "ActivityId": str(uuid.uuid4()),
            "ServiceNamespace": moto_scaling.ECS,
            "ResourceId": resource,
            "ScalableDimension": moto_scaling.DIMENSION,
            "Description": f"Setting desired count to {count}.",
            "Cause": cause,
            "StartTime": started.timestamp(),
            "EndTime": datetime.datetime.now(datetime.UTC).timestamp(),
            "StatusCode": "Successful",
            "StatusMessage": told,
        }
        self._activities.append((region, activity))


def _of(target: TargetState, policies: Iterable[Json]) -> list[Policy]:
    """The target-tracking policies of a target."""
    return [
        _policy(each["PolicyName"], each["TargetTrackingScalingPolicyConfiguration"])
        for each in policies
        if (each["ResourceId"], each["ScalableDimension"]) == (target.resource, moto_scaling.DIMENSION)
        and each["PolicyType"] == "TargetTrackingScaling"
    ]


def _policy(name: str, told: Json) -> Policy:
    metric = told.get("PredefinedMetricSpecification", {})
    return Policy(
        name,
        metric.get("PredefinedMetricType", ""),
        metric.get("ResourceLabel", ""),
        float(told["TargetValue"]),
        float(told.get("ScaleInCooldown", 300)),
        float(told.get("ScaleOutCooldown", 300)),
        not told.get("DisableScaleIn", False),
    )


def _metric(target: TargetState, policy: Policy) -> tuple[str, str, dict[str, str]]:
    """Namespace, name and dimensions of a predefined metric."""
    _, cluster, service = target.resource.split("/")
    if policy.metric == "ALBRequestCountPerTarget":
        balancer, _, group = policy.label.partition("/targetgroup/")
        scope = {"LoadBalancer": balancer, "TargetGroup": f"targetgroup/{group}"}
        return "AWS/ApplicationELB", "RequestCountPerTarget", scope
    name = {
        "ECSServiceAverageCPUUtilization": "CPUUtilization",
        "ECSServiceAverageMemoryUtilization": "MemoryUtilization",
    }
    return usage.NAMESPACE, name[policy.metric], {"ClusterName": cluster, "ServiceName": service}
