"""All of ministack's and moto's tables at once: copied, put back, and read.

ministack keeps its state in module attributes of two types, which hold ``_data`` under keys that begin with the
account; moto keeps it in the attributes of one backend object per service, account and region. Copies are deep; what a
moto model refers to its backend by stays that backend.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rehearsal.aws.adapters.reach import reach

_SERVICES = "ministack.services."


@dataclass(frozen=True)
class Tables:
    """A copy of everything. To be put back any number of times."""

    ministack: dict[tuple[str, str], dict[Any, Any]]
    moto: dict[tuple[str, str, str], dict[str, Any]]


def take() -> Tables:
    """Copy all tables."""
    tables = {place: copy.deepcopy(table._data) for place, table in _tables().items()}
    return Tables(tables, copy.deepcopy({place: vars(each) for place, each in _backends().items()}, _memo()))


def put_back(tables: Tables) -> None:
    """Let all tables be as they were; what came since is forgotten."""
    for place, table in _tables().items():
        table._data.clear()
        table._data.update(copy.deepcopy(tables.ministack.get(place, {})))
    backends = _backends()
    contents = copy.deepcopy(tables.moto, _memo())
    for where, backend in backends.items():
        if where in contents:
            vars(backend).clear()
            vars(backend).update(contents[where])
        else:
            backend.reset()


def read() -> Iterator[tuple[str, str, dict[Any, Any]]]:
    """ministack's tables that hold anything: module, table, rows by the last part of their key."""
    for (module, name), table in sorted(_tables().items()):
        if table._data:
            yield module.removeprefix(_SERVICES), name.strip("_"), {key[-1]: row for key, row in table._data.items()}


def _tables() -> dict[tuple[str, str], Any]:
    kinds = (
        reach("ministack.core.responses", "AccountScopedDict"),
        reach("ministack.core.responses", "AccountRegionScopedDict"),
    )
    return {
        (module.__name__, name): value
        for module in [found for key, found in list(sys.modules.items()) if key.startswith(_SERVICES)]
        for name, value in list(vars(module).items())
        if isinstance(value, kinds) and value._data is not None
    }


def _backends() -> dict[tuple[str, str, str], Any]:
    """moto's backends that anybody ever asked, by service, account and region."""
    return {
        (known.service_name, account, region): backend
        for known in reach("moto.core.base_backend", "BackendDict")._instances
        for account, regions in list(known.items())
        for region, backend in list(regions.items())
    }


def _memo() -> dict[int, Any]:
    """What a deep copy must leave as it is: the backends themselves."""
    return {id(backend): backend for backend in _backends().values()}


reach("moto.core.base_backend", "BackendDict", "_instances")
