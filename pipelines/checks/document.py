"""A definition taken apart for the rules: steps, parameters and references, each with its place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from pipelines.definition import Json, Reference, Step, is_expression, references, steps


class ValueType(StrEnum):
    """Type of a value, in the words that parameters are declared with."""

    BOOLEAN = "Boolean"
    FLOAT = "Float"
    INTEGER = "Integer"
    LIST = "list"
    OBJECT = "object"
    STRING = "String"

    @property
    def noun(self) -> str:
        """The type with its article, for example `an Integer`."""
        return f"{'an' if self[0] in 'IOo' else 'a'} {self.value}"


PARAMETER_TYPES = (ValueType.BOOLEAN, ValueType.FLOAT, ValueType.INTEGER, ValueType.STRING)


def literal_type(value: Json) -> ValueType | None:
    """Type of a JSON value that is no expression; none for null."""
    types = (
        (bool, ValueType.BOOLEAN),
        (int, ValueType.INTEGER),
        (float, ValueType.FLOAT),
        (str, ValueType.STRING),
        (list, ValueType.LIST),
        (dict, ValueType.OBJECT),
    )
    return next((kind for python, kind in types if isinstance(value, python)), None)


def child(pointer: str, key: str | int) -> str:
    """JSON pointer of a member."""
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"


def dig(value: Json, *path: str) -> Json:
    """The member at the end of a path of keys, or none where something on the way is missing."""
    for key in path:
        if not isinstance(value, dict) or is_expression(value):
            return None
        value = value.get(key)
    return value


@dataclass(frozen=True, slots=True)
class Located:
    """A JSON value and where it stands."""

    pointer: str
    value: Json

    def dig(self, *path: str) -> "Located":
        """The member at the end of a path of keys; its value is none where it is missing."""
        pointer = self.pointer
        for key in path:
            pointer = child(pointer, key)
        return Located(pointer, dig(self.value, *path))

    def objects(self, *path: str) -> list["Located"]:
        """The objects in the list at the end of a path of keys."""
        found = self.dig(*path)
        items = found.value if isinstance(found.value, list) else []
        return [
            Located(child(found.pointer, index), item)
            for index, item in enumerate(items)
            if isinstance(item, dict)
        ]

    def names(self, *path: str, key: str) -> list[str]:
        """The strings under `key` in the objects of the list at the end of a path."""
        values = (item.value.get(key) for item in self.objects(*path))
        return [value for value in values if isinstance(value, str)]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A declared parameter."""

    pointer: str
    body: Mapping[str, Json]

    @property
    def name(self) -> str:
        """Name of the parameter."""
        return str(self.body["Name"])

    @property
    def type(self) -> ValueType | None:
        """Declared type; none where it is not a parameter's type."""
        declared = self.body.get("Type", ValueType.STRING)
        return next((kind for kind in PARAMETER_TYPES if kind == declared), None)

    @property
    def enum_values(self) -> list[Json]:
        """The values that may be passed; empty where any may."""
        values = self.body.get("EnumValues")
        return values if isinstance(values, list) else []

    def accepts(self, value: Json) -> bool:
        """Whether a value has the declared type."""
        kind = literal_type(value)
        return kind == self.type or (self.type, kind) == (ValueType.FLOAT, ValueType.INTEGER)

    @property
    def values(self) -> list[Located]:
        """The listed values or else the default, less those that are not of the type."""
        listed = Located(self.pointer, self.body).dig("EnumValues")
        found = [
            Located(child(listed.pointer, index), value)
            for index, value in enumerate(self.enum_values)
        ]
        default = self.body.get("DefaultValue")
        if default is not None and not self.enum_values:
            found.append(Located(f"{self.pointer}/DefaultValue", default))
        return [item for item in found if self.accepts(item.value)]


@dataclass(frozen=True, slots=True)
class Use:
    """A reference and the step that it stands in; none for one outside the steps."""

    reference: Reference
    reader: Step | None

    @property
    def subject(self) -> str:
        """The reader as the subject of a sentence."""
        return f"Step '{self.reader.name}'" if self.reader else "The definition"


class Document:
    """A definition whose shape, names and expressions are known to be sound."""

    def __init__(self, definition: Mapping[str, Json]) -> None:
        self.definition = definition

    @cached_property
    def steps(self) -> list[Step]:
        """Every step, those inside condition branches after their condition."""
        return steps(self.definition)

    @cached_property
    def steps_by_name(self) -> dict[str, Step]:
        """Every step by name; of two with one name, the first."""
        found: dict[str, Step] = {}
        for step in self.steps:
            found.setdefault(step.name, step)
        return found

    def of_type(self, *types: str) -> list[Step]:
        """The steps of some types."""
        return [step for step in self.steps if step.type in types]

    @cached_property
    def parameters(self) -> list[Parameter]:
        """Every declared parameter."""
        bodies = self.definition.get("Parameters") or []
        return [Parameter(f"/Parameters/{index}", body) for index, body in enumerate(bodies)]

    @cached_property
    def parameters_by_name(self) -> dict[str, Parameter]:
        """Every parameter by name; of two with one name, the first."""
        found: dict[str, Parameter] = {}
        for parameter in self.parameters:
            found.setdefault(parameter.name, parameter)
        return found

    @cached_property
    def uses(self) -> list[Use]:
        """Every reference, those of the steps first."""
        inside = [
            Use(reference, step)
            for step in self.steps
            for reference in references(step.own, step.pointer)
        ]
        rest = {key: value for key, value in self.definition.items() if key != "Steps"}
        return [*inside, *(Use(reference, None) for reference in references(rest))]


def located(step: Step) -> Located:
    """A step's body, less the steps inside its branches."""
    return Located(step.pointer, step.own)


def arguments(step: Step) -> Located:
    """A step's arguments, less the steps inside its branches."""
    return located(step).dig("Arguments")


def depends_on(step: Step) -> list[tuple[str, str]]:
    """Pointer and step name of each entry of a step's `DependsOn`."""
    return [
        (f"{step.pointer}/DependsOn/{index}", entry["Step"] if isinstance(entry, dict) else entry)
        for index, entry in enumerate(step.body.get("DependsOn", []))
    ]


def expressions(value: Json, pointer: str) -> Iterator[Located]:
    """Every expression inside a value, the outer before the inner."""
    if is_expression(value):
        yield Located(pointer, value)
    if isinstance(value, dict):
        for key, item in value.items():
            yield from expressions(item, child(pointer, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from expressions(item, child(pointer, index))
