"""Whether a dry run kept its word: rules without a world.

A change is a line of the ledger: verb, target, and what was before and is after. Lists are compared in order and by
value. Two things a dry run cannot tell, and only these are excepted here: what is known after apply (an ``Unknown`` of
the engine's stands for any text in its place, and alone in a list for as many as there come to be), and where a later
step of a ramp begins (dry, no step before it was made: it begins where the traffic is).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import first_unknown

Line = dict[str, Any]
_UNKNOWN = re.compile(r"\(known after apply: [^()]+; by [^()]+\)")
_SHOWN = 120
"""Characters of a value in a sentence."""


_LOCK = re.compile(r"^(Put|Delete)Parameter /offramp/.+/lock$")
"""The lock of an app is taken and freed; nothing of it is left, so it is no change."""


@dataclass(frozen=True)
class Told:
    """What a run told of itself: its exit code, its changes and failures in their order, lines that are no sentences.

    ``writes`` and ``previews`` are the operations of these kinds in the request log, writes with their targets.
    """

    code: int
    changes: list[Line]
    failures: list[str]
    unclear: list[str]
    writes: list[str]
    previews: list[str]


@dataclass(frozen=True)
class End:
    """How a command is to end in a state.

    Attributes:
        real: words of the sentence with which the real run fails; "" where it comes to a good end.
        dry: the same for the dry run.
        because: why the two may differ, where they do.
    """

    real: str = ""
    dry: str = ""
    because: str = ""


def refused(words: str) -> End:
    """Both runs fail, with the same sentence."""
    return End(real=words, dry=words)


def unlike(real: str, because: str) -> End:
    """The real run fails, and the dry run goes on to the end of the plan."""
    return End(real=real, because=because)


def faults_of_dry(dry: Told, end: End) -> list[str]:
    """What is not as promised of a dry run by itself, in sentences."""
    found = [f"the dry run made the write {operation}" for operation in dry.writes]
    if dry.previews.count("CreateChangeSet") != dry.previews.count("DeleteChangeSet"):
        found.append(f"the dry run left a preview: {dry.previews}")
    return found + _ending("dry", dry, end.dry)


def faults_of_both(dry: Told, real: Told, end: End) -> list[str]:
    """What is not as promised of a dry run and the real one after it, in sentences."""
    found = _ending("real", real, end.real)
    if end.real and end.real == end.dry and dry.failures != real.failures:
        found.append(f"the dry run fails with {dry.failures}, the real one with {real.failures}")
    untold = [write for write in real.writes if not _LOCK.search(write)]
    if untold and not real.changes:
        found.append(f"the real run told no change, and wrote {untold}")
    foreseen = dry.changes[: len(real.changes)] if end.real != end.dry else dry.changes
    return found + differences(foreseen, real.changes)


def differences(dry: Sequence[Line], real: Sequence[Line]) -> list[str]:
    """Where two lists of changes differ, in sentences."""
    planned, done = _named(dry), _named(real)
    found = [f"foreseen and not done: {name}" for name in (Counter(planned) - Counter(done)).elements()]
    found += [f"done and not foreseen: {name}" for name in (Counter(done) - Counter(planned)).elements()]
    if found:
        return found
    if planned != done:
        return [f"foreseen in another order: {planned}, done: {done}"]
    for line, (foreseen, made) in zip(real, _as_ramps(dry, real), strict=True):
        for when in ("before", "after"):
            where = f"{line['verb']} {line['target']}, {when}"
            found += _disagreements(foreseen[when], made[when], where)
    return found


def _named(changes: Sequence[Line]) -> list[str]:
    return [f"{line['verb']} {line['target']}" for line in changes]


def _as_ramps(dry: Sequence[Line], real: Sequence[Line]) -> list[tuple[Line, Line]]:
    """The pairs to compare; a real step of a ramp that goes on from the one before it counts as begun where that did.

    So the first step's beginning is compared with the first, and a step that does not go on from the last is a fault.
    """
    pairs, begun, last = [], None, None
    for foreseen, made in zip(dry, real, strict=True):
        if made["verb"] != "shift":
            pairs.append((foreseen, made))
            continue
        goes_on = last is not None and made["before"] == last
        begun, last = begun if goes_on else made["before"], made["after"]
        pairs.append((foreseen, {**made, "before": begun}))
    return pairs


def _disagreements(foreseen: Any, made: Any, where: str) -> list[str]:
    if isinstance(foreseen, dict) and isinstance(made, dict):
        return [
            line
            for key in sorted({*foreseen, *made})
            for line in _disagreements(foreseen.get(key), made.get(key), f"{where}.{key}")
        ]
    if isinstance(foreseen, list) and isinstance(made, list):
        told = foreseen * len(made) if _is_unknown_list(foreseen) and made else foreseen
        return [
            line
            for number, (one, other) in enumerate(zip_longest(told, made))
            for line in _disagreements(one, other, f"{where}.{number}")
        ]
    if foreseen == made or _could_be(foreseen, made):
        return []
    return [f"{where}: foreseen {_short(foreseen)}, made {_short(made)}"]


def _is_unknown_list(foreseen: list[Any]) -> bool:
    """Whether a list is one unknown alone, as the subnets of a stack that is not there: nobody knows how many."""
    return len(foreseen) == 1 and isinstance(foreseen[0], str) and bool(_UNKNOWN.fullmatch(foreseen[0]))


def _could_be(foreseen: Any, made: Any) -> bool:
    """Whether a text with unknown parts fits what came of it; "known after apply" itself never comes of anything."""
    if not isinstance(foreseen, str) or not isinstance(made, str) or first_unknown(foreseen) is None:
        return False
    pattern = ".+".join(re.escape(part) for part in _UNKNOWN.split(foreseen))
    return first_unknown(made) is None and re.fullmatch(pattern, made, re.DOTALL) is not None


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _ending(which: str, told: Told, words: str) -> list[str]:
    """Whether a run ended as it should, and said so in sentences."""
    found = [f"the {which} run said: {line}" for line in told.unclear]
    if bool(told.code) != bool(words):
        found.append(f"the {which} run ended with exit code {told.code}: {told.failures}")
    elif words and not any(words in sentence for sentence in told.failures):
        found.append(f"the {which} run failed otherwise than with '{words}': {told.failures}")
    return found
