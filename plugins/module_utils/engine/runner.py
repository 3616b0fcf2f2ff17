"""Runs a module: observe, plan, apply, settle, and observe again. The two ways in, and nothing else, end here.

A module describes itself as a :class:`Module` and never learns whether its run is dry: a dry run stops after the plan,
behind a shut door, and reports what it foresees.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change, render
from ansible_collections.offramp.ecs.plugins.module_utils.engine.credentials import without_credentials
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import (
    BadInput,
    LeftOver,
    Missing,
    OfframpError,
)
from ansible_collections.offramp.ecs.plugins.module_utils.engine.hold import NOTHING, Hold
from ansible_collections.offramp.ecs.plugins.module_utils.engine.settle import Say, Waiting, patiently, settle
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import first_unknown

Params = Mapping[str, Any]
Api = TypeVar("Api")
Want = TypeVar("Want")
Have = TypeVar("Have")


@dataclass(frozen=True)
class Module(Generic[Api, Want, Have]):
    """All that the runner needs to know of one module.

    Attributes:
        name: the module's name without the collection ("ecs_service").
        noun: the key of the result that holds the report ("service").
        spec: the argument spec, see :func:`engine.spec.spec`.
        connect: (params, door) -> the client; makes no request yet.
        want: params -> the wanted state, normalised; raises BadInput.
        observe: (api, want) -> the state as it is; reads only. A thing whose name is unknown does not exist yet.
        report: have -> what playbooks may use; plain JSON values.
        plan: (have, want) -> the changes; pure.
        apply: verb -> one call, (api, change) -> None; no decisions.
        foresee: (have, want) -> the state after the plan, with Unknown where only the vendor can tell. A dry run
            reports it, so that the steps after this one can go on with it.
        headline: have -> sentences for the summary at the end of the run.
        waiting: how to wait for the wanted state after a change, and before a plan where an earlier run was cut off.
        in_turn: whether each change must have come to rest before the next.
        longest: params -> the deadline of its waiting, in seconds.
        waits_in_dry_runs: whether a dry run waits as well, for what CloudFormation and its like look up at leisure.
        hold: (params, door) -> what keeps other runs away meanwhile, see :mod:`engine.hold`.
        patience: params -> seconds for which a real run begins again where the vendor does not answer.
    """

    name: str
    noun: str
    spec: Mapping[str, Any]
    connect: Callable[[Params, Door], Api]
    want: Callable[[Params], Want]
    observe: Callable[[Api, Want], Have]
    report: Callable[[Have], dict[str, Any]]
    plan: Callable[[Have, Want], list[Change]] = lambda have, want: []
    apply: Mapping[str, Callable[[Api, Change], None]] = field(default_factory=dict)
    foresee: Callable[[Have, Want], Have] = lambda have, want: have
    headline: Callable[[Have], list[str]] = lambda have: []
    waiting: Waiting[Have] | None = None
    longest: Callable[[Params], float] = lambda params: float(params["within"])
    in_turn: bool = False
    waits_in_dry_runs: bool = False
    hold: Callable[[Params, Door], Hold] = lambda params, door: NOTHING
    patience: Callable[[Params], float] = lambda params: 0.0


@dataclass(frozen=True)
class Orders:
    """How a run was ordered: dry or real, who hears its progress, and whether who ordered it still lives."""

    dry: bool
    say: Say
    alive: Callable[[], bool]


def main(module: Module[Any, Any, Any]) -> None:
    """The ordinary way in: an AnsiballZ process, on whichever host the task was sent to."""
    from ansible.module_utils.basic import AnsibleModule  # not there, and not needed, in unit tests of the engine

    ansible = AnsibleModule(supports_check_mode=True, **module.spec)
    parent = os.getppid()
    orders = Orders(dry=ansible.check_mode, say=lambda line: None, alive=lambda: os.getppid() == parent)
    result = run(module, ansible.params, orders)
    if result["failed"]:
        ansible.fail_json(**result)
    ansible.exit_json(**result)


def run_in_worker(module: Module[Any, Any, Any], params: Params, task: Any, say: Say) -> dict[str, Any]:
    """The quick way in: inside Ansible's worker, from an action plugin.

    Args:
        module: what to run.
        params: validated by the module's own spec.
        task: Ansible's task, which knows whether the run is dry.
        say: prints a line at once.
    """
    parent = os.getppid()
    return run(module, params, Orders(dry=task.check_mode, say=say, alive=lambda: os.getppid() == parent))


def run(module: Module[Any, Any, Any], params: Params, orders: Orders) -> dict[str, Any]:
    """Run a module to its result. Never raises: failures, even ours, come back as ``failed`` with a sentence."""
    started = _Run(module, params, orders)
    try:
        within = 0.0 if orders.dry else module.patience(params)
        return patiently(started.to_the_end, within=within, say=started.say)
    except OfframpError as error:
        return started.failure(error.kind, error.sentence(), error.target, error.hint, error.details)
    except Exception as error:
        place = traceback.extract_tb(sys.exc_info()[2])[-1]
        where = f"{os.path.basename(place.filename)}:{place.lineno}"
        msg = f"{module.name} met an error it does not know: {type(error).__name__} at {where}. Please report this."
        return started.failure("bug", msg, module.name, "", {})


@dataclass
class _Run(Generic[Api, Want, Have]):
    """One run of a module.

    ``applied`` are the changes that were tried, which a failure must tell, too, ``earlier`` those of attempts before.
    """

    module: Module[Api, Want, Have]
    params: Params
    orders: Orders
    applied: list[Change] = field(default_factory=list)
    earlier: list[Change] = field(default_factory=list)
    door: Door | None = None
    hold: Hold = NOTHING

    def to_the_end(self) -> dict[str, Any]:
        """Observe, plan, apply and settle; the result of a run without a failure."""
        module, dry = self.module, self.orders.dry
        self.earlier, self.applied = self._tried(), []
        if not dry:
            _refuse_unknown(self.params, module.name, BadInput)
        door = self.door = Door(shut=dry, ordered_by=f"offramp.ecs/{module.name}", alive=self.orders.alive)
        want = module.want(self.params)
        api = module.connect(self.params, door)
        self.hold = module.hold(self.params, door) if not dry else NOTHING
        have = module.observe(api, want)
        if not dry or module.waits_in_dry_runs:
            have = self._at_rest(api, want, have)
        changes = module.plan(have, want)
        if dry:
            have = module.foresee(have, want)
        elif changes:
            have = self._apply(api, want, changes)
            _refuse_left_over(module, module.plan(have, want))
        report = module.report(have)
        if not dry:
            _refuse_unknown(report, module.name, Missing)
        return {
            **self._result(False, changes if dry else self._tried()),
            "headline": [*self.hold.news, *module.headline(have)],
            module.noun: report,
        }

    def say(self, line: str) -> None:
        """Show a line of progress, in which a vendor may be quoted, as in a failure."""
        self.orders.say(without_credentials(line))

    def failure(self, kind: str, msg: str, target: str, hint: str, details: dict[str, Any]) -> dict[str, Any]:
        """The result of a run that failed."""
        about = {"msg": msg, "kind": kind, "hint": hint, "target": target}
        return {**self._result(True, self._tried()), **without_credentials({**about, **details})}

    def _tried(self) -> list[Change]:
        return [*(each for each in self.earlier if each not in self.applied), *self.applied]

    def _result(self, failed: bool, changes: list[Change]) -> dict[str, Any]:
        previews = self.door.passed["preview"] if self.door else 0
        return {
            "failed": failed,
            "changed": bool(changes),
            "dry": self.orders.dry,
            "changes": [_readable(change) for change in changes],
            "diff": {"prepared": render(changes)} if changes else {},
            **({"previews": previews} if previews else {}),
        }

    def _apply(self, api: Api, want: Want, changes: list[Change]) -> Have:
        for number, change in enumerate(changes, start=1):
            self.hold.secure()
            self.applied.append(change)
            self.module.apply[change.verb](api, change)
            if self.module.in_turn and number < len(changes):
                self._at_rest(api, want, self.module.observe(api, want))
        return self._at_rest(api, want, self.module.observe(api, want))

    def _at_rest(self, api: Api, want: Want, have: Have) -> Have:
        if self.module.waiting is None:
            return have
        return settle(
            lambda: self.module.observe(api, want),
            self.module.waiting,
            what=self.module.name.replace("_", " "),
            within=self.module.longest(self.params),
            every=self.params["every"],
            say=self.say,
            first=have,
            keep=self.hold.keep,
        )


def _refuse_left_over(module: Module[Api, Want, Have], left: list[Change]) -> None:
    if left:
        raise LeftOver(
            f"{module.name} applied its changes, but {left[0].target} still differs.",
            target=left[0].target,
            hint="Something else may be writing to it: compare the plan below, then run again.",
            details={"diff": {"prepared": render(left)}},
        )


def _refuse_unknown(values: Any, name: str, error: type[OfframpError]) -> None:
    unknown = first_unknown(values)
    if unknown is not None:
        what, made_by = unknown
        raise error(f"{name} needs the {what}, which does not exist.", target=what, hint=f"Run {made_by} for it first.")


def _readable(change: Change) -> dict[str, Any]:
    return {"verb": change.verb, "target": change.target, "before": change.before, "after": change.after}
