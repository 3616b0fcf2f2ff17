"""How long the names may be that we form for AWS, and what they may hold; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """What AWS takes as the name of a kind of thing; ``shape`` in words is what ``pattern`` says."""

    told: str
    longest: int
    pattern: str
    shape: str


RULES: Mapping[str, Rule] = {
    "stack": Rule("CloudFormation stack", 128, r"[A-Za-z][A-Za-z0-9-]*", "letters, digits and hyphens, a letter first"),
    "cluster": Rule("ECS cluster", 255, r"[A-Za-z0-9_-]+", "letters, digits, hyphens and underscores"),
    "service": Rule("ECS service", 255, r"[A-Za-z0-9_-]+", "letters, digits, hyphens and underscores"),
    "family": Rule("task definition family", 255, r"[A-Za-z0-9_-]+", "letters, digits, hyphens and underscores"),
    "container": Rule("container", 255, r"[A-Za-z0-9_-]+", "letters, digits, hyphens and underscores"),
    "log_group": Rule("log group", 512, r"[A-Za-z0-9_/.#-]+", "letters, digits and _ / . # -"),
    "repository": Rule(
        "ECR repository",
        256,
        r"(?=..)[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*",
        "two or more lower-case letters and digits, with single . _ - or / between them",
    ),
    "secret": Rule("secret", 256, r"[A-Za-z0-9/_+=.@-]+", "letters, digits and / _ + = . @ -"),
    "prefix_list": Rule("prefix list", 255, r"(?!com\.amazonaws).+", "anything that does not begin with com.amazonaws"),
    "load_balancer": Rule(
        "load balancer", 32, r"(?!internal-)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?", "letters, digits and inner hyphens"
    ),
    "tag_value": Rule("tag value", 256, r"[\w .:/=+@-]*", "letters, digits, spaces and _ . : / = + - @"),
}
"""By kind, from each service's API reference. A secret's name may have 512 characters; our template takes 256."""


def mistakes(names: Mapping[str, Iterable[str]]) -> list[str]:
    """What AWS would not take of names, by kind; each a clause that names the thing and the limit.

    Args:
        names: kind (a key of :data:`RULES`) -> the names that would be formed.
    """
    return [told for kind, given in names.items() for name in given if (told := _mistake(RULES[kind], name))]


def _mistake(rule: Rule, name: str) -> str:
    if len(name) > rule.longest:
        return f"the {rule.told} {name} has {len(name)} characters, and {rule.longest} is the most"
    if not re.fullmatch(rule.pattern, name):
        return f"the {rule.told} {name!r} takes {rule.shape}"
    return ""
