"""CloudFormation templates as data: parsed, compared, and asked what depends on what. Nothing here makes a request."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import yaml

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import is_unknown

_LONGEST = 51_200  # bytes of a template body in a request; CloudFormation user guide, quotas
_LOGIC: dict[str, Callable[[list[Any]], bool]] = {
    "Fn::Equals": lambda values: values[0] == values[1],
    "Fn::Not": lambda values: not values[0],
    "Fn::And": all,
    "Fn::Or": any,
}
_SUBSTITUTED = re.compile(r"\$\{([^!}][^}]*)\}")

Tree = Mapping[str, Any]


@dataclass(frozen=True)
class Template:
    """A template: its text as CloudFormation gets it, and its meaning with every short form (``!Ref``) written out."""

    text: str
    body: Tree

    def resources(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """Logical id -> type of what these parameters make, in the template's order."""
        return {name: str(one.get("Type", "")) for name, one in self._made("Resources", parameters)}

    def outputs(self, parameters: Mapping[str, str]) -> list[str]:
        """The names of the outputs that these parameters make."""
        return [name for name, _ in self._made("Outputs", parameters)]

    def _made(self, section: str, parameters: Mapping[str, str]) -> list[tuple[str, Tree]]:
        conditions: Tree = self.body.get("Conditions", {})

        def holds(name: str) -> bool:
            return bool(_evaluate(conditions.get(name), parameters, holds))

        entries: Tree = self.body.get(section, {})
        return [(name, one) for name, one in entries.items() if "Condition" not in one or holds(one["Condition"])]

    def means_the_same(self, other: Template) -> bool:
        """Whether both are one template, comments, order and layout aside."""
        return self.text == other.text or self.body == other.body


def read(path: str) -> Template:
    """Read a template file and refuse what CloudFormation would refuse or silently change.

    Raises:
        BadInput: the file is missing, too large, not ASCII or not a template.
    """
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or error
        raise BadInput(f"The template {path} cannot be read: {said}.", hint="Check the path.") from error
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.isascii():
            raise BadInput(
                f"The template {path} has a character beyond ASCII in line {number}, which CloudFormation gives back "
                "as a question mark, so that no later run could tell whether the stack is up to date.",
                hint="Write it in ASCII.",
            )
    if len(text) > _LONGEST:
        raise BadInput(f"The template {path} has {len(text)} bytes; CloudFormation takes {_LONGEST}.")
    return parse(text, path)


def parse(text: str | Tree, where: str = "the deployed template") -> Template:
    """Parse a template. boto3 gives a deployed JSON template as a mapping already.

    Raises:
        BadInput: it is not YAML, or holds no resources.
    """
    if isinstance(text, Mapping):
        return Template("", text)
    try:
        body = yaml.load(text, Loader=_Loader)  # noqa: S506 - _Loader is a safe loader
    except yaml.YAMLError as error:
        raise BadInput(f"The template {where} is not YAML: {' '.join(str(error).split())}.") from error
    if not isinstance(body, dict) or not isinstance(body.get("Resources"), dict):
        raise BadInput(f"The template {where} has no Resources.")
    return Template(text, body)


def parameters_of(template: Template, given: Tree, where: str) -> dict[str, str]:
    """All parameters of a template in CloudFormation's own form (text): those given, and the defaults of the others.

    Raises:
        BadInput: a parameter is missing, unknown to the template, or outside what the template allows.
    """
    where = os.path.basename(where)
    declared: Tree = template.body.get("Parameters", {})
    foreign = [name for name in given if name not in declared]
    if foreign:
        raise BadInput(
            f"The template {where} has no parameter {foreign[0]}.", hint=f"It has: {', '.join(declared) or 'none'}."
        )
    missing = [name for name, rules in declared.items() if name not in given and "Default" not in rules]
    if missing:
        raise BadInput(f"The template {where} needs a value for its parameter {', '.join(missing)}.")
    values = {name: _text(given.get(name, rules.get("Default"))) for name, rules in declared.items()}
    for name, value in values.items():
        wrong = None if is_unknown(value) else _breach(declared[name], value)
        if wrong:
            raise BadInput(f"The parameter {name} of the template {where} is {value!r}, but it {wrong}.")
    return values


def differences(before: Any, after: Any) -> tuple[Any, Any]:
    """Both trees cut down to the leaves in which they differ."""
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return before, after
    left, right = {}, {}
    for key in [*before, *(key for key in after if key not in before)]:
        if before.get(key) == after.get(key):
            continue
        if key in before and key in after:
            left[key], right[key] = differences(before[key], after[key])
        elif key in before:
            left[key] = before[key]
        else:
            right[key] = after[key]
    return left, right


def outputs_that_stay(before: Template, after: Template, changing: set[str]) -> set[str]:
    """The outputs whose values an update cannot change.

    Args:
        before: the deployed template.
        after: the wanted template.
        changing: names whose values change: parameters, and resources that are made anew or removed.
    """
    old: Tree = before.body.get("Outputs", {})
    new: Tree = after.body.get("Outputs", {})
    return {
        name
        for name, output in new.items()
        if output == old.get(name) and not changing & set(_depends_on(output, after))
    }


def _depends_on(tree: Any, template: Template) -> Iterator[str]:
    """The names of parameters and resources that a part of a template uses, conditions followed to theirs."""
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from _named_by(key, value, template)
            yield from _depends_on(value, template)
    elif isinstance(tree, list):
        for part in tree:
            yield from _depends_on(part, template)


def _named_by(function: str, argument: Any, template: Template) -> list[str]:
    if function == "Ref":
        return [str(argument)]
    if function == "Fn::GetAtt":
        return [argument[0] if isinstance(argument, list) else str(argument).partition(".")[0]]
    if function == "Fn::Sub":
        text = argument[0] if isinstance(argument, list) else argument
        return [name.partition(".")[0] for name in _SUBSTITUTED.findall(text)]
    condition = argument if function == "Condition" else argument[0] if function == "Fn::If" else None
    if isinstance(condition, str):
        return list(_depends_on(template.body.get("Conditions", {}).get(condition), template))
    return []


def _evaluate(tree: Any, parameters: Mapping[str, str], holds: Callable[[str], bool]) -> Any:
    """The value of a condition; what cannot be told from parameters alone holds, so that a plan leaves nothing out."""
    if not isinstance(tree, Mapping):
        return _text(tree)
    ((function, argument),) = tree.items()
    if function == "Ref":
        return parameters.get(argument, tree)
    if function == "Condition":
        return holds(argument)
    if function in _LOGIC:
        return _LOGIC[function]([_evaluate(part, parameters, holds) for part in argument])
    return tree


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return ",".join(_text(part) for part in value)
    return "" if value is None else str(value)


def _breach(rules: Tree, value: str) -> str:
    """What a value does that its parameter does not allow, as the end of a sentence; "" when it is allowed."""
    allowed = [_text(one) for one in rules.get("AllowedValues", [])]
    if allowed and value not in allowed:
        return f"must be one of {', '.join(allowed)}"
    pattern = rules.get("AllowedPattern")
    if pattern and not re.fullmatch(pattern, value):
        return str(rules.get("ConstraintDescription") or f"must match {pattern}")
    if rules.get("Type") == "Number":
        return _numeric_breach(rules, value)
    if not int(rules.get("MinLength", 0)) <= len(value) <= int(rules.get("MaxLength", 4096)):
        return f"must have {rules.get('MinLength', 0)} to {rules.get('MaxLength', 4096)} characters"
    return ""


def _numeric_breach(rules: Tree, value: str) -> str:
    try:
        number = float(value)
    except ValueError:
        return "must be a number"
    low, high = float(rules.get("MinValue", "-inf")), float(rules.get("MaxValue", "inf"))
    return "" if low <= number <= high else f"must be from {rules.get('MinValue')} to {rules.get('MaxValue')}"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # either is a safe loader
    """Reads CloudFormation's YAML: short forms of its functions, and dates as the text that they are."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _long_form(loader: Any, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _long_form)
