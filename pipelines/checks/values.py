"""What an expression stands for: the type of its value, and the values that are known already."""

from dataclasses import dataclass

from pipelines.checks.document import (
    Document,
    Located,
    Parameter,
    Use,
    ValueType,
    literal_type,
)
from pipelines.checks.properties import Target, resolve
from pipelines.checks.reports import read
from pipelines.definition import Reference, Step, is_expression


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """What a JSON value stands for."""

    type: ValueType | None
    """Type of the value; none where it cannot be known."""
    noun: str
    """What the value is, for a message: `parameter 'Epochs'`."""
    parameter: Parameter | None = None
    known: tuple[Located, ...] = ()
    """The values that it may have and that are known, with the place where each is written."""

    @property
    def default(self) -> Located | None:
        """The one known value; none where there are several or none."""
        return self.known[0] if len(self.known) == 1 else None


def value_of(document: Document, reader: Step | None, item: Located) -> Value:
    """What a value stands for, whether it is a literal or an expression."""
    content = item.value
    if not is_expression(content):
        kind = literal_type(content)
        return Value(type=kind, noun="a literal", known=(item,))
    if "Get" in content:
        reference = Reference(item.pointer, content["Get"])
        target = resolve(document, Use(reference, reader))
        if not isinstance(target, Target):
            return Value(type=None, noun=f"'{reference.text}'")
        if target.parameter is None:
            return Value(type=target.type, noun=f"'{reference.text}'")
        return Value(
            type=target.type,
            noun=f"parameter '{target.parameter.name}'",
            parameter=target.parameter,
            known=tuple(target.parameter.values),
        )
    if "Std:JsonGet" in content:
        kind_or_failure = read(document, "", content)
        kind = kind_or_failure if isinstance(kind_or_failure, ValueType) else None
        return Value(type=kind, noun="a value of a report")
    text = _joined(document, reader, item)
    known = () if text is None else (Located(item.pointer, text),)
    return Value(type=ValueType.STRING, noun="a joined string", known=known)


def _joined(document: Document, reader: Step | None, item: Located) -> str | None:
    """The string that a `Std:Join` makes, where each of its parts has one known value."""
    body = item.value["Std:Join"]
    parts: list[str] = []
    for index, part in enumerate(body["Values"]):
        pointer = f"{item.pointer}/Std:Join/Values/{index}"
        known = value_of(document, reader, Located(pointer, part)).default
        if known is None:
            return None
        parts.append(
            str(known.value).lower() if isinstance(known.value, bool) else str(known.value)
        )
    return str(body.get("On", "")).join(parts)


def known_text(document: Document, reader: Step | None, item: Located) -> str | None:
    """The string that a value is known to be."""
    default = value_of(document, reader, item).default
    return default.value if default is not None and isinstance(default.value, str) else None


def known_number(document: Document, reader: Step | None, item: Located) -> float | None:
    """The number that a value is known to be, also where it is written as a string."""
    default = value_of(document, reader, item).default
    if default is None or isinstance(default.value, bool):
        return None
    try:
        return float(default.value)
    except (TypeError, ValueError):
        return None
