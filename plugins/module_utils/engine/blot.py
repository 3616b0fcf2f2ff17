"""Keeps secret values out of text that others wrote: an app's log lines, the messages of a vendor or of a proxy."""

from __future__ import annotations

import base64
import html
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote, quote_plus, unquote, urlsplit

_SHORTEST = 6
"""Shorter values are words and numbers; blotting them out would make every line unreadable."""
_RUN = 16
"""So many characters in a row of a value are no coincidence: a value can be cut off, or broken over lines."""
_SEED = 8
"""Characters by which such a run is met: each whole eighth of a spelling."""
_MOST = 4
"""Places of one seed in one spelling that are tried; a value of one sign, over and over, has thousands, all alike."""


class Blotter:
    """Puts the name of the key in place of a value, a part of it, or a common spelling of it.

    Args:
        values: key -> secret value.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        spelled = {each: key for key, value in sorted(values.items()) for each in _spellings(value)}
        self._spelled = sorted(spelled.items())
        short = sorted((each for each in spelled if len(each) < _RUN), key=len, reverse=True)
        self._short = re.compile("|".join(map(re.escape, short))) if short else None
        self._keys = spelled
        self._seeds: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for number, (each, _) in enumerate(self._spelled):
            for start in range(0, len(each) - _SEED + 1, _SEED) if len(each) >= _RUN else ():
                met = self._seeds[each[start : start + _SEED]]
                if [it for it, _ in met[-_MOST:]] != [number] * _MOST:
                    met.append((number, start))

    def blot(self, text: str) -> str:
        """The text without the values."""
        parts, end = [], 0
        for start, stop, key in self._runs(text):
            parts += [self._without_short(text[end:start]), f"(value of {key})"]
            end = stop
        return "".join([*parts, self._without_short(text[end:])])

    def _without_short(self, text: str) -> str:
        return self._short.sub(lambda found: f"(value of {self._keys[found[0]]})", text) if self._short else text

    def _runs(self, text: str) -> Iterator[tuple[int, int, str]]:
        """(start, end, key) of each stretch of the text that is a long part of a spelling, from left to right."""
        place = end = 0
        while place <= len(text) - _SEED:
            met = self._seeds.get(text[place : place + _SEED], ())
            runs = [self._grown(text, end, place, number, start) for number, start in met]
            start, stop, number = max(runs, default=(0, 0, 0), key=self._likelihood)
            if stop - start < _RUN:
                place += 1
                continue
            yield start, stop, self._spelled[number][1]
            place = end = stop

    def _likelihood(self, run: tuple[int, int, int]) -> tuple[int, bool]:
        """The longest run names the value best; of equals one that is all of its value."""
        start, stop, number = run
        return stop - start, stop - start == len(self._spelled[number][0])

    def _grown(self, text: str, floor: int, place: int, number: int, start: int) -> tuple[int, int, int]:
        """The run of a spelling around a seed, as far as the text goes along with it, not left of ``floor``."""
        spelling = self._spelled[number][0]
        left = 0
        while place - left > floor and start - left > 0 and text[place - left - 1] == spelling[start - left - 1]:
            left += 1
        right = _SEED
        most = min(len(text) - place, len(spelling) - start)
        while right < most and text[place + right] == spelling[start + right]:
            right += 1
        return place - left, place + right, number


def _spellings(value: str) -> set[str]:
    """A value, its lines, the password in it where it is a URL, and these as other notations spell them."""
    parts = {value, value.strip(), *(line.strip() for line in value.splitlines()), *_passwords(value)}
    spelled = {spell(part) for part in parts for spell in _NOTATIONS}
    spelled |= {each for part in parts for each in _in_base64(part.encode("utf-8", "surrogatepass"))}
    return {each for each in spelled if len(each) >= _SHORTEST}


def _unicode_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


_NOTATIONS: tuple[Callable[[str], str], ...] = (
    str,
    lambda text: json.dumps(text)[1:-1],
    _unicode_json,
    lambda text: json.dumps(json.dumps(text)[1:-1])[1:-1],
    lambda text: _unicode_json(_unicode_json(text)),
    lambda text: repr(text)[1:-1],
    lambda text: html.escape(text),
    lambda text: quote(text, safe="", errors="surrogatepass"),
    lambda text: quote(text, errors="surrogatepass"),
    lambda text: quote_plus(text, errors="surrogatepass"),
)


def _in_base64(value: bytes) -> Iterator[str]:
    """The signs that a value gives by itself, wherever in three bytes it begins."""
    for offset in range(3):
        signs = base64.b64encode(bytes(offset) + value).decode()
        own = signs[-(-offset * 8 // 6) : (offset + len(value)) * 8 // 6]
        yield own
        yield own.translate(str.maketrans("+/", "-_"))


def _passwords(value: str) -> set[str]:
    try:
        password = urlsplit(value).password or ""
    except ValueError:
        return set()
    return {password, unquote(password)}
