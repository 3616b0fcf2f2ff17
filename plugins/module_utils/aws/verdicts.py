"""What a rollout's look means: whether to go on waiting, to order the way back, or to fail, in which words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws.ecs import Call, name_of
from ansible_collections.offramp.ecs.plugins.module_utils.aws.reasons import commonest, hint
from ansible_collections.offramp.ecs.plugins.module_utils.aws.rollouts import Look, Subject
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Verdict

_LATE = "it was not done within"


@dataclass(frozen=True)
class Limits:
    """Seconds that a deployment may take, and how many tasks may end for the same reason; ``steady`` is how many
    seconds a completed one is still watched."""

    deadline: float
    same_reason: int
    steady: float = 0.0


def doom(look: Look, limits: Limits) -> str:
    """Why a rollout that ECS still goes on with, or has just completed, is given up; "" where it is not."""
    if look.state == "completed":
        return _unsteadiness(look, limits)
    if look.state != "going":
        return ""
    worst, count = commonest([each for each in look.failures if each.over])
    if worst is not None and count >= limits.same_reason:
        return f"{count} tasks ended for the same reason: {worst.in_words()}"
    if look.age >= limits.deadline:
        return f"{_LATE} {limits.deadline:.0f} s"
    return ""


def is_steady(look: Look, limits: Limits) -> bool:
    """Whether it is complete and was watched for long enough, or has nothing that could be watched."""
    return look.state == "idle" or (look.state == "completed" and look.steady >= limits.steady)


def _unsteadiness(look: Look, limits: Limits) -> str:
    """ECS takes a deployment for complete as soon as its tasks were healthy once, and its circuit breaker then looks no
    more. One task may end for a reason of its own; as many as the service has tasks, of the same reason, do not."""
    worst, count = commonest(look.lapses)
    enough = max(2, min(limits.same_reason, look.desired))
    if worst is None or count < enough or is_steady(look, limits):
        return ""
    return f"{count} tasks ended for the same reason when it was complete: {worst.in_words()}"


def way_back(look: Look, subject: Subject, limits: Limits) -> list[Change]:
    """What to order where a rollout is given up, by us or by ECS.

    A rollout under way is stopped with a rollback by ECS itself, so that ours and the circuit breaker's cannot race.
    The first release has nothing to go back to: it is scaled to 0, after its rollout was stopped (or ECS would call a
    service without tasks a completed rollout).
    """
    why = doom(look, limits)
    if not why and look.state != "failed":
        return []
    if look.state == "failed":
        gave_up = f"ECS gave up: {look.said}"
        return _back_by_update(look, subject, gave_up) if look.previous else _to_zero(look, subject, gave_up)
    if look.state == "completed":  # it may have visitors: without anything to go back to it is left as it is
        return _back_by_update(look, subject, why) if look.previous else []
    if not look.record:  # a service from before ECS kept records of deployments: there is nothing to stop
        return _back_by_update(look, subject, why) if look.previous else _to_zero(look, subject, why)
    stop = _stop(look, subject, why)
    return [stop] if look.previous else [stop, *_to_zero(look, subject, why)]


def is_bad_end(look: Look, subject: Subject, limits: Limits) -> bool:
    """Whether it has failed and nothing is left to do about it."""
    if look.state in ("absent", "rolled_back", "superseded"):
        return True
    given_up = look.state == "failed" or bool(doom(look, limits))
    return given_up and not way_back(look, subject, limits)


def progress(look: Look, subject: Subject, limits: Limits) -> str:
    """Half a sentence for who waits."""
    if look.state == "rolling_back":
        return f"{subject.service} goes back to {name_of(look.serving)}, {look.serving_tasks} tasks of it run"
    if look.state == "completed":
        return f"{subject.service} is complete, and is watched for {limits.steady:.0f} s"
    failed = sum(each.over for each in look.failures)
    worst, _ = commonest(look.failures)
    counts = f"{look.healthy} of {look.desired} tasks healthy, {look.starting} starting"
    bad = f", {failed} failed" if failed else ""
    why = f" ({worst.in_words()})" if worst else f" (ECS {look.complaint})" if look.complaint else ""
    return f"{subject.service} has {counts}{bad}{why}; given up {limits.deadline:.0f} s after its start"


def error(look: Look, subject: Subject, details: Mapping[str, Any]) -> Verdict:
    """The verdict for a person: what failed, why, what serves now, and what to do."""
    wanted, target = name_of(subject.task_definition), f"ECS service {subject.service}"
    if look.state == "absent":
        return Verdict(f"There is no {target}.", target=target, hint="Run playbooks/release.yml.")
    if look.state == "superseded":
        return Verdict(
            f"Another release took the place of {wanted}: {target} runs {name_of(look.serving)}.",
            target=target,
            hint="Find out who released, then run again.",
            details=dict(details),
        )
    return Verdict(
        f"The release of {wanted} on {target} failed: {_why(look)}. {_outcome(look)}",
        target=target,
        hint=hint(look.failures),
        details=dict(details),
    )


def _why(look: Look) -> str:
    """Alarms first, since ECS says that it acted on them; then what most tasks failed of, or what kept them away."""
    worst, count = commonest(look.failures)
    ordered = look.given_up if worst is None or look.given_up.startswith(_LATE) else ""
    tasks = f"{'1 task' if count == 1 else f'{count} tasks'}: {worst.in_words()}" if worst else ""
    alarms = [f"alarm {alarm} went off" for alarm in look.alarms]
    kept_away = f"ECS {look.complaint}" if look.complaint and worst is None else ""
    said = "" if alarms or ordered or tasks else look.said
    return "; ".join(part.rstrip(".") for part in [*alarms, ordered, tasks, said, kept_away] if part)


def _outcome(look: Look) -> str:
    if look.state == "rolled_back":
        return f"{name_of(look.serving)} serves again, with {look.serving_tasks} of {look.desired} tasks."
    if look.state == "completed":
        return "There is no earlier release to go back to, so the service goes on with it."
    return "It was the first release, so there is nothing to go back to; the service keeps no task."


def _stop(look: Look, subject: Subject, why: str) -> Change:
    how = "ROLLBACK" if look.previous else "ABORT"
    call = Call("stop_service_deployment", {"serviceDeploymentArn": look.record, "stopType": how})
    before = {"task definition": name_of(subject.task_definition)}
    after = {"task definition": name_of(look.previous) or None, "because": why}
    return Change("stop", f"rollout of ECS service {subject.service}", before, after, call)


def _back_by_update(look: Look, subject: Subject, why: str) -> list[Change]:
    """Where ECS gave up without going back (its breaker does not roll back), the former definition is ordered."""
    arguments = {"cluster": subject.cluster, "service": subject.service, "taskDefinition": look.previous}
    before = {"task definition": name_of(subject.task_definition)}
    after = {"task definition": name_of(look.previous), "because": why}
    call = Call("update_service", arguments)
    return [Change("update", f"ECS service {subject.service}", before, after, call)]


def _to_zero(look: Look, subject: Subject, why: str) -> list[Change]:
    if look.desired == 0:
        return []
    call = Call("update_service", {"cluster": subject.cluster, "service": subject.service, "desiredCount": 0})
    return [
        Change("scale", f"ECS service {subject.service}", {"tasks": look.desired}, {"tasks": 0, "because": why}, call)
    ]
