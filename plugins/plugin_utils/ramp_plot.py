"""A ramp as a picture: an SVG that needs nothing beside itself, drawn from the lines of a ledger. Pure.

Four panels over one axis of time: the share of AWS, both sides' errors, both sides' slow requests where they were
counted, and the evidence. Each decision is a line through all of them. It follows the reader's light or dark scheme.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from html import escape
from typing import Any

Line = Mapping[str, Any]
Point = tuple[float, float]

_WIDTH, _LEFT, _RIGHT, _TOP = 1000, 74, 150, 128
_PANEL, _GAP, _FOOT = 130, 40, 64
_SIDES = {"new": "AWS", "old": "Heroku"}
_LABEL_APART = 62
_WORDS = {"pass": "✓", "fail": "failed", "not_enough": "held", "broken": "blind"}
_STYLE = """
svg { --paper: #ffffff; --ink: #1c2128; --soft: #59636e; --rule: #e4e8ec; --new: #d4580a; --old: #6b3fc7;
  --good: #1a7f37; --bad: #c4222f; --held: #9a6700; background: var(--paper); }
@media (prefers-color-scheme: dark) { svg { --paper: #0f1318; --ink: #e8edf2; --soft: #9aa5b1; --rule: #2a313a;
  --new: #ff9d4d; --old: #b69cff; --good: #4ac26b; --bad: #ff7b72; --held: #d4a72c; } }
text { font: 12px system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; fill: var(--soft); }
.title { font-size: 19px; font-weight: 600; fill: var(--ink); } .head { font-weight: 600; fill: var(--ink); }
.end { text-anchor: end; } .middle { text-anchor: middle; } .paper { fill: var(--paper); }
.rule { stroke: var(--rule); } .axis { stroke: var(--soft); } .limit { stroke: var(--bad); stroke-dasharray: 5 4; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.new { stroke: var(--new); } .old { stroke: var(--old); } .m { stroke: var(--ink); }
.dot.new { fill: var(--new); } .dot.old { fill: var(--old); } .dot.m { fill: var(--ink); } .dot { stroke: none; }
.wanted { fill: none; stroke: var(--soft); stroke-width: 1.5; stroke-dasharray: 2 3; }
.area { fill: var(--new); opacity: .13; }
.pass { stroke: var(--good); } .fail { stroke: var(--bad); } .not_enough, .broken { stroke: var(--held); }
.mark { stroke-width: 1; opacity: .75; } .fail.mark { stroke-width: 2; opacity: 1; }
text.pass { fill: var(--good); stroke: none; } text.fail { fill: var(--bad); stroke: none; font-weight: 600; }
text.not_enough, text.broken { fill: var(--held); stroke: none; } text.new { fill: var(--new); stroke: none; }
text.old { fill: var(--old); stroke: none; } text.bad { fill: var(--bad); stroke: none; }
"""


@dataclass(frozen=True)
class Decision:
    """What was decided of a step, and when, in seconds since the epoch."""

    at: float
    share: int
    verdict: str
    reason: str


@dataclass(frozen=True)
class Ramp:
    """What a ledger tells of one host's ramp: its windows by time, its decisions, and the limit of the evidence."""

    host: str
    windows: tuple[Line, ...]
    decisions: tuple[Decision, ...]
    limit: float


@dataclass(frozen=True)
class Axis:
    """Where values stand in pixels: ``low`` at ``start``, ``high`` at ``end``; ``log`` for a logarithmic one."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """The pixel of a value; of what is beyond, the edge."""
        bounded = min(max(value, self.low), self.high)
        low, high, here = (math.log10(it) if self.log else it for it in (self.low, self.high, bounded))
        return round(self.start + (here - low) / ((high - low) or 1) * (self.end - self.start), 1)


@dataclass(frozen=True)
class Panel:
    """One picture of the stack: its heading, its axis, where its ticks stand, and how they are spelled."""

    head: str
    y: Axis
    ticks: Sequence[float]
    spell: Callable[[float], str]


def ramps(lines: Iterable[Line]) -> list[Ramp]:
    """The ramps that a ledger tells of, one for each host that has windows."""
    told = [line for line in lines if not line.get("dry")]
    hosts = dict.fromkeys(line["host"] for line in told if line.get("entry") == "window")
    return [_ramp(host, [line for line in told if line["host"] == host]) for host in hosts]


def _ramp(host: str, lines: Sequence[Line]) -> Ramp:
    windows = {line["window"]["start"]: line["window"] for line in lines if line.get("entry") == "window"}
    judged = [line for line in lines if line.get("entry") == "verdict" and "health" in line]
    decisions = [
        Decision(_epoch(line["at"]), it["wanted_share"], it["verdict"], it["reason"])
        for line in judged
        if (it := line["health"])["wanted_share"]
    ]
    limit = next((float(line["health"]["limit"]) for line in judged), 200.0)
    return Ramp(host, tuple(windows[at] for at in sorted(windows)), tuple(decisions), limit)


def svg(ramp: Ramp) -> str:
    """The picture of a ramp."""
    panels = _panels(ramp)
    height = _TOP + len(panels) * (_PANEL + _GAP) + _FOOT - _GAP
    x = _time_axis(ramp)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'font-family="sans-serif" aria-label="{escape(_title(ramp))}">',
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" width="{_WIDTH}" height="{height}"/>',
        _text(_LEFT, 34, _title(ramp), "title"),
        _text(_LEFT, 56, _subtitle(ramp)),
        *(part for panel in panels for part in _frame(panel, x)),
        *_marks(ramp, x, panels),
        *_share(ramp, x, panels[0]),
        *_rates(ramp, x, panels[1], "errors"),
        *(_rates(ramp, x, panels[2], "slow") if len(panels) == 4 else []),
        *_evidence(ramp, x, panels[-1]),
        *_clock(x, height - _FOOT + 22),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _panels(ramp: Ramp) -> list[Panel]:
    boxes = iter(range(99))

    def box() -> tuple[float, float]:
        top = _TOP + next(boxes) * (_PANEL + _GAP)
        return float(top + _PANEL), float(top)

    percent = "{:g} %".format
    share = Panel("Share of AWS", Axis(0, 100, *box()), (0, 25, 50, 75, 100), percent)
    errors = _rate_panel("Errors, of each side's requests", ramp, "errors", box())
    slow = [_rate_panel("Slow requests, of each side's", ramp, "slow", box())] if _counts(ramp, "slow") else []
    highest = max([ramp.limit * 2, *(window["m"] for window in ramp.windows)])
    top = 10.0 ** math.ceil(math.log10(min(highest, 1e9)))
    ticks = [10.0**power for power in range(-1, round(math.log10(top)) + 1, 1 + round(math.log10(top)) // 5)]
    evidence = Panel("Evidence against AWS (logarithmic)", Axis(0.1, top, *box(), log=True), ticks, _power)
    return [share, errors, *slow, evidence]


def _rate_panel(head: str, ramp: Ramp, what: str, box: tuple[float, float]) -> Panel:
    rates = [rate for name in _SIDES for run in _rate_runs(ramp, name, what) for _, rate in run]
    step = _nice(max([*rates, 0.4]) / 4)
    ticks = [step * number for number in range(math.ceil(max([*rates, 0.4]) / step) + 1)]
    return Panel(head, Axis(0, ticks[-1], *box), ticks, "{:.3g} %".format)


def _power(value: float) -> str:
    return f"{value:g}".replace("e+0", "e")


def _nice(step: float) -> float:
    """The next of 1, 2, 2.5, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= step * 0.999)


def _counts(ramp: Ramp, what: str) -> bool:
    return any(what in window.get(name, {}) for window in ramp.windows for name in _SIDES)


def _time_axis(ramp: Ramp) -> Axis:
    moments = [it for window in ramp.windows for it in (window["start"], window["start"] + window["seconds"])]
    moments += [decision.at for decision in ramp.decisions]
    return Axis(min(moments), max(moments), _LEFT, _WIDTH - _RIGHT)


def _middle(window: Line) -> float:
    return float(window["start"]) + float(window["seconds"]) / 2


def _rate_runs(ramp: Ramp, name: str, what: str) -> list[list[Point]]:
    """Percentages over time."""

    def rate(window: Line) -> float | None:
        side = window.get(name) or {"requests": 0}
        return 100.0 * side[what] / side["requests"] if side["requests"] and what in side else None

    return _runs(ramp, rate)


def _runs(ramp: Ramp, value: Callable[[Line], float | None]) -> list[list[Point]]:
    """What each window tells, in runs without a gap: what is not known, or was not looked at, is not drawn."""
    runs: list[list[Point]] = [[]]
    end = -math.inf
    for window in ramp.windows:
        told = value(window)
        if told is None or window["start"] - end > window["seconds"]:
            runs.append([])
        if told is not None:
            runs[-1].append((_middle(window), told))
        end = window["start"] + window["seconds"]
    return [run for run in runs if run]


def _frame(panel: Panel, x: Axis) -> list[str]:
    y = panel.y
    grid = [
        f'<line class="rule" x1="{_LEFT}" x2="{x.end}" y1="{y.at(tick)}" y2="{y.at(tick)}"/>'
        + _text(_LEFT - 8, y.at(tick) + 4, panel.spell(tick), "end")
        for tick in panel.ticks
    ]
    return [_text(_LEFT, y.end - 12, panel.head, "head"), *grid]


def _share(ramp: Ramp, x: Axis, panel: Panel) -> list[str]:
    def measured(window: Line) -> float | None:
        if "new" not in window or "old" not in window:
            return None
        every = window["new"]["requests"] + window["old"]["requests"]
        return 100.0 * window["new"]["requests"] / every if every else None

    runs = _runs(ramp, measured)
    foot = panel.y.at(0)
    areas = [
        f'<path class="area" d="M{x.at(run[0][0])},{foot} L{_joined(run, x, panel.y)} L{x.at(run[-1][0])},{foot} Z"/>'
        for run in runs
    ]
    legend = _legend(x, panel, [("new", "measured"), ("wanted", "wanted")])
    return [
        *areas,
        f'<path class="wanted" d="{_stairs(ramp, x, panel.y)}"/>',
        *_drawn(runs, x, panel.y, "new"),
        *legend,
    ]


def _stairs(ramp: Ramp, x: Axis, y: Axis) -> str:
    """The wanted share: it changes with a decision, and is level otherwise."""
    steps = [window for window in ramp.windows if not window.get("late")]
    path = f"M{x.at(steps[0]['start'])},{y.at(steps[0]['wanted_share'])}" if steps else ""
    end = steps[0]["start"] if steps else 0.0
    for window in steps:
        changed = [it.at for it in ramp.decisions if end <= it.at <= window["start"]] or [window["start"]]
        end = window["start"] + window["seconds"]
        path += f" H{x.at(changed[-1])} V{y.at(window['wanted_share'])} H{x.at(end)}"
    return path


def _rates(ramp: Ramp, x: Axis, panel: Panel, what: str) -> list[str]:
    lines = [part for name in ("old", "new") for part in _drawn(_rate_runs(ramp, name, what), x, panel.y, name)]
    return [*lines, *_legend(x, panel, list(_SIDES.items()))]


def _evidence(ramp: Ramp, x: Axis, panel: Panel) -> list[str]:
    y = panel.y.at(ramp.limit)
    runs = _runs(ramp, lambda window: float(window["m"]))
    limit = f'<line class="limit" x1="{_LEFT}" x2="{x.end}" y1="{y}" y2="{y}"/>'
    return [limit, _text(x.end + 12, y + 4, f"limit {ramp.limit:g}", "bad"), *_drawn(runs, x, panel.y, "m")]


def _drawn(runs: Sequence[Sequence[Point]], x: Axis, y: Axis, kind: str) -> list[str]:
    """A line through each run; a run of one point is a dot."""
    return [
        f'<polyline class="line {kind}" points="{_joined(run, x, y)}"/>'
        if len(run) > 1
        else f'<circle class="dot {kind}" cx="{x.at(run[0][0])}" cy="{y.at(run[0][1])}" r="2.5"/>'
        for run in runs
    ]


def _joined(run: Sequence[Point], x: Axis, y: Axis) -> str:
    return " ".join(f"{x.at(at)},{y.at(value)}" for at, value in run)


def _legend(x: Axis, panel: Panel, entries: Sequence[tuple[str, str]]) -> list[str]:
    left, top = x.end + 12, panel.y.end + 10
    return [
        f'<line class="{"wanted" if kind == "wanted" else f"line {kind}"}" x1="{left}" x2="{left + 22}" '
        f'y1="{top + 20 * number}" y2="{top + 20 * number}"/>'
        + _text(left + 30, top + 20 * number + 4, name, "" if kind == "wanted" else kind)
        for number, (kind, name) in enumerate(entries)
    ]


def _marks(ramp: Ramp, x: Axis, panels: Sequence[Panel]) -> list[str]:
    """A line through all panels for each decision; its label goes a row lower where the one before is near."""
    top, foot, parts, rows = panels[0].y.end, panels[-1].y.start, [], [-math.inf, -math.inf]
    for decision in ramp.decisions:
        at = x.at(decision.at)
        row = 0 if at - rows[0] >= _LABEL_APART or rows[0] <= rows[1] else 1
        rows[row] = at
        word = _WORDS.get(decision.verdict, decision.verdict)
        label = _text(at, top - 42 + 15 * row, f"{decision.share} % {word}", f"middle {decision.verdict}")
        line = f'<line class="mark {escape(decision.verdict)}" x1="{at}" x2="{at}" y1="{top - 8}" y2="{foot}"/>'
        parts.append(f"<g><title>{escape(decision.reason)}</title>{line}{label}</g>")
    return parts


def _clock(x: Axis, y: float) -> list[str]:
    span = x.high - x.low
    steps = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
    step = next((it for it in steps if span / it <= 8), steps[-1])
    form = "%H:%M" if step >= 60 else "%H:%M:%S"
    moments = range(math.ceil(x.low / step) * step, math.floor(x.high) + 1, step)
    return [_text(x.at(at), y, _utc(at).strftime(form), "middle") for at in moments] + [
        _text(x.end + 30, y, "UTC"),
    ]


def _title(ramp: Ramp) -> str:
    return f"Traffic of {ramp.host} from Heroku to AWS, {_utc(ramp.windows[0]['start']):%Y-%m-%d}"


def _subtitle(ramp: Ramp) -> str:
    if not ramp.decisions:
        return "No step was decided."
    last = ramp.decisions[-1]
    seconds = last.at - ramp.windows[0]["start"]
    took = f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"
    return _shortened(f"Last at {last.share} % after {took}: {last.reason}", 140)


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    return f'<text x="{x}" y="{y}"{f" class={chr(34)}{escape(kind)}{chr(34)}" if kind else ""}>{escape(text)}</text>'


def _utc(epoch: float) -> datetime:
    return datetime.fromtimestamp(epoch, timezone.utc)


def _epoch(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()
