"""What a property file contains: the contract of the step whose script writes it is the schema.

A processing step starts `steps.<name>.script`; `steps.<name>.contract` says in `PROPERTY_FILES`
which files the script writes and, as a typed dictionary, what each one holds.
"""

import importlib
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from pipelines.checks.document import Document, ValueType, arguments, dig, located
from pipelines.definition import Json, Step, is_expression, parse_path
from pipelines.wording import alternatives

_SCRIPT = re.compile(r"(?:^|/)steps[./](?P<name>\w+)[./]script(?:\.py)?")

_LEAVES = {
    bool: ValueType.BOOLEAN,
    float: ValueType.FLOAT,
    int: ValueType.INTEGER,
    str: ValueType.STRING,
}


class Unread(StrEnum):
    """Why a JSON path has no value."""

    FILE = "the script does not write the file"
    PATH = "the file does not hold the path"
    UNVERIFIABLE = "nothing says what the file holds"


@dataclass(frozen=True, kw_only=True, slots=True)
class Unreadable:
    """A JSON path without a value."""

    why: Unread
    key: str
    """What is wrong: failures with the same key are one mistake."""
    message: str


@dataclass(frozen=True, slots=True)
class _File:
    """A declared property file."""

    step: Step
    path: str


def read(document: Document, subject: str, expression: Json) -> ValueType | Unreadable | None:
    """Type of the value that a `Std:JsonGet` expression reads.

    Args:
        document: The definition.
        subject: Who reads, as the subject of a sentence.
        expression: The expression.

    Returns:
        The type; or why there is no value; or none where that cannot be said, because the
        expression reads a file by its S3 URI or a property file that does not exist.
    """
    body = expression["Std:JsonGet"]
    path = dig(body, "Path")
    file = _file(document, body)
    if file is None or not isinstance(path, str):
        return None
    try:
        schema = _schema(file)
    except LookupError as error:
        reason = error.args[0]
        return Unreadable(
            why=Unread.UNVERIFIABLE,
            key=f"{file.step.name} {file.path}",
            message=f"{subject} reads '{path}' of '{file.path}' of step '{file.step.name}', which "
            f"cannot be verified: {reason}",
        )
    if isinstance(schema, Unreadable):
        return schema
    try:
        segments = parse_path(path.removeprefix("$."))
    except ValueError:
        return _no_path(
            subject, path, file, "It is no JSON path; expected the form metrics.f1.value."
        )
    return _leaf(subject, path, file, schema, segments)


def _file(document: Document, body: Json) -> _File | None:
    property_file = dig(body, "PropertyFile")
    segments = parse_path(property_file["Get"]) if is_expression(property_file) else ()
    if len(segments) != 4 or segments[2] != "PropertyFiles":  # noqa: PLR2004  Steps.<step>.PropertyFiles.<name>
        return None
    step = document.steps_by_name.get(str(segments[1]))
    if step is None:
        return None
    for item in located(step).objects("PropertyFiles"):
        path = item.value.get("FilePath")
        if item.value.get("PropertyFileName") == segments[3] and isinstance(path, str):
            return _File(step, path)
    return None


def _schema(file: _File) -> type | Unreadable:
    """Schema of a property file.

    Raises:
        LookupError: No contract says what the step's script writes.
    """
    specification = arguments(file.step).dig("AppSpecification")
    commands = (specification.dig(k).value for k in ("ContainerEntrypoint", "ContainerArguments"))
    words = [
        word
        for command in commands
        if isinstance(command, list)
        for word in command
        if isinstance(word, str)
    ]
    script = next((match for word in words if (match := _SCRIPT.search(word))), None)
    if script is None:
        raise LookupError("its entry point is no script steps.<name>.script.")
    module = f"steps.{script['name']}.contract"
    try:
        contract = importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise LookupError(f"there is no module '{module}'.") from error
    schemas: Mapping[str, type] | None = getattr(contract, "PROPERTY_FILES", None)
    if schemas is None:
        raise LookupError(f"module '{module}' has no PROPERTY_FILES.")
    name = PurePosixPath(file.path).name
    if name not in schemas:
        return Unreadable(
            why=Unread.FILE,
            key=f"{file.step.name} {file.path}",
            message=f"Step '{file.step.name}' declares the property file '{file.path}', which its "
            f"script does not write. {alternatives(name, schemas, f'Files in {module}')}",
        )
    return schemas[name]


def _leaf(
    subject: str, path: str, file: _File, schema: type, segments: tuple[str | int, ...]
) -> ValueType | Unreadable | None:
    kind: typing.Any = schema
    for depth, segment in enumerate(segments):
        kind = _without_none(kind)
        place = ".".join(str(part) for part in segments[:depth]) or "The report"
        if typing.is_typeddict(kind):
            members = typing.get_type_hints(kind)
            if segment not in members:
                known = alternatives(str(segment), members, f"{place} holds")
                return _no_path(subject, path, file, known)
            kind = members[str(segment)]
        elif typing.get_origin(kind) in {dict, list, tuple}:
            if (typing.get_origin(kind) is dict) != isinstance(segment, str):
                expected = "an index" if isinstance(segment, str) else "a key"
                return _no_path(subject, path, file, f"{place} takes {expected}.")
            kind = typing.get_args(kind)[-1 if isinstance(segment, str) else 0]
        else:
            return _no_path(subject, path, file, f"{place} is a single value.")
    kind = _without_none(kind)
    if typing.is_typeddict(kind) or typing.get_origin(kind) in {dict, list, tuple}:
        return _no_path(subject, path, file, "It leads to several values; expected a single one.")
    return _LEAVES.get(kind)


def _no_path(subject: str, path: str, file: _File, reason: str) -> Unreadable:
    return Unreadable(
        why=Unread.PATH,
        key=f"{file.step.name} {file.path} {path}",
        message=f"{subject} reads '{path}', which '{file.path}' of step '{file.step.name}' does "
        f"not hold. {reason}",
    )


def _without_none(kind: typing.Any) -> typing.Any:
    if typing.get_origin(kind) in {typing.Union, types.UnionType}:
        rest = [part for part in typing.get_args(kind) if part is not type(None)]
        return rest[0] if len(rest) == 1 else object
    return kind
