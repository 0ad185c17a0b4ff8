"""Bad definitions: one edit of a sound one, and the one finding that it must give."""

import copy
import json
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Final

from pipelines.checks import RULES, Finding, check
from pipelines.definition import Json

DEFINITIONS: Final = Path(__file__).parents[3] / "data" / "definitions"
REMOVE: Final = object()
"""Value of an edit that takes the member away."""

SOURCES: Final = {rule.id: rule.source for rule in RULES}


@dataclass(frozen=True, slots=True)
class Case:
    """An edit and the finding that it causes."""

    id: str
    document: str
    """Name of the sound definition under `tests/data/definitions`."""
    edit: str
    """JSON pointer of the edited member; `-` at its end appends to a list."""
    value: Json
    rule: str
    pointer: str
    message: str


def sound(document: str) -> Json:
    """A definition without mistakes."""
    return json.loads((DEFINITIONS / f"{document}.json").read_text(encoding="utf-8"))


def edited(definition: Json, pointer: str, value: Json) -> Json:
    """A copy with one member set, appended or taken away."""
    result = copy.deepcopy(definition)
    *parents, last = pointer.split("/")[1:]
    holder = result
    for key in parents:
        holder = holder[int(key)] if isinstance(holder, list) else holder[key]
    if last == "-":
        holder.append(value)
        return result
    key_or_index = int(last) if isinstance(holder, list) else last
    if value is REMOVE:
        del holder[key_or_index]
    else:
        holder[key_or_index] = value
    return result


def check_case(case: Case) -> None:
    """Assert that a case's edit gives its finding and no other."""
    expected = Finding(
        rule=case.rule,
        pointer=case.pointer,
        message=case.message,
        source=SOURCES[case.rule],
    )
    assert check(edited(sound(case.document), case.edit, case.value)) == [expected]


def rules_of(theme: ModuleType) -> set[str]:
    """Ids of the rules that a module defines."""
    return {rule.id for rule in RULES if rule.find.__module__ == theme.__name__}
