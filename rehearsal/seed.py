"""The seed file: what the world holds when it starts. A mistake in it is one clear sentence, never a traceback."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0)]


class SeedError(ValueError):
    """The seed file cannot be used; the message says what, where and what to do."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


PLATFORMS: tuple[Literal["amd64", "arm64"], ...] = ("amd64", "arm64")
"""The processors that an image is built for, in the words of its manifest."""


class Command(_Part):
    """What a command of an image does that ends by itself, as a migration does."""

    seconds: Seconds = 0.2
    exit_code: int = 0
    says: str = ""


class Behaviour(_Part):
    """How a build of the demo app behaves, on whichever platform it runs."""

    starts: Literal["healthy", "crashes", "never_healthy"] = "healthy"
    exit_code: int = 1
    errors: Share = 0.0
    """The share of requests (health checks excepted) answered with 500."""
    delay: Seconds = 0.0
    """Added to each answer (health checks excepted)."""
    slow_start: Seconds = 0.0
    """From the start of the process until it listens."""
    dies_after: Seconds | None = None
    """From the first moment it listens until it exits with ``exit_code``."""
    platforms: tuple[Literal["amd64", "arm64"], ...] = PLATFORMS
    """The processors that its manifest names; the app itself runs on this machine's."""
    single: bool = False
    """Pushed as plain ``docker push`` does: one manifest in place of an index, for the first of ``platforms``."""
    tells_environment: bool = False
    """Prints its whole environment when it crashes or dies, as the error pages of many frameworks do."""
    commands: dict[str, Command] = {}
    """Commands in its image that end by themselves, as a shell would be given them. Every other one serves or works."""


class Formation(_Part):
    """One process type of a Heroku app."""

    quantity: int = 1
    size: str = "standard-1x"
    command: str


class Addon(_Part):
    """An add-on with the config vars it owns (their values stand in the app's ``config``)."""

    service: str
    plan: str
    name: str
    config: list[str] = []
    price_cents: int = 0


class Release(_Part):
    """One line of a Heroku app's release history."""

    version: int
    description: str
    user: str = "founder@bond.example"


class HerokuApp(_Part):
    """One Heroku app. ``behaviour`` is that of the slug its dynos run."""

    region: str = "eu"
    stack: str = "heroku-24"
    config: dict[str, str]
    formation: dict[str, Formation]
    addons: list[Addon] = []
    domains: list[str] = []
    releases: list[Release] = []
    behaviour: Behaviour = Behaviour()


class Aws(_Part):
    """The AWS account. ``images`` (repository -> tag -> behaviour) are pushed as soon as their repository exists."""

    region: str = "eu-west-1"
    account: str = "123456789012"
    images: dict[str, dict[str, Behaviour]] = {}
    certificates: list[str] = []
    """Domain names for which an issued ACM certificate exists from the start."""
    service_linked_roles: list[str] = [
        "ecs.amazonaws.com",
        "elasticloadbalancing.amazonaws.com",
        "ecs.application-autoscaling.amazonaws.com",
        "memorydb.amazonaws.com",
    ]
    """Services whose linked role exists from the start; AWS makes one that is missing at the first use."""
    quotas: dict[str, float] = {}
    """Quotas that are not AWS's default, by service and code ("vpc/L-F678F1CE": 1)."""


class DnsRecord(_Part):
    """One DNS record. A CNAME to ``heroku:<domain>`` gets the herokudns name of that domain; a CAA reads
    ``0 issue "amazon.com"``."""

    type: Literal["A", "AAAA", "CAA", "CNAME", "TXT"]
    name: str
    content: str
    proxied: bool = False


class Zone(_Part):
    """One Cloudflare zone; ``load_balancing`` says whether the account has bought that."""

    dns: list[DnsRecord] = []
    load_balancing: bool = True


class Cloudflare(_Part):
    """The Cloudflare account with its zones by name, and the ranges of its edge (by default the real ones)."""

    zones: dict[str, Zone] = {}
    ipv4_ranges: list[str] = [
        "173.245.48.0/20",
        "103.21.244.0/22",
        "103.22.200.0/22",
        "103.31.4.0/22",
        "141.101.64.0/18",
        "108.162.192.0/18",
        "190.93.240.0/20",
        "188.114.96.0/20",
        "197.234.240.0/22",
        "198.41.128.0/17",
        "162.158.0.0/15",
        "104.16.0.0/13",
        "104.24.0.0/14",
        "172.64.0.0/13",
        "131.0.72.0/22",
    ]
    ipv6_ranges: list[str] = [
        "2400:cb00::/32",
        "2606:4700::/32",
        "2803:f800::/32",
        "2405:b500::/32",
        "2405:8100::/32",
        "2a06:98c0::/29",
        "2c0f:f248::/32",
    ]


class Visitors(_Part):
    """Open-loop traffic to the edge: ``rate`` requests a second to ``host``, paths by weight."""

    host: str
    rate: float = 100.0
    paths: dict[str, float] = {"/": 1.0}


class Seed(_Part):
    """The whole world at its start."""

    heroku: dict[str, HerokuApp] = {}
    aws: Aws = Aws()
    cloudflare: Cloudflare = Cloudflare()
    visitors: Visitors | None = None
    signature: str = "signed"
    """Stands in each address that is a credential by itself: of a session of Heroku's logs, of a layer of an image."""


def load_seed(path: Path) -> Seed:
    """Read a seed file.

    Raises:
        SeedError: the file is missing, is not YAML, or does not describe a world.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SeedError(f"The seed file {path} cannot be read: {error.strerror}.") from error
    except yaml.YAMLError as error:
        raise SeedError(f"The seed file {path} is not YAML: {' '.join(str(error).split())}.") from error
    try:
        return Seed.model_validate(content or {})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the top level"
        raise SeedError(f"The seed file {path} has a mistake at {where}: {first['msg']}.") from error
