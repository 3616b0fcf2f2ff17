"""Runs inventory_check, for which it gathers what the inventory says about the host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError

from ansible_collections.offramp.ecs.plugins.module_utils.policy.inventory import NEEDED, OTHERS
from ansible_collections.offramp.ecs.plugins.plugin_utils import vocabulary
from ansible_collections.offramp.ecs.plugins.plugin_utils.in_process import InProcessAction


class ActionModule(InProcessAction):
    """Ansible finds an action plugin by this name."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Fill in the arguments, then run the module as any other."""
        given = task_vars or {}
        groups = given.get("groups", {})
        mine = [group for group in NEEDED if given["inventory_hostname"] in groups.get(group, [])]
        self._task.args = {
            "host": given["inventory_hostname"],
            "variables": [name for name in given if isinstance(name, str)],
            "values": {name: self._value(given, name) for name in _needed(mine)},
            "known": sorted(vocabulary.known()),
            "prefixes": sorted(vocabulary.prefixes()),
            "others": self._templar.template(given.get(OTHERS, [])),
            "stages": _stages(given["hostvars"], groups.get("stages", [])),
        }
        return super().run(tmp, task_vars)

    def _value(self, given: Mapping[str, Any], name: str) -> str | None:
        """A variable's value as text; None where it is not set, or built on something that is not."""
        try:
            value = self._templar.template(given[name]) if name in given else None
        except AnsibleError:
            return None
        return None if value is None else str(value)


def _needed(groups: list[str]) -> list[str]:
    return list(dict.fromkeys(name for group in groups for name in (*NEEDED[group], *vocabulary.needed(group))))


def _stages(hostvars: Mapping[str, Any], hosts: list[str]) -> list[str]:
    found = [hostvars[host].get("offramp_stage") for host in hosts]
    return sorted({str(stage) for stage in found if stage})
