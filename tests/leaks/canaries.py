"""Values to look for: config vars of many shapes, on the ground of the rehearsal's own seed, and credentials."""

from __future__ import annotations

import base64
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from rehearsal.running import SEED
from tests.leaks.detector import SHORTEST

APP = "bond-server"
TELLTALE = "v48-telltale"
"""The image that prints its environment as it dies, pushed plainly, so that its preflight has a layer of it."""
TELLTALE_TASK = "v49-telltale-task"
"""The image whose release task does."""
VISITORS = 20
"""Requests a second: enough to judge a shift to a quarter, and little work for the machine."""
_SIGNS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_DRAWN = random.Random(20260101)  # noqa: S311 - the same canaries in every run, so that a hit can be looked at again
_NO_SECRETS = frozenset({"bond-server", "production", "eu-west-1", "api.bond.example", "https://api.bond.example"})
"""Values of the rehearsal's seed that its inventory says, too."""


def _token(length: int = 24) -> str:
    return "".join(_DRAWN.choices(_SIGNS, k=length))


def _pem() -> str:
    body = base64.b64encode(_DRAWN.randbytes(600)).decode()
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return "\n".join(["-----BEGIN RSA PRIVATE KEY-----", *lines, "-----END RSA PRIVATE KEY-----", ""])


SHAPES: dict[str, str] = {
    "token": _token(40),
    "short token": _token(12),
    "URL with a password": f"postgres://u{_token(8)}:p%40{_token(20)}@db.{_token(8).lower()}.example:5432/d?ssl=true",
    "PEM": _pem(),
    "unicode": f"Õun {_token()} 世界 ✓ 🚀 \u202e{_token()}\u200b é",
    "JSON": '{"type": "service_account", "key": "' + _token(32) + "\\n" + _token() + '", "n": [1, null]}',
    "quotes": f'it\'s "{_token()}" `{_token()}` \\\\ \\n \\"{_token()}\'',
    "shell": f"$(id) `id` ${{HOME}} {_token()}; rm -rf x && echo {_token()} | cat > /dev/null #",
    "Jinja": "{{ 7*7 }} {% raw %} {{ lookup('env', 'HOME') }} " + _token() + " {# " + _token() + " #}",
    "base64": base64.b64encode(_DRAWN.randbytes(48)).decode(),
    "spaces": f"   {_token()}   {_token()}  ",
    "very long": base64.b64encode(_DRAWN.randbytes(15_000)).decode(),
    "commas and equals": f"a={_token()},b={_token()},,=={_token()}==",
    "tabs and newlines": f"\t{_token()}\n\n\t- {_token()}\r\n: {_token()}\n",
    "YAML": f"key: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  {_token(40)}\n- [*{_token()}]\n",
    "HTML": f'<a href="?x={_token()}&amp;y=1">{_token()}</a>',
    "numbers": "".join(_DRAWN.choices("0123456789", k=30)),
    "hexadecimal": _DRAWN.randbytes(32).hex(),
    "dashes": f"--{_token()} -e {_token()}",
    "control signs": f"\x1b[31m{_token()}\x1b[0m\x07{_token()}",
}
"""What is planted as config vars."""


def new_value() -> str:
    """Another value to plant."""
    return _token(40)


def planted_config() -> dict[str, str]:
    """Config key -> planted value."""
    return {f"CANARY_{shape.upper().replace(' ', '_')}": value for shape, value in SHAPES.items()}


def seed_with_canaries(into: Path) -> dict[str, str]:
    """Write the rehearsal's seed with the canaries and a build that tells; returns all values to look for.

    One is in every address that is a credential by itself: those must be nowhere, as the values.
    """
    seed: dict[str, Any] = yaml.safe_load(SEED.read_text(encoding="utf-8"))
    config = seed["heroku"][APP]["config"]
    config.update(planted_config())
    images = seed["aws"]["images"][APP]
    images[TELLTALE] = {**images["v41"], "starts": "crashes", "tells_environment": True, "single": True}
    images[TELLTALE_TASK] = {"commands": {"node migrate.js": {"exit_code": 1}}, "tells_environment": True}
    seed["visitors"]["rate"] = VISITORS
    seed["signature"] = _token()
    into.write_text(yaml.safe_dump(seed, allow_unicode=True), encoding="utf-8")
    values = {name: value for name, value in config.items() if len(value) >= SHORTEST and value not in _NO_SECRETS}
    return {**values, "signature of an address": seed["signature"]}


def aws_credentials() -> dict[str, str]:
    """What an operator exports for AWS: the stand-in takes any."""
    session = f"IQoJb3JpZ2luX2VjE{_token(300)}=="
    return {"AWS_SECRET_ACCESS_KEY": f"{_token(20)}/+{_token(18)}", "AWS_SESSION_TOKEN": session}


def credentials_in(environment: Mapping[str, str]) -> dict[str, str]:
    """The credentials that a run is given."""
    names = (
        "HEROKU_API_KEY",
        "CLOUDFLARE_API_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "OFFRAMP_FINGERPRINT_KEY",
    )
    return {name: environment[name] for name in names}
