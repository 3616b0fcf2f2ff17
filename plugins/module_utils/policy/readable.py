"""Maps of secret values as a person may see them: names, kinds of change, sizes and fingerprints, never a value."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.engine.fingerprint import fingerprint
from ansible_collections.offramp.ecs.plugins.module_utils.policy.mapping import Decision

MISSING = "missing on AWS"
"""The state of a name that the secret does not have."""


def size(value: str) -> int:
    """Bytes of a value in UTF-8."""
    return len(value.encode("utf-8", "surrogatepass"))


def shape(value: str) -> str:
    """A value in words: its size and its keyed fingerprint."""
    return f"{size(value)} bytes, fingerprint {fingerprint(value)}"


def left_behind(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """Name -> shape, of the values that go or are replaced."""
    return {name: shape(value) for name, value in before.items() if after.get(name) != value}


def brought(before: Mapping[str, str], after: Mapping[str, str], decisions: Iterable[Decision]) -> dict[str, str]:
    """Name -> kind of change, shape, reason and rule, of the values that are new or differ."""
    decision_of = {decision.name: decision for decision in decisions if decision.name is not None}
    return {
        name: f"{'changed' if name in before else 'added'}, {shape(after[name])}, {decision_of[name].reason} "
        f"(rule {decision_of[name].rule})"
        for name in sorted(after)
        if before.get(name) != after[name]
    }


def rows(
    decisions: Iterable[Decision], source: Mapping[str, str], wanted: Mapping[str, str], there: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Decisions as a report has them; ``source`` is Heroku's map, ``wanted`` AWS's, ``there`` what AWS has."""
    return [_row(it, source[it.key] if it.name is None else wanted[it.name], there) for it in decisions]


def refused(decisions: Iterable[Decision]) -> list[dict[str, str]]:
    """The keys that do not travel, and why."""
    return [{"key": it.key, "reason": it.reason, "rule": it.rule} for it in decisions if it.name is None]


def counted(what: str, state: str, decisions: Collection[Decision], unmet: Iterable[str]) -> str:
    """A sentence: how many keys travel ("copied"), and why the others do not."""
    left = refused(decisions)
    reasons = "; ".join(f"{it['key']}: {it['reason']}" for it in left)
    why = f" ({reasons})" if reasons else ""
    missing = ", ".join(unmet)
    named = f"; not at Heroku, though named: {missing}" if missing else ""
    return f"{what}: {len(decisions) - len(left)} keys {state}, {len(left)} refused{why}{named}"


def drift(name: str, rows: Iterable[Mapping[str, Any]], others: Iterable[str]) -> list[str]:
    """A sentence about what differs between Heroku and a secret, none where nothing does; ``others`` are only there."""
    found: dict[str, list[str]] = {"differs": [], MISSING: [], "only on AWS": sorted(others)}
    for it in rows:
        if it["state"] in found:
            found[it["state"]].append(it["name"])
    told = "; ".join(f"{state}: {', '.join(names)}" for state, names in found.items() if names)
    return [f"Secret {name} is not in step with Heroku ({told})"] if told else []


def _row(decision: Decision, value: str, there: Mapping[str, str]) -> dict[str, Any]:
    return {
        "key": decision.key,
        "verdict": decision.verdict,
        "name": decision.name,
        "reason": decision.reason,
        "rule": decision.rule,
        "owner": decision.owner.name if decision.owner else None,
        "size": size(value),
        "fingerprint": fingerprint(value),
        "state": _state(decision, value, there),
    }


def _state(decision: Decision, value: str, there: Mapping[str, str]) -> str:
    """ "equal", "differs", "missing on AWS"; "" for what does not travel."""
    if decision.name is None:
        return ""
    if decision.name not in there:
        return MISSING
    return "equal" if there[decision.name] == value else "differs"
