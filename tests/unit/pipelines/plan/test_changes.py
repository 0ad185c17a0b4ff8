"""Tests of pipelines.plan.changes."""

import copy
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.catalogue import CATALOGUE
from pipelines.definition import load, parse_path, steps
from pipelines.plan.changes import Change, other_changes, parameter_changes, step_changes
from pipelines.plan.difference import canonical
from pipelines.plan.verb import Verb

DEFINITIONS = Path(__file__).parents[3] / "definitions"
_NAMING = {"Name", "InputName", "OutputName", "ChannelName", "PropertyFileName", "VariantName"}


@cache
def snapshot(name: str) -> dict[str, Any]:
    """A reviewed definition."""
    return load((DEFINITIONS / f"{name}.json").read_text())


def places(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where the scalars of a document are."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from places(item, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (*at, index))
    else:
        yield at


def at(value: Any, path: str) -> Any:
    """What stands at a path of a difference; names stand for objects of a list."""
    for segment in parse_path(path):
        if isinstance(value, list) and isinstance(segment, str):
            [value] = [item for item in value if segment in item.values()]
        else:
            value = value[segment]
    return value


def step_at(definition: dict[str, Any], place: tuple[str | int, ...]) -> str:
    """Name of the innermost step around a place."""
    pointer = "".join(f"/{part}" for part in place)
    around = [step for step in steps(definition) if pointer.startswith(f"{step.pointer}/")]
    return max(around, key=lambda step: len(step.pointer)).name


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_definition_does_not_differ_from_itself(name: str) -> None:
    """No change is made up."""
    definition, same = snapshot(name), copy.deepcopy(snapshot(name))
    assert step_changes(definition, same, {}) == ()
    assert parameter_changes(definition, same) == ()
    assert other_changes(definition, same) == []


@settings(max_examples=150)
@given(data=st.data())
def test_every_change_of_one_value_is_found_in_its_place(data: st.DataObject) -> None:
    """Whatever value of a definition becomes another one, one thing changes, in that place."""
    new = snapshot(data.draw(st.sampled_from(sorted(CATALOGUE))))
    place = data.draw(st.sampled_from(list(places(new))))
    old = copy.deepcopy(new)
    around: Any = old
    for part in place[:-1]:
        around = around[part]
    now = around[place[-1]]
    scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
    around[place[-1]] = data.draw(scalars.filter(lambda it: canonical(it) != canonical(now)))

    changes: list[Change] = [*step_changes(old, new, {}), *parameter_changes(old, new)]
    others = other_changes(old, new)

    if place[0] == "Steps":
        name, kind = step_at(new, place), "step"
        body: Any = next(step.own for step in steps(new) if step.name == name)
    elif place[0] == "Parameters":
        parameter = new["Parameters"][place[1]]
        name, kind, body = parameter["Name"], "parameter", parameter
    else:
        assert changes == []
        [found] = others
        assert at(new, found.path) == found.new
        return
    assert others == []
    found_changes = {(change.kind, change.name): change for change in changes}
    change = found_changes[kind, name]
    if place[-1] in {"Name", "Type"} and change.verb is Verb.ADDED:
        return  # Another name is another thing.
    if place[-1] == "Type" and now == "Condition":
        return  # Its branches are no steps any more.
    assert list(found_changes) == [(kind, name)]
    if place[-1] not in _NAMING:
        [difference] = change.differences
        assert at(body, difference.path) == difference.new
        assert canonical(now) in canonical(difference.new) or now in str(difference.new)


def test_places_in_the_document_are_no_change() -> None:
    """Steps in another order, and behind others, are the same steps."""
    old = snapshot("training")
    new = copy.deepcopy(old)
    new["Steps"].reverse()
    new["Parameters"].reverse()
    assert step_changes(old, new, {}) == ()
    assert parameter_changes(old, new) == ()


def test_another_branch_is_a_change() -> None:
    """A step that moves from one branch to the other is taken in other cases."""
    old = snapshot("training")
    new = copy.deepcopy(old)
    [condition] = [step for step in new["Steps"] if step["Type"] == "Condition"]
    arguments = condition["Arguments"]
    arguments["IfSteps"], arguments["ElseSteps"] = arguments["ElseSteps"], arguments["IfSteps"]
    changes = step_changes(old, new, {})
    assert {change.name: change.differences[0].new for change in changes} == {
        "QualityTooLow": "CheckQuality, IfSteps",
        "RegisterModel": "CheckQuality, ElseSteps",
    }


def test_what_comes_and_goes_is_summarized() -> None:
    """Steps by their type, parameters by type and default."""
    old: dict[str, Any] = {"Parameters": [{"Name": "A", "Type": "String"}], "Steps": []}
    new = json.loads(
        '{"Parameters": [{"Name": "B", "Type": "Integer", "DefaultValue": 3}],'
        ' "Steps": [{"Name": "S", "Type": "Fail", "Arguments": {}}]}'
    )
    assert [
        (change.verb, change.name, change.summary) for change in parameter_changes(old, new)
    ] == [("added", "B", "Integer, default 3"), ("removed", "A", "String, without a default")]
    [step] = step_changes(old, new, {})
    assert (step.verb, step.name, step.summary) == ("added", "S", "Fail")
