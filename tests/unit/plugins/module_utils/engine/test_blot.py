"""Text without secret values, whole or in part, in whatever common spelling."""

from __future__ import annotations

import base64
import html
import json
import urllib.parse
from collections.abc import Callable

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.engine.blot import Blotter

KEY = "-----BEGIN PRIVATE KEY-----\nNV+23hx3W80E6uKQ/e9h\n-----END PRIVATE KEY-----\n"
VALUES = {
    "MONGODB_URI": "mongodb+srv://bond:5CIy0g%2FypXQK@cluster0.example/bond?w=majority",
    "PRIVATE_KEY": KEY,
    "RETRIES": "2",
    "EMPTY": "",
    "JWT_SECRET": "4cMEyJvu/fhsEA2tPaX",
    "LONGER": "4cMEyJvu/fhsEA2tPaX-and-more",
}


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("no secret in 2 lines", "no secret in 2 lines"),
        ("token=4cMEyJvu/fhsEA2tPaX;", "token=(value of JWT_SECRET);"),
        ("token=4cMEyJvu/fhsEA2tPaX-and-more", "token=(value of LONGER)"),
        ("url=4cMEyJvu%2FfhsEA2tPaX", "url=(value of JWT_SECRET)"),
        ("login bond with 5CIy0g/ypXQK", "login bond with (value of MONGODB_URI)"),
        ("login bond with 5CIy0g%2FypXQK", "login bond with (value of MONGODB_URI)"),
        (f"cannot reach {VALUES['MONGODB_URI']}", "cannot reach (value of MONGODB_URI)"),
        ("key: NV+23hx3W80E6uKQ/e9h", "key: (value of PRIVATE_KEY)"),
        (f"config {json.dumps(KEY)}", 'config "(value of PRIVATE_KEY)"'),
    ],
)
def test_values_their_parts_and_their_spellings_are_blotted_out(line: str, shown: str) -> None:
    assert Blotter(VALUES).blot(line) == shown


def test_without_values_text_stays() -> None:
    assert Blotter({}).blot("a text") == "a text"


def test_equal_beginnings_are_named_by_the_value_that_goes_further() -> None:
    values = {"SHORT": "0123456789abcdef-x", "LONG": "0123456789abcdef-yes"}
    assert Blotter(values).blot("0123456789abcdef-yes") == "(value of LONG)"


LONG = "".join(chr(33 + number * 7 % 90) for number in range(500)) + "Ünïcödé 世界 🚀 \n\t'\"\\ and more of it"
SPELLED: dict[str, Callable[[str], str]] = {
    "plain": str,
    "Python": lambda value: repr({"KEY": value}),
    "JSON": lambda value: json.dumps({"KEY": value}),
    "JSON in JSON": lambda value: json.dumps({"b": json.dumps({"K": value})}),
    "HTML": html.escape,
    "URL": lambda value: urllib.parse.urlencode({"key": value}),
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "basic authorisation": lambda value: base64.b64encode(f"user:{value}".encode()).decode(),
}


@pytest.mark.parametrize("spell", SPELLED.values(), ids=SPELLED)
def test_no_run_of_a_value_is_left_in_any_spelling(spell: Callable[[str], str]) -> None:
    text = spell(LONG)
    left = Blotter({"KEY": LONG}).blot(f"before {text} after").replace("(value of KEY)", "")
    assert left.startswith("before ")
    assert left.endswith(" after")
    assert len(left) < 40 < len(text)


@pytest.mark.parametrize("start", [0, 1, 5, 211, 493])
def test_a_part_of_a_value_is_blotted_out_wherever_it_was_cut(start: int) -> None:
    assert Blotter({"KEY": LONG}).blot(f"… {LONG[start : start + 16]} …") == "… (value of KEY) …"


def test_a_value_of_one_sign_is_blotted_out_too() -> None:
    assert Blotter({"KEY": "x" * 20_000}).blot("y" + "x" * 20_000) == "y(value of KEY)"


def test_a_few_characters_in_common_are_no_leak() -> None:
    assert Blotter({"KEY": "https://hooks.example/T0/B0/x"}).blot("see https://docs") == "see https://docs"
