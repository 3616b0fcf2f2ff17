"""Finds planted values in bytes, in whatever common spelling; tells which value and which spelling, never the value.

A value is looked for in pieces, so that a part of it is found, too: a long one in windows of 32 characters side by side
(no run of 63 characters of it can hide), and each random-looking word in it (the password of a URL). Each piece is
spelled in every form of :data:`FORMS`. Bytes are also unpacked: base64, zip (an AnsiballZ payload is a zip in base64),
gzip and zlib, one in the other.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import html
import json
import os
import re
import shlex
import sys
import urllib.parse
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import yaml

SHORTEST = 8
"""Characters from which on a value in an output is no coincidence."""
_WINDOW = 32
_SHORTEST_WORD = 12
_WORD = re.compile(rf"[A-Za-z0-9]{{{_SHORTEST_WORD},}}")
_ANCHOR = SHORTEST
"""Bytes of each needle that are looked for first, all needles at once."""
_CHUNK = 64 * 1024 * 1024
"""Bytes of a stream that are in memory at a time; what is packed is unpacked whole where it lies within."""
_OVERLAP = 4 * 1024 * 1024
"""Bytes that two chunks share."""
_DEEPEST = 4
"""How often what was unpacked is unpacked again."""
_SHORTEST_PACKED = 64
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{16,}(?:(?:\r?\n|\\n)[A-Za-z0-9+/_-]+)*")
_WRAP = re.compile(rb"\r?\n|\\n")
_PACKED_IN_BASE64 = re.compile(rb"UEsDB|H4sI")
"""How a zip and a gzip begin in base64."""
_AS_GZIP, _AS_ZLIB, _AS_DEFLATE = 31, 15, -15
"""zlib's numbers for what it is to read."""
_STANDARD = bytes.maketrans(b"-_", b"+/")
_GZIP = re.compile(rb"\x1f\x8b\x08")
_ZLIB = re.compile(rb"\A\x78[\x01\x5e\x9c\xda]")
_ZIPPED = re.compile(rb"PK\x03\x04.{4}\x08\x00.{16}(..)(..)", re.DOTALL)
"""The header of a deflated member, and the lengths of the two fields after it (APPNOTE.TXT 4.3.7)."""


@dataclass(frozen=True, order=True)
class Finding:
    """A value that stands where it must not: the name of the canary, and how it is spelled there."""

    canary: str
    form: str


def _base64_at(offset: int) -> Callable[[str], bytes]:
    """The characters that a piece gives wherever it begins at ``offset`` (0, 1, 2) within three bytes of a whole."""

    def spelled(piece: str) -> bytes:
        raw = piece.encode()
        text = base64.b64encode(bytes(offset) + raw)
        return text[-(-offset * 8 // 6) : (offset + len(raw)) * 8 // 6]

    return spelled


def _urlsafe(spelled: Callable[[str], bytes]) -> Callable[[str], bytes]:
    return lambda piece: spelled(piece).translate(bytes.maketrans(b"+/", b"-_"))


def _json(piece: str, ascii_only: bool = True) -> str:
    return json.dumps(piece, ensure_ascii=ascii_only)[1:-1]


def _yaml(piece: str, unicode: bool) -> bytes:
    """Inside the quotes of a double-quoted scalar."""
    text = yaml.dump(piece, Dumper=yaml.CSafeDumper, default_style='"', allow_unicode=unicode, width=10**6)
    return str(text).strip()[1:-1].encode()


FORMS: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "JSON": lambda piece: _json(piece).encode(),
    "JSON with unicode": lambda piece: _json(piece, ascii_only=False).encode(),
    "JSON in JSON": lambda piece: _json(_json(piece)).encode(),
    "JSON with unicode in JSON": lambda piece: _json(_json(piece, ascii_only=False)).encode(),
    "repr": lambda piece: repr(piece)[1:-1].encode(),
    "repr of bytes": lambda piece: repr(piece.encode())[2:-1].encode(),
    "YAML": lambda piece: _yaml(piece, unicode=False),
    "YAML with unicode": lambda piece: _yaml(piece, unicode=True),
    "shell": lambda piece: shlex.quote(piece).strip("'").encode(),
    "HTML": lambda piece: html.escape(piece).encode(),
    "URL": lambda piece: urllib.parse.quote(piece, safe="").encode(),
    "URL path": lambda piece: urllib.parse.quote(piece).encode(),
    "URL form": lambda piece: urllib.parse.quote_plus(piece).encode(),
    "hexadecimal": lambda piece: piece.encode().hex().encode(),
    "HEXADECIMAL": lambda piece: piece.encode().hex().upper().encode(),
    "UTF-16": lambda piece: piece.encode("utf-16-le"),
    **{f"base64 at {offset}": _base64_at(offset) for offset in range(3)},
    **{f"urlsafe base64 at {offset}": _urlsafe(_base64_at(offset)) for offset in range(3)},
}
"""Name of a spelling -> how it spells a piece of text."""


def pieces(value: str) -> set[str]:
    """What of a value is looked for; nothing where it is too short to tell a leak from a coincidence."""
    if len(value) < SHORTEST:
        return set()
    words = {word for word in _WORD.findall(value) if not word.isalpha() and not word.isdigit()}
    return {piece for part in (value, *words) for piece in _windows(part)}


def _windows(part: str) -> Iterator[str]:
    if len(part) <= _WINDOW:
        yield part
        return
    for start in (*range(0, len(part) - _WINDOW, _WINDOW), len(part) - _WINDOW):
        yield part[start : start + _WINDOW]


class Detector:
    """Looks for canaries (name -> value); too short ones are left out."""

    def __init__(self, canaries: Mapping[str, str]) -> None:
        self._needles: dict[int, list[tuple[bytes, Finding]]] = defaultdict(list)
        known: set[tuple[bytes, str]] = set()
        for name, value in canaries.items():
            for piece in pieces(value):
                for form, spelled in FORMS.items():
                    needle = spelled(piece)
                    if (needle, name) not in known:
                        known.add((needle, name))
                        self._needles[_anchor(needle)].append((needle, Finding(name, form)))
        self._anchors = frozenset(self._needles)
        self._known: dict[tuple[bytes, int], set[Finding]] = {}

    def in_bytes(self, data: bytes) -> set[Finding]:
        """What stands in ``data``, packed or not."""
        return self._in(data, _DEEPEST)

    def in_file(self, path: Path) -> set[Finding]:
        """What stands in a file of any size, and in its name."""
        with path.open("rb") as file:
            return self.in_bytes(os.fsencode(path)) | self.in_stream(file)

    def in_stream(self, stream: BinaryIO) -> set[Finding]:
        """What stands in a stream, which is read chunk by chunk."""
        found: set[Finding] = set()
        kept = b""
        while chunk := stream.read(_CHUNK):
            found |= self.in_bytes(kept + chunk)
            kept = (kept + chunk)[-_OVERLAP:]
        return found

    def _in(self, data: bytes, depth: int) -> set[Finding]:
        """The same, unpacked so deep; what is packed in many files alike is looked at once."""
        key = (hashlib.blake2b(data).digest(), depth)
        if key not in self._known:
            self._known[key] = self._look(data, depth)
        return self._known[key]

    def _look(self, data: bytes, depth: int) -> set[Finding]:
        found = {
            finding for anchor in self._anchors_in(data) for needle, finding in self._needles[anchor] if needle in data
        }
        if depth:
            for inner in set(_unpacked(data)):
                found |= self._in(inner, depth - 1)
        return found

    def _anchors_in(self, data: bytes) -> set[int]:
        """One pass for all needles: which of their anchors are there at all."""
        found: set[int] = set()
        for shift in range(_ANCHOR):
            words = memoryview(data)[shift : shift + (len(data) - shift) // _ANCHOR * _ANCHOR].cast("Q")
            found |= self._anchors.intersection(words)
        return found


def _anchor(needle: bytes) -> int:
    """The eight bytes of a needle that look least like other text, those of the most different signs, as one number."""
    windows = [needle[start : start + _ANCHOR] for start in range(len(needle) - _ANCHOR + 1)]
    return int.from_bytes(max(windows, key=lambda window: len(set(window))), sys.byteorder)


def _unpacked(data: bytes) -> Iterator[bytes]:
    """What is packed in ``data``; half of something packed gives its half."""
    for run in set(_BASE64.findall(data)):
        if len(run) >= _SHORTEST_PACKED:
            yield from _decoded(_WRAP.sub(b"", run).translate(_STANDARD))
    for place in _GZIP.finditer(data):
        yield from _inflated(data[place.start() :], _AS_GZIP)
    for place in _ZIPPED.finditer(data):
        fields = sum(int.from_bytes(length, "little") for length in place.groups())
        yield from _inflated(data[place.end() + fields :], _AS_DEFLATE)
    if _ZLIB.match(data):
        yield from _inflated(data, _AS_ZLIB)


def _decoded(run: bytes) -> Iterator[bytes]:
    """What base64 stands for, from its beginning and from wherever something packed begins in it."""
    for start in {0, *(place.start() for place in _PACKED_IN_BASE64.finditer(run))}:
        text = run[start:]
        yield base64.b64decode(text[: len(text) - len(text) % 4])


def _inflated(data: bytes, window_bits: int) -> Iterator[bytes]:
    with contextlib.suppress(zlib.error):  # it only looked packed
        yield zlib.decompressobj(window_bits).decompress(data, _CHUNK)
