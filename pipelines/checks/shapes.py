"""Compares a step's arguments with the shape of the request that the service makes of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from pipelines.checks import service
from pipelines.checks.document import (
    Document,
    Located,
    ValueType,
    arguments,
    child,
    literal_type,
)
from pipelines.checks.values import Value, value_of
from pipelines.definition import Step, is_expression
from pipelines.wording import alternatives, nearest, quote

_STRINGS_ONLY = frozenset(
    {
        "ContainerArguments",
        "ContainerEntrypoint",
        "Environment",
        "HyperParameters",
        "StaticHyperParameters",
    }
)
"""Arguments whose entries are all strings, and where numbers are put by mistake."""


class Breach(StrEnum):
    """How a value does not fit its shape."""

    BOUNDS = "too long, too short, too large, too small, too many or too few"
    ENUM = "not one of the values allowed"
    MISSING = "a required argument is missing"
    PATTERN = "not of the form required"
    TEXT = "not a string where only strings travel"
    TYPE = "of another type"
    UNKNOWN = "an argument that does not exist"


@dataclass(frozen=True, kw_only=True, slots=True)
class Violation:
    """A value that does not fit its shape."""

    breach: Breach
    pointer: str
    message: str


def violations(document: Document) -> list[Violation]:
    """Everything in the steps' arguments that does not fit, each mistake once."""
    found: dict[tuple[Breach, str], Violation] = {}
    for step in document.steps:
        operation = service.OPERATIONS.get(step.type)
        if operation is None:
            continue
        walker = _Walker(document, step, operation.filled)
        shape = service.request_shape(operation.create)
        for violation in walker.walk(arguments(step), shape, ()):
            # A parameter's wrong value is one mistake, however often the parameter is used.
            found.setdefault((violation.breach, violation.pointer), violation)
    return list(found.values())


class _Walker:
    def __init__(self, document: Document, step: Step, filled: frozenset[str]) -> None:
        self._document = document
        self._step = step
        self._filled = filled

    def walk(
        self, item: Located, shape: service.Shape, path: tuple[str, ...]
    ) -> Iterator[Violation]:
        value = value_of(self._document, self._step, item)
        expected = service.value_type(shape)
        if expected is not None and (item.value is None or not _fits(value, expected)):
            yield self._wrong_type(item, value, expected, path)
        elif is_expression(item.value):
            for known in value.known:
                yield from self._constraints(known, shape, path, value)
        elif isinstance(shape, service.StructureShape):
            yield from self._structure(item, shape, path)
        elif isinstance(shape, service.ListShape):
            yield from self._size(item.pointer, (len(item.value), "entries"), shape, path)
            for index, entry in enumerate(item.value):
                located = Located(child(item.pointer, index), entry)
                yield from self.walk(located, shape.member, (*path[:-1], f"{path[-1]}[{index}]"))
        elif isinstance(shape, service.MapShape):
            yield from self._size(item.pointer, (len(item.value), "entries"), shape, path)
            for key, entry in item.value.items():
                located = Located(child(item.pointer, key), entry)
                yield from self._constraints(Located(located.pointer, key), shape.key, (*path, key))
                yield from self.walk(located, shape.value, (*path, key))
        else:
            yield from self._constraints(item, shape, path)

    def _structure(
        self, item: Located, shape: service.StructureShape, path: tuple[str, ...]
    ) -> Iterator[Violation]:
        place = f" in {'.'.join(path)}" if path else ""
        unknown = [key for key in item.value if key not in shape.members]
        missing = set(shape.required_members) - set(item.value)
        if not path:
            missing -= self._filled
        for key in unknown:
            yield self._violation(
                Breach.UNKNOWN,
                child(item.pointer, key),
                f"has the unknown argument '{key}'{place}. {alternatives(key, shape.members)}",
            )
        # A misspelt argument is both unknown and missing, but it is one mistake.
        for key in sorted(missing - {nearest(name, shape.members) for name in unknown}):
            yield self._violation(
                Breach.MISSING, item.pointer, f"lacks the required argument '{key}'{place}."
            )
        for key, entry in item.value.items():
            if key in shape.members:
                located = Located(child(item.pointer, key), entry)
                yield from self.walk(located, shape.members[key], (*path, key))

    def _wrong_type(
        self, item: Located, value: Value, expected: ValueType, path: tuple[str, ...]
    ) -> Violation:
        is_literal = not is_expression(item.value)
        kind = f", {value.type.noun}," if value.type is not None else ""
        needs_text = expected == ValueType.STRING and bool(
            _STRINGS_ONLY & {part.partition("[")[0] for part in path}
        )
        advice = ""
        if needs_text:
            advice = "; quote it" if is_literal else "; use Std:Join (to_string() in the SDK)"
        return self._violation(
            Breach.TEXT if needs_text else Breach.TYPE,
            item.pointer,
            f"passes {quote(item.value) if is_literal else value.noun}{kind} to {'.'.join(path)}; "
            f"expected {expected.noun}{advice}.",
        )

    def _constraints(
        self,
        item: Located,
        shape: service.Shape,
        path: tuple[str, ...],
        source: Value | None = None,
    ) -> Iterator[Violation]:
        """Compare one known value with what its shape says about values."""
        allowed = service.enum(shape)
        if allowed:
            if item.value not in allowed:
                lead = _passes(quote(item.value), path, source)
                known = alternatives(str(item.value), allowed, "Allowed")
                yield self._violation(Breach.ENUM, item.pointer, f"{lead}. {known}")
        elif isinstance(item.value, str):
            wrong_length = list(
                self._size(item.pointer, (len(item.value), "characters"), shape, path, source)
            )
            yield from wrong_length
            form = shape.metadata.get("pattern")
            expression = None if wrong_length or form is None else service.pattern(form)
            if expression is not None and expression.fullmatch(item.value) is None:
                lead = _passes(quote(item.value), path, source)
                yield self._violation(
                    Breach.PATTERN, item.pointer, f"{lead}; expected the form '{form}'."
                )
        elif literal_type(item.value) in {ValueType.INTEGER, ValueType.FLOAT}:
            yield from self._size(item.pointer, (item.value, ""), shape, path, source)

    def _size(
        self,
        pointer: str,
        measured: tuple[float, str],
        shape: service.Shape,
        path: tuple[str, ...],
        source: Value | None = None,
    ) -> Iterator[Violation]:
        """Compare a number and its unit with the bounds of a shape."""
        size, unit = measured
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if (low is None or low <= size) and (high is None or size <= high):
            return
        if low is None or high is None:
            expected = f"at least {low}" if high is None else f"at most {high}"
        else:
            expected = f"{low} to {high}"
        lead = _passes(f"{size} {unit}".strip(), path, source)
        yield self._violation(Breach.BOUNDS, pointer, f"{lead}; expected {expected}.")

    def _violation(self, breach: Breach, pointer: str, text: str) -> Violation:
        return Violation(breach=breach, pointer=pointer, message=f"Step '{self._step.name}' {text}")


def _passes(found: str, path: tuple[str, ...], source: Value | None) -> str:
    """What a step passes where; a parameter's value is named as one that it may have."""
    if source is not None and source.parameter is not None:
        found = f"{source.noun}, which may be {found},"
    return f"passes {found} to {'.'.join(path)}"


def _fits(value: Value, expected: ValueType) -> bool:
    """Whether a value may be of a type; one of unknown type may be of any."""
    if value.type is None:
        return True
    return value.type == expected or (value.type, expected) == (ValueType.INTEGER, ValueType.FLOAT)
