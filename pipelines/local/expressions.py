"""Decides what an expression is worth: Get, Std:Join, Std:JsonGet and conditions."""

import json
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pipelines.definition import Json, is_expression, parse_path
from pipelines.local.errors import UnresolvedReference, choices
from pipelines.local.store import LocalStore, join

_MAX_SHOWN_CHARACTERS = 40

NAME_KEYS = ("OutputName", "InputName", "MetricName", "ChannelName", "Name")
"""Members that name an element of a list: `Outputs['train']` is the one with that OutputName."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """Everything that a reference can name."""

    parameters: Mapping[str, Json]
    """Values of the pipeline parameters."""
    execution: Mapping[str, Json]
    """Execution variables, for example PipelineExecutionId."""
    store: LocalStore
    properties: dict[str, Json] = field(default_factory=dict)
    """Properties of the steps that succeeded, by name."""
    property_files: dict[str, Mapping[str, tuple[str, str]]] = field(default_factory=dict)
    """Per step, the output name and the path of each property file."""

    def resolve(self, value: Json) -> Json:
        """The value with every expression inside it replaced.

        Raises:
            UnresolvedReference: An expression leads nowhere.
        """
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if not isinstance(value, dict):
            return value
        if not is_expression(value):
            return {key: self.resolve(item) for key, item in value.items()}
        kind, operand = next(iter(value.items()))
        if kind == "Get":
            return self._get(operand)
        if kind == "Std:Join":
            return self._join(operand)
        return self._json_get(operand)

    def _get(self, text: str) -> Json:
        root, *path = parse_path(text)
        homes = {
            "Parameters": self.parameters,
            "Execution": self.execution,
            "Steps": self.properties,
        }
        if root not in homes or not path:
            raise UnresolvedReference(
                f"'{text}' is not a reference; expected Parameters.<name>, Execution.<name> or "
                "Steps.<name>.<property>."
            )
        return follow(homes[str(root)], path, text)

    def _join(self, operand: Json) -> str:
        values = self.resolve(operand["Values"])
        for value in values:
            if not isinstance(value, str | int | float):
                raise UnresolvedReference(
                    f"Std:Join joins strings, numbers and booleans, got {json.dumps(value)}."
                )
        return str(self.resolve(operand.get("On", ""))).join(_text(value) for value in values)

    def _json_get(self, operand: Json) -> Json:
        uri = self.resolve(operand["S3Uri"]) if "S3Uri" in operand else self._uri(operand)
        path = self.resolve(operand["Path"])
        try:
            document = json.loads(self.store.read_bytes(uri))
        except ValueError as error:
            raise UnresolvedReference(f"'{uri}' is not JSON: {error}.") from error
        value = follow(document, parse_path(path), f"{path} of {uri}")
        if isinstance(value, dict | list):
            raise UnresolvedReference(
                f"'{path}' of '{uri}' is {'an object' if isinstance(value, dict) else 'a list'}; "
                "expected a string, a number or a boolean."
            )
        return value

    def _uri(self, operand: Json) -> str:
        text = operand["PropertyFile"]["Get"]
        _, step, _, name = parse_path(text)
        output, file_path = follow(self.property_files, [step, name], text)
        outputs = follow(self.properties, [step, "ProcessingOutputConfig", "Outputs"], text)
        return join(follow(outputs, [output], text)["S3Output"]["S3Uri"], file_path)


def follow(value: Json, path: "list[str | int] | tuple[str | int, ...]", text: str) -> Json:
    """Walk from a value along a path.

    A list is entered by index, or by the name of one of its elements.

    Raises:
        UnresolvedReference: A segment is not there.
    """
    for segment in path:
        if isinstance(value, list) and isinstance(segment, str):
            members: Mapping[Json, Json] = {
                item[key]: item
                for item in value
                if isinstance(item, dict)
                for key in NAME_KEYS
                if key in item
            }
        elif isinstance(value, list):
            members = dict(enumerate(value))
        else:
            members = value if isinstance(value, Mapping) else {}
        if segment not in members:
            raise UnresolvedReference(
                f"'{text}' leads nowhere: there is no '{segment}'. "
                f"There are: {choices([str(name) for name in members])}."
            )
        value = members[segment]
    return value


def _text(value: Json) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


_COMPARISONS: Mapping[str, tuple[str, Callable[[Json, Json], bool]]] = {
    "Equals": ("==", operator.eq),
    "GreaterThan": (">", operator.gt),
    "GreaterThanOrEqualTo": (">=", operator.ge),
    "LessThan": ("<", operator.lt),
    "LessThanOrEqualTo": ("<=", operator.le),
}

CONDITION_TYPES = frozenset(_COMPARISONS) | {"In", "Not", "Or"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What a condition came to."""

    is_true: bool
    text: str
    """The condition with its values, for example `accuracy 0.93 >= 0.8`."""


def evaluate(condition: Mapping[str, Json], scope: Scope) -> Outcome:
    """Evaluate one condition.

    Raises:
        UnresolvedReference: An operand leads nowhere, or two operands are not comparable.
    """
    kind = condition["Type"]
    if kind == "Not":
        inner = evaluate(condition["Condition"], scope)
        return Outcome(is_true=not inner.is_true, text=f"not ({inner.text})")
    if kind == "Or":
        outcomes = [evaluate(item, scope) for item in condition["Conditions"]]
        return Outcome(
            is_true=any(outcome.is_true for outcome in outcomes),
            text=" or ".join(f"({outcome.text})" for outcome in outcomes),
        )
    if kind == "In":
        value = scope.resolve(condition["QueryValue"])
        values = [scope.resolve(item) for item in condition["Values"]]
        for item in values:
            _check_comparable(kind, value, item)
        return Outcome(is_true=value in values, text=f"{_show(value)} in {_show(values)}")
    symbol, compare = _COMPARISONS[kind]
    left, right = scope.resolve(condition["LeftValue"]), scope.resolve(condition["RightValue"])
    _check_comparable(kind, left, right)
    text = f"{_subject(condition['LeftValue'])}{_show(left)} {symbol} {_show(right)}"
    return Outcome(is_true=compare(left, right), text=text)


def evaluate_all(conditions: list[Mapping[str, Json]], scope: Scope) -> Outcome:
    """Evaluate the conditions of a Condition step, which must all be true."""
    outcomes = [evaluate(condition, scope) for condition in conditions]
    return Outcome(
        is_true=all(outcome.is_true for outcome in outcomes),
        text=", ".join(
            outcome.text if outcome.is_true else f"{outcome.text} is false" for outcome in outcomes
        ),
    )


def _subject(operand: Json) -> str:
    """What a value is called, with a space: `accuracy ` of `metrics.accuracy.value` in a report."""
    match operand:
        case {"Std:JsonGet": {"Path": path}}:
            names = [name for name in parse_path(path) if name != "value"]
        case {"Get": text}:
            names = list(parse_path(text)[-1:])
        case _:
            names = []
    return f"{names[-1]} " if names else ""


def _check_comparable(kind: str, left: Json, right: Json) -> None:
    if _kind(left) != _kind(right):
        raise UnresolvedReference(
            f"Condition '{kind}' compares {_show(left)}, a {_kind(left)}, "
            f"with {_show(right)}, a {_kind(right)}; expected two values of one type."
        )
    if kind not in {"Equals", "In"} and _kind(left) not in {"number", "string"}:
        raise UnresolvedReference(
            f"Condition '{kind}' orders {_kind(left)}s; expected numbers or strings."
        )


def _kind(value: Json) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "structure"


def _show(value: Json) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    is_long = isinstance(value, str) and len(value) > _MAX_SHOWN_CHARACTERS
    return json.dumps(f"{value[:_MAX_SHOWN_CHARACTERS]}..." if is_long else value)
