"""Rules about the conditions of condition steps."""

from collections.abc import Iterator

from pipelines.checks.analysis import Analysis
from pipelines.checks.document import Located, ValueType, arguments, child
from pipelines.checks.rules import Problem, rule
from pipelines.checks.values import value_of
from pipelines.definition import Step
from pipelines.wording import alternatives, quote

_SDK_URL = "https://sagemaker.readthedocs.io/en/stable/workflows/pipelines/sagemaker.workflow.pipelines.html"
_COMPARISON = frozenset({"LeftValue", "RightValue"})
OPERANDS = {
    "Equals": _COMPARISON,
    "GreaterThan": _COMPARISON,
    "GreaterThanOrEqualTo": _COMPARISON,
    "In": frozenset({"QueryValue", "Values"}),
    "LessThan": _COMPARISON,
    "LessThanOrEqualTo": _COMPARISON,
    "Not": frozenset({"Condition"}),
    "Or": frozenset({"Conditions"}),
}
"""Keys of each type of condition, besides `Type`."""
_NUMBERS = frozenset({ValueType.FLOAT, ValueType.INTEGER})


@rule("D090", "Conditions are well formed", f"{_SDK_URL}#conditions")
def condition_shape(analysis: Analysis) -> Iterator[Problem]:
    """A condition step has conditions, each with the operands of its type."""
    for step in analysis.of_type("Condition"):
        request = arguments(step)
        for key in request.value.keys() - {"Conditions"}:
            known = alternatives(key, {"Conditions", "ElseSteps", "IfSteps"})
            yield Problem(
                child(request.pointer, key),
                f"Condition '{step.name}' has the unknown argument '{key}'. {known}",
            )
        yield from _list(step, request.dig("Conditions"))


def _list(step: Step, items: Located) -> Iterator[Problem]:
    if not isinstance(items.value, list) or not items.value:
        yield Problem(
            items.pointer, f"Condition '{step.name}' has no conditions; expected at least one."
        )
        return
    for index, item in enumerate(items.value):
        yield from _shape(step, Located(child(items.pointer, index), item))


def _shape(step: Step, item: Located) -> Iterator[Problem]:
    if not isinstance(item.value, dict):
        yield Problem(
            item.pointer,
            f"Condition '{step.name}' holds {quote(item.value)}; expected an object with a Type.",
        )
        return
    kind = item.value.get("Type")
    operands = OPERANDS.get(kind) if isinstance(kind, str) else None
    if operands is None:
        yield Problem(
            child(item.pointer, "Type"),
            f"Condition '{step.name}' compares by {quote(kind)}. "
            f"{alternatives(str(kind), OPERANDS, 'Types')}",
        )
        return
    given = item.value.keys() - {"Type"}
    if given != operands:
        yield Problem(
            item.pointer,
            f"Condition '{step.name}' gives {kind} the operands "
            f"{', '.join(sorted(given)) or 'none'}; expected {', '.join(sorted(operands))}.",
        )
    elif kind == "Not":
        yield from _shape(step, item.dig("Condition"))
    elif kind == "Or":
        yield from _list(step, item.dig("Conditions"))
    elif kind == "In" and not (isinstance(item.value["Values"], list) and item.value["Values"]):
        yield Problem(
            child(item.pointer, "Values"),
            f"Condition '{step.name}' looks in {quote(item.value['Values'])}; expected a list of "
            "values.",
        )


@rule(
    "D091",
    "Conditions compare like with like",
    f"{_SDK_URL}#sagemaker.workflow.conditions.ConditionComparison",
)
def comparable(analysis: Analysis) -> Iterator[Problem]:
    """Numbers are compared with numbers and strings with strings."""
    for step in analysis.of_type("Condition"):
        for item in _comparisons(arguments(step).objects("Conditions")):
            left_key = "QueryValue" if item.value.get("Type") == "In" else "LeftValue"
            left, right = item.dig(left_key), item.dig("RightValue")
            rights = [right]
            if item.value.get("Type") == "In":
                values = item.dig("Values")
                rights = [
                    Located(child(values.pointer, index), value)
                    for index, value in enumerate(values.value)
                ]
            yield from _unlike(analysis, step, left, rights)


def _unlike(
    analysis: Analysis, step: Step, left: Located, rights: list[Located]
) -> Iterator[Problem]:
    of_left = value_of(analysis, step, left).type
    for right in rights:
        of_right = value_of(analysis, step, right).type
        if of_left is None or of_right is None:
            continue
        both = {of_left, of_right}
        if len(both) > 1 and not both <= _NUMBERS:
            yield Problem(
                right.pointer,
                f"Condition '{step.name}' compares {of_left.noun} with {of_right.noun}; expected "
                "two values of one type.",
            )


def _comparisons(items: list[Located]) -> Iterator[Located]:
    for item in items:
        kind = item.value.get("Type")
        if kind == "Or":
            yield from _comparisons(item.objects("Conditions"))
        elif kind == "Not":
            inner = item.dig("Condition")
            yield from _comparisons([inner] if isinstance(inner.value, dict) else [])
        elif kind == "In":
            is_list = isinstance(item.value.get("Values"), list)
            yield from [item] if is_list and "QueryValue" in item.value else []
        elif item.value.keys() >= _COMPARISON:
            yield item
