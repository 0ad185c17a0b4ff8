"""Decides the values of the pipeline parameters: types, defaults, allowed values."""

import difflib
import math
from collections.abc import Mapping
from typing import TypeAlias

from pipelines.definition import Json
from pipelines.local.errors import ParameterError, choices

Value: TypeAlias = str | int | float | bool

_TYPES = frozenset({"Boolean", "Float", "Integer", "String"})


def resolve_parameters(
    declarations: list[Mapping[str, Json]], given: Mapping[str, str], *, pipeline: str
) -> dict[str, Value]:
    """Values of all declared parameters, each of the declared type.

    Args:
        declarations: The definition's `Parameters`.
        given: Values by name, as text.
        pipeline: Name of the pipeline, for messages.

    Raises:
        ParameterError: Names are not declared, or values are missing, ill-typed or not allowed;
            each has a line.
    """
    declared = {str(parameter["Name"]): parameter for parameter in declarations}
    values = {}
    problems = [_unknown(name, declared, pipeline) for name in given if name not in declared]
    for name, parameter in declared.items():
        try:
            values[name] = _value(parameter, given.get(name))
        except ParameterError as error:
            problems.append(str(error))
    if problems:
        raise ParameterError("\n".join(problems))
    return values


def _unknown(name: str, declared: Mapping[str, object], pipeline: str) -> str:
    close = difflib.get_close_matches(name, declared, n=1)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    return (
        f"Parameter '{name}' is not declared by pipeline '{pipeline}'. "
        f"Declared: {choices(list(declared))}.{hint}"
    )


def _value(parameter: Mapping[str, Json], given: str | None) -> Value:
    name = parameter["Name"]
    if given is None and "DefaultValue" not in parameter:
        raise ParameterError(f"Parameter '{name}' has no default; pass -p {name}=VALUE.")
    text = parameter["DefaultValue"] if given is None else given
    value = _coerce(name, parameter["Type"], text)
    allowed = parameter.get("EnumValues")
    if allowed is not None and value not in allowed:
        raise ParameterError(
            f"Parameter '{name}' is '{value}'; allowed: {choices([str(item) for item in allowed])}."
        )
    return value


def _coerce(name: str, kind: str, value: Json) -> Value:
    text = str(value)
    try:
        match kind:
            case "String":
                return text
            case "Integer":
                return int(text)
            case "Float" if math.isfinite(number := float(text)):
                return number
            case "Boolean":
                return {"true": True, "false": False}[text.lower()]
    except (ValueError, KeyError):
        pass
    if kind not in _TYPES:
        raise ParameterError(
            f"Parameter '{name}' has the type '{kind}'; expected Boolean, Float, Integer or String."
        )
    article = "an" if kind == "Integer" else "a"
    raise ParameterError(f"Parameter '{name}' expects {article} {kind}, got '{text}'.")
