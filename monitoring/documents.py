"""How JSON files are written: sorted keys, two-space indent, no NaN, no exponents in numbers.

Model Monitor cannot read constraint numbers such as `1e-05`, which is how the standard
library's encoder writes them, so numbers are written out here.

Source: Amazon SageMaker AI Developer Guide, "Create a model quality baseline",
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-baseline.html
"""

import json
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal

INDENT = "  "


def document_text(document: Mapping[str, object]) -> str:
    """A JSON document as text with a trailing newline; a list of numbers stays on one line.

    Raises:
        ValueError: A number is NaN or infinite.
        TypeError: A value has no JSON form.
    """
    return _encode(document, "") + "\n"


def number_text(number: float) -> str:
    """The shortest decimal text that reads back as `number`, without an exponent.

    Raises:
        ValueError: The number is NaN or infinite.
    """
    if isinstance(number, int):
        return str(number)
    if not math.isfinite(number):
        raise ValueError(f"JSON has no number {number}; write the string or leave the entry out.")
    text = float.__repr__(number)
    if "e" not in text:
        return text
    digits = format(Decimal(text), "f")
    return digits if "." in digits else f"{digits}.0"


def _encode(value: object, indent: str) -> str:
    match value:
        case None | bool() | str():
            return json.dumps(value, ensure_ascii=False)
        case int() | float():
            return number_text(value)
        case Mapping():
            inner = indent + INDENT
            keys = sorted(value)
            members = [
                f"{inner}{json.dumps(k, ensure_ascii=False)}: {_encode(value[k], inner)}"
                for k in keys
            ]
            return _enclose("{", members, "}", indent)
        case Sequence():
            if all(isinstance(item, int | float) and not isinstance(item, bool) for item in value):
                return f"[{', '.join(map(number_text, value))}]"
            inner = indent + INDENT
            return _enclose("[", [inner + _encode(item, inner) for item in value], "]", indent)
    raise TypeError(f"A value of type '{type(value).__name__}' has no JSON form: {value!r}.")


def _enclose(start: str, members: list[str], end: str, indent: str) -> str:
    if not members:
        return start + end
    body = ",\n".join(members)
    return f"{start}\n{body}\n{indent}{end}"
