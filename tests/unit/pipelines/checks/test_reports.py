"""JSON paths against the schema in a step's contract."""

import sys
from types import ModuleType
from typing import NotRequired, TypedDict

import pytest

from pipelines.checks.analysis import Analysis
from pipelines.checks.document import ValueType
from pipelines.checks.reports import Unread, Unreadable, read


class Item(TypedDict):
    """An entry of the sample report."""

    name: str
    score: float | None


class Report(TypedDict):
    """The sample report."""

    items: list[Item]
    by_label: dict[str, dict[str, int]]
    is_good: bool
    either: int | str
    note: NotRequired[str]


@pytest.fixture(autouse=True)
def _contract(monkeypatch: pytest.MonkeyPatch) -> None:
    contract = ModuleType("steps.sample.contract")
    contract.PROPERTY_FILES = {"report.json": Report}  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "steps.sample", ModuleType("steps.sample"))
    monkeypatch.setitem(sys.modules, "steps.sample.contract", contract)


def _read(path: str, *command: str) -> ValueType | Unreadable | None:
    files = [{"PropertyFileName": "R", "OutputName": "out", "FilePath": "sub/report.json"}]
    specification = {
        "ContainerEntrypoint": list(command or ("python3", "-m", "steps.sample.script"))
    }
    step = {
        "Name": "Sample",
        "Type": "Processing",
        "Arguments": {"AppSpecification": specification},
        "PropertyFiles": files,
    }
    body = {"PropertyFile": {"Get": "Steps.Sample.PropertyFiles.R"}, "Path": path}
    return read(Analysis({"Steps": [step]}), "Step 'Reader'", {"Std:JsonGet": body})


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("is_good", ValueType.BOOLEAN, id="member"),
        pytest.param("$.is_good", ValueType.BOOLEAN, id="from_the_root"),
        pytest.param("items[3].name", ValueType.STRING, id="index"),
        pytest.param("items[0].score", ValueType.FLOAT, id="value_that_may_be_null"),
        pytest.param("by_label['husky dog'].cat", ValueType.INTEGER, id="any_key"),
        pytest.param("note", ValueType.STRING, id="member_that_may_be_missing"),
        pytest.param("either", None, id="type_that_is_not_known"),
    ],
)
def test_type_of_a_path(path: str, expected: ValueType | None) -> None:
    """A path has the type that the annotations say."""
    assert _read(path) == expected


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        pytest.param("items.name", "items takes an index.", id="key_for_an_index"),
        pytest.param("by_label[0]", "by_label takes a key.", id="index_for_a_key"),
        pytest.param("is_good.x", "is_good is a single value.", id="below_a_value"),
        pytest.param("items", "It leads to several values; expected a single one.", id="list"),
        pytest.param("either.x", "either is a single value.", id="below_an_unknown_type"),
    ],
)
def test_path_without_a_value(path: str, reason: str) -> None:
    """A path that the annotations rule out is refused with the place where it goes wrong."""
    result = _read(path)
    assert isinstance(result, Unreadable)
    assert result.why == Unread.PATH
    assert result.message == (
        f"Step 'Reader' reads '{path}', which 'sub/report.json' of step 'Sample' does not hold. "
        f"{reason}"
    )


def test_other_property_files_are_left_alone() -> None:
    """A file of a step that does not exist is another rule's business."""
    file = {"Get": "Steps.Nobody.PropertyFiles.R"}
    expression = {"Std:JsonGet": {"PropertyFile": file, "Path": "is_good"}}
    assert read(Analysis({"Steps": []}), "Step 'Reader'", expression) is None


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(
            ("python3", "/opt/ml/processing/input/code/steps/sample/script.py"), id="path"
        ),
        pytest.param(("python3", "-u", "-m", "steps.sample.script"), id="module"),
    ],
)
def test_finds_the_contract_of_a_script(command: tuple[str, ...]) -> None:
    """The script may be started by its path or as a module."""
    assert _read("is_good", *command) == ValueType.BOOLEAN
