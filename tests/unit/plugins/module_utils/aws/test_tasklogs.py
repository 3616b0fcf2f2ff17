"""Log lines without the values of the secret."""

from __future__ import annotations

import json

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws.tasklogs import blotted

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
    assert blotted([line], VALUES) == [shown]


def test_without_values_lines_stay() -> None:
    assert blotted(["a", "b"], {}) == ["a", "b"]
