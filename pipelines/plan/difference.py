"""Finds where two JSON values differ, and names each place as a person would.

Objects of a list are told apart by their names where they have some, so that a new input in the
middle changes no other. Expressions are compared whole. Paths are written as definitions write
them: `Arguments.ProcessingInputs['code'].S3Input.S3Uri`.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import Enum
from typing import Literal, TypeAlias

from pipelines.definition import Json, is_expression

_NAMES = (
    "Name", "InputName", "OutputName", "ChannelName", "PropertyFileName", "VariantName",
    "DefinitionName", "AlarmName", "Key", "Id",
)  # fmt: skip
"""Members that name an object within its list."""
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


class _Absence(Enum):
    ABSENT = None


ABSENT: Literal[_Absence.ABSENT] = _Absence.ABSENT
"""Where one side has no value, not even null."""
Value: TypeAlias = "Json | Literal[_Absence.ABSENT]"


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One place where two JSON values differ."""

    path: str
    """The place, for example `Environment.LOG_LEVEL`; empty: the whole value."""
    old: Value
    new: Value


def differences(old: Json, new: Json, path: str = "") -> list[Difference]:
    """Where two JSON values differ, in the order of the new one's members.

    Args:
        old: What it was.
        new: What it is to be.
        path: Path of both.
    """
    return list(_differences(old, new, path))


def canonical(value: Json) -> str:
    """The same text for the same JSON value, in which 1, 1.0 and true are three."""
    return json.dumps(value, sort_keys=True)


def _differences(old: Value, new: Value, path: str) -> Iterator[Difference]:
    if old is not ABSENT and new is not ABSENT:
        if canonical(old) == canonical(new):
            return
        if isinstance(old, dict) and isinstance(new, dict):
            if not is_expression(old) and not is_expression(new):
                for key in [*new, *(key for key in old if key not in new)]:
                    yield from _differences(
                        old.get(key, ABSENT), new.get(key, ABSENT), member(path, key)
                    )
                return
        elif isinstance(old, list) and isinstance(new, list):
            yield from _list_differences(old, new, path)
            return
    yield Difference(path=path, old=old, new=new)


def _list_differences(old: list[Json], new: list[Json], path: str) -> Iterator[Difference]:
    key = next((key for key in _NAMES if _names(old, key) and _names(new, key)), None)
    if key is not None:
        before, after = _by_name(old, key), _by_name(new, key)
        kept = [name for name in before if name in after]
        order = [name for name in after if name in before]
        if kept != order:
            yield Difference(path=path, old=kept, new=order)
        for name in [*after, *(name for name in before if name not in after)]:
            yield from _differences(
                before.get(name, ABSENT), after.get(name, ABSENT), f"{path}['{name}']"
            )
        return
    matcher = SequenceMatcher(
        a=[canonical(item) for item in old], b=[canonical(item) for item in new], autojunk=False
    )
    for _, start, end, new_start, new_end in matcher.get_opcodes():
        for index in range(max(end - start, new_end - new_start)):
            before_index, after_index = start + index, new_start + index
            is_new = after_index < new_end
            yield from _differences(
                old[before_index] if before_index < end else ABSENT,
                new[after_index] if is_new else ABSENT,
                f"{path}[{after_index if is_new else before_index}]",
            )


def _names(items: list[Json], key: str) -> bool:
    """Whether a member tells the objects of a list apart."""
    names = [item.get(key) if isinstance(item, dict) else None for item in items]
    return all(isinstance(name, str) for name in names) and len(set(map(str, names))) == len(names)


def _by_name(items: list[Json], key: str) -> dict[str, Json]:
    return {item[key]: item for item in items}


def member(path: str, key: str) -> str:
    """Path of an object's member."""
    if _PLAIN.fullmatch(key) is None:
        return f"{path}['{key}']"
    return f"{path}.{key}" if path else key
