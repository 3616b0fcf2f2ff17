"""The detector finds a value in every spelling and packing, and nothing where there is none."""

from __future__ import annotations

import base64
import gzip
import io
import json
import urllib.parse
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.leaks import detector
from tests.leaks.canaries import SHAPES
from tests.leaks.detector import FORMS, Detector, Finding, pieces

SECRET = 'pa"ss\nõ/wörd 🚀 & it'
"""No word in it is found by itself, only the whole."""


def zipped(value: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("module.py", b"x = 1\n" * 50 + value)
    return file.getvalue()


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "zip": zipped,
    "zip after something": lambda value: b"#!/bin/sh\n" + zipped(value),
    "half a zip": lambda value: zipped(value)[:-60],
    "zip in base64, as AnsiballZ does": lambda value: b'ZIPDATA = r"""' + base64.b64encode(zipped(value)) + b'"""',
    "zip in base64 after a letter": lambda value: b"n" + base64.b64encode(zipped(value)),
    "gzip in base64 in gzip": lambda value: gzip.compress(base64.b64encode(gzip.compress(value))),
    "base64 of base64": lambda value: base64.b64encode(base64.b64encode(value)),
    "wrapped base64": lambda value: base64.encodebytes(b"." * 70 + value + b"." * 70),
    "wrapped base64 in JSON": lambda value: json.dumps(base64.encodebytes(b"." * 70 + value).decode()).encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_value_is_found_in_every_form(form: str) -> None:
    assert Detector({"KEY": SECRET}).in_bytes(b"before " + FORMS[form](SECRET) + b" after")


@pytest.mark.parametrize("pack", PACKED.values(), ids=PACKED)
def test_a_value_is_found_in_every_packing(pack: Callable[[bytes], bytes]) -> None:
    assert Detector({"KEY": SECRET}).in_bytes(pack(b"text " + SECRET.encode() + b" text"))
    assert not Detector({"KEY": SECRET}).in_bytes(pack(b"text and more of it, and more, and more"))


@pytest.mark.parametrize("value", SHAPES.values(), ids=SHAPES)
def test_every_shape_of_canary_is_found_as_vendors_and_tools_spell_it(value: str) -> None:
    found = Detector({"KEY": value})
    document = json.dumps({"SecretString": json.dumps({"KEY": value, "OTHER": "x"})})
    for text in (value, json.dumps(value), document, repr({"KEY": value}), urllib.parse.urlencode({"KEY": value})):
        assert found.in_bytes(text.encode())
    for offset in range(3):
        assert found.in_bytes(base64.b64encode(b"." * offset + value.encode() + b"."))


@pytest.mark.parametrize("offset", range(3))
def test_base64_needles_do_not_depend_on_what_stands_around(offset: int) -> None:
    blob = base64.b64encode(bytes(range(201)) + bytes(offset) + SECRET.encode() + b"tail")
    assert FORMS[f"base64 at {offset}"](SECRET) in blob


def test_a_part_of_a_long_value_is_found_wherever_it_was_cut() -> None:
    value = SHAPES["very long"]
    found = Detector({"KEY": value})
    assert all(found.in_bytes(value[start : start + 63].encode()) for start in range(0, len(value) - 63, 97))
    assert not found.in_bytes(value[:20].encode())


def test_the_password_of_a_url_is_found_alone() -> None:
    assert Detector({"KEY": "https://me:5CIy0g1ypXQKMm4r@db.example/x"}).in_bytes(b"password 5CIy0g1ypXQKMm4r, wrong")


def test_a_large_file_is_read_in_chunks_and_a_value_on_their_seam_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detector, "_CHUNK", 4096)
    monkeypatch.setattr(detector, "_OVERLAP", 512)
    for start in (4090, 1020, 8191):
        file = tmp_path / f"{start}"
        file.write_bytes(b"." * start + SECRET.encode() + b"." * 5000)
        assert Detector({"KEY": SECRET}).in_file(file)


def test_the_name_of_a_file_is_looked_at() -> None:
    value = "7f3k9qX2mB8tR4"
    assert Detector({"KEY": value}).in_bytes(f"/tmp/{value}.json".encode())


def test_a_finding_never_tells_the_value() -> None:
    (finding,) = Detector({"KEY": "7f3k9qX2mB8tR4"}).in_bytes(b"7f3k9qX2mB8tR4")
    assert finding == Finding("KEY", "plain")
    assert "7f3k" not in repr(finding)


def test_what_is_too_short_is_no_canary() -> None:
    assert pieces("2") == set()
    assert Detector({"KEY": "info"}).in_bytes(b"info") == set()


def test_nothing_is_found_in_ordinary_text() -> None:
    text = Path(detector.__file__).read_bytes() * 20
    assert Detector(SHAPES).in_bytes(text) == set()
