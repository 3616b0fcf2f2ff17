"""Canonical JSON: two worlds that are alike give the same text, whatever ids and times they happened to get.

Times become ``<time>``. An id becomes ``<kind#n>``: its number follows from what is said of it and of the things that
its neighbours name (colour refinement, as in graph isomorphism), never from the order in which the world made things.
A mapping with ids for keys becomes the list of its values; lists of mappings and of ids are sets, others keep order.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Json = Any
Id = tuple[str, str]
"""Kind by its look, and the id itself."""
Name = Callable[[str, str], str]
"""(kind, id) -> what stands in its place."""

_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?")
_EPOCH = range(1_600_000_000, 2_600_000_000)
"""Numbers that are moments, in seconds since the epoch (or in milliseconds)."""
_KINDS = (
    ("uuid", r"(?<![0-9a-f])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-f-])"),
    ("id", r"(?<![0-9A-Za-z])[0-9a-f]{32}(?![0-9A-Za-z])"),
    ("aws", r"(?<![0-9A-Za-z-])(?:[a-z]{1,16}-){1,3}(?:[0-9a-f]{17}|[0-9a-f]{8})(?![0-9A-Za-z-])"),
    ("elb", r"(?<=/)[0-9a-f]{16}(?![0-9A-Za-z])"),
    ("deployment", r"(?<=ecs-svc/)\d{15,20}"),
    ("unique", r"\bA[A-Z]{3}[A-Z0-9]{12,20}\b"),
    ("dns", r"(?<=-)\d{8,12}(?=\.[a-z0-9.-]*elb)"),
    ("suffix", r"(?<=[A-Za-z0-9]-)(?:[0-9A-F]{13}|[0-9a-f]{13}|[0-9a-f]{8}(?!-))(?![0-9A-Za-z])"),
    ("rule", r"(?<=/)\d{12,20}(?![0-9A-Za-z])"),
    ("target", r"(?<![0-9A-Za-z])[a-z0-9]{36}(?![0-9A-Za-z])"),
    ("address", r"(?<![\d.])127(?:\.\d{1,3}){3}(?![\d.])"),
    ("random", r"(?<=:secret:)[^\s:*?\"]+-[A-Za-z0-9]{6}(?![A-Za-z0-9])"),
)
"""Ids by their look, of all three vendors. A secret's random suffix is told by its place in the ARN, an
elastic address by being one of the loopback, and
``suffix`` is what CloudFormation ends the name of a resource with that its template does not name."""
_ID = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _KINDS))
_ROUNDS = 4


def canonical(state: Mapping[str, Mapping[str, Json]]) -> dict[str, Json]:
    """The canonical form of ``{service: {table: rows}}``."""
    plain = {service: {name: _timeless(rows) for name, rows in tables.items()} for service, tables in state.items()}
    names = _names(list(_rows(plain)))

    def name(kind: str, found: str) -> str:
        return names[kind, found]

    return {
        service: {table: _settled(rows, name) for table, rows in sorted(tables.items())}
        for service, tables in sorted(plain.items())
    }


def compare(one: Json, other: Json) -> list[str]:
    """What differs between two canonical states: one line each, with the path to it.

    One difference changes the numbers of many ids. So numbers are left out of sight, unless they are all that differs.
    """
    if one == other:
        return []
    return list(differences(_unnumbered(one), _unnumbered(other))) or list(differences(one, other))


def differences(one: Json, other: Json, path: str = "") -> Iterator[str]:
    """What differs between two values of JSON: one line each, with the path to it."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            yield from differences(one.get(key, _ABSENT), other.get(key, _ABSENT), f"{path}/{key}")
    elif isinstance(one, list) and isinstance(other, list):
        yield from _list_differences(one, other, path)
    elif one != other:
        yield f"{path}: {_short(one)} -> {_short(other)}"


def digest(value: str) -> str:
    """What stands in a state for a secret value."""
    return f"sha256:{hashlib.sha256(value.encode()).hexdigest()[:16]}"


def without_ids(text: str) -> str:
    """A text as another world would say it: each id that it would make otherwise is ``<kind>``."""
    return _ID.sub(lambda found: f"<{found.lastgroup}>", text)


def _unnumbered(value: Json) -> Json:
    return json.loads(re.sub(r"<([a-z-]+)#\d+>", r"<\1>", json.dumps(value)))


class _Absent:
    def __repr__(self) -> str:
        return "(absent)"


_ABSENT = _Absent()


def _list_differences(one: Sequence[Json], other: Sequence[Json], path: str) -> Iterator[str]:
    """Equal items are set aside; what is left is compared in its order."""
    left, right = list(one), list(other)
    for item in one:
        if item in right:
            left.remove(item)
            right.remove(item)
    for place in range(max(len(left), len(right))):
        pair = [rows[place] if place < len(rows) else _ABSENT for rows in (left, right)]
        yield from differences(pair[0], pair[1], f"{path}[{place}]")


def _short(value: Json) -> str:
    text = repr(value) if isinstance(value, _Absent) else json.dumps(value, sort_keys=True)
    return text if len(text) <= 160 else f"{text[:157]}..."


def _timeless(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {str(key): _timeless(child) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [_timeless(child) for child in value]
    if isinstance(value, (set, frozenset)):
        return sorted((_timeless(child) for child in value), key=_dump)
    if isinstance(value, bytes):
        return digest(value.decode("latin-1"))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return "<time>" if int(value) in _EPOCH or int(value / 1000) in _EPOCH else value
    if value is None or isinstance(value, bool):
        return value
    return _TIME.sub("<time>", str(value))


def _rows(plain: Mapping[str, Mapping[str, Json]]) -> Iterator[Json]:
    """All rows of all tables: that by which ids are told apart."""
    for service, tables in plain.items():
        for table, rows in tables.items():
            items = [[key, row] for key, row in rows.items()] if isinstance(rows, dict) else rows
            for row in items if isinstance(items, list) else [items]:
                yield [service, table, row]


def _names(rows: list[Json]) -> dict[Id, str]:
    """A name for each id."""
    places = [list(_places(row)) for row in rows]
    ids = {each for found in places for each, _path in found}
    labels = {each: _kind(*each) for each in ids}
    for _ in range(_ROUNDS):
        labels = _refined(rows, places, labels)
    names: dict[Id, str] = {}
    for kind in sorted({_kind(*each) for each in ids}):
        of_kind = [each for each in ids if _kind(*each) == kind]
        numbers = {label: number for number, label in enumerate(sorted({labels[each] for each in of_kind}), 1)}
        names |= {each: f"<{kind}#{numbers[labels[each]]}>" for each in of_kind}
    return names


def _refined(rows: list[Json], places: list[list[tuple[Id, str]]], labels: Mapping[Id, str]) -> dict[Id, str]:
    """Each label anew: from the rows in which the id stands, and where in them, with the old labels of all ids."""
    said: defaultdict[Id, list[str]] = defaultdict(list)
    for row, found in zip(rows, places, strict=True):
        if found:
            text = _hash(_settled(row, lambda kind, each: labels[kind, each]))
            for each, path in found:
                said[each].append(f"{path} {text}")
    return {each: _hash([label, sorted(said[each])]) for each, label in labels.items()}


def _places(value: Json, path: str = "") -> Iterator[tuple[Id, str]]:
    """Every id with the keys that lead to it."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield from ((each, f"{path}/key") for each in _found(key))
            yield from _places(child, f"{path}/{_ID.sub('*', key)}")
    elif isinstance(value, list):
        for child in value:
            yield from _places(child, path)
    elif isinstance(value, str):
        yield from ((each, path) for each in _found(value))


def _settled(value: Json, name: Name) -> Json:
    """``value`` with names for ids, and in one order."""
    if isinstance(value, dict):
        if value and all(_ID.fullmatch(key) for key in value):
            return sorted((_settled(child, name) for child in value.values()), key=_dump)
        pairs = [(_named(key, name), _settled(child, name)) for key, child in value.items()]
        return dict(sorted(pairs, key=_dump))
    if isinstance(value, list):
        settled = [_settled(child, name) for child in value]
        is_set = all(isinstance(child, dict) or (isinstance(child, str) and _ID.search(child)) for child in value)
        return sorted(settled, key=_dump) if is_set else settled
    return _named(value, name) if isinstance(value, str) else value


def _named(text: str, name: Name) -> str:
    return _ID.sub(lambda match: name(str(match.lastgroup), match.group()), text)


def _hash(value: Json) -> str:
    return hashlib.sha256(_dump(value).encode()).hexdigest()


def _found(text: str) -> Iterator[Id]:
    return ((str(match.lastgroup), match.group()) for match in _ID.finditer(text))


def _kind(kind: str, found: str) -> str:
    return found.rpartition("-")[0] if kind == "aws" else kind


def _dump(value: Json) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
