"""Heroku's own catalogue: dyno sizes, stacks and regions (from its public price list and Platform API reference)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """A dyno size. Memory in GB; price in US cents for a month of one dyno; ``most`` dynos for a process type."""

    name: str
    memory: float
    compute: int
    cents: int
    units: float
    dedicated: bool = False
    most: int = 100


SIZES = {
    size.name.lower(): size
    for size in (
        Size("Eco", 0.5, 1, 500, 0.2, most=1),
        Size("Basic", 0.5, 1, 700, 0.28, most=10),
        Size("Standard-1X", 0.5, 1, 2500, 1),
        Size("Standard-2X", 1, 2, 5000, 2),
        Size("Performance-M", 2.5, 12, 25000, 8, dedicated=True),
        Size("Performance-L", 14, 50, 50000, 16, dedicated=True),
        Size("Performance-L-RAM", 30, 24, 50000, 16, dedicated=True),
        Size("Performance-XL", 62, 50, 75000, 24, dedicated=True),
        Size("Performance-2XL", 126, 100, 150000, 48, dedicated=True),
    )
}

STACKS = ("heroku-22", "heroku-24", "container")
DEFAULT_STACK = "heroku-24"

REGIONS = {
    "eu": ("Ireland", "Dublin", "eu-west-1", "Europe"),
    "us": ("United States", "Virginia", "us-east-1", "United States"),
}
"""Name -> country, locale, AWS region, description."""

FEATURES = {
    "preboot": "Provide seamless web dyno deploys",
    "runtime-dyno-metadata": "Dyno Metadata",
    "http-session-affinity": "Enable session affinity for all requests",
}


def canonical_size(name: str) -> str:
    """A dyno size as Heroku spells it ("standard-1x" -> "Standard-1X"); an unknown one comes back as it is."""
    known = SIZES.get(name.lower())
    return known.name if known else name
