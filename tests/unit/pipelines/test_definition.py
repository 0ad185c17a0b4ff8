"""Tests of pipelines.definition."""

from typing import Any

import pytest

from pipelines.definition import (
    dependencies,
    is_expression,
    load,
    parse_path,
    references,
    steps,
)


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        pytest.param("Parameters.Epochs", ("Parameters", "Epochs"), id="names"),
        pytest.param(
            "Steps.Tune.Jobs[0].Tuned['learning.rate']",
            ("Steps", "Tune", "Jobs", 0, "Tuned", "learning.rate"),
            id="index-and-key",
        ),
        pytest.param("a['']", ("a", ""), id="empty-key"),
    ],
)
def test_paths_have_names_indices_and_keys(text: str, segments: tuple[str | int, ...]) -> None:
    """A path splits into names, list indices and quoted keys."""
    assert parse_path(text) == segments


@pytest.mark.parametrize(
    ("text", "position"),
    [
        pytest.param("Steps..x", 5, id="empty-name"),
        pytest.param("a[x]", 1, id="bare-key"),
        pytest.param("a b", 1, id="space"),
        pytest.param("", 0, id="empty"),
    ],
)
def test_what_is_no_path_is_refused(text: str, position: int) -> None:
    """The error says at which character the path ends to be one."""
    with pytest.raises(ValueError, match="is not a path of a reference") as error:
        parse_path(text)

    assert str(error.value) == (
        f"'{text}' is not a path of a reference at character {position}; expected names joined by "
        "'.', [0] or ['key'], for example Steps.Train.ModelArtifacts.S3ModelArtifacts."
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param({"Get": "Parameters.A"}, True, id="get"),
        pytest.param({"Std:Join": {}}, True, id="join"),
        pytest.param({"Std:JsonGet": {}}, True, id="json-get"),
        pytest.param({"Get": "x", "More": 1}, False, id="two-members"),
        pytest.param({"Name": "x"}, False, id="object"),
        pytest.param("Get", False, id="string"),
        pytest.param({}, False, id="empty"),
    ],
)
def test_expressions_are_recognised(value: Any, expected: bool) -> None:
    """An expression is an object with exactly one member of a known name."""
    assert is_expression(value) is expected


def test_references_are_found_with_their_place() -> None:
    """References inside lists, objects and other expressions come in document order."""
    document = {
        "a": [{"Std:Join": {"On": "/", "Values": ["x", {"Get": "Parameters.A"}]}}],
        "b": {"Get": "Steps.S.p", "Other": 1},
        "c": {"Get": "Execution.PipelineName"},
        "d": {"Get": 3},
    }

    found = [
        (reference.pointer, reference.text, reference.segments)
        for reference in references(document)
    ]

    assert found == [
        ("/a/0/Std:Join/Values/1", "Parameters.A", ("Parameters", "A")),
        ("/c", "Execution.PipelineName", ("Execution", "PipelineName")),
    ]


NESTED = {
    "Steps": [
        {"Name": "A", "Type": "Training", "Arguments": {}},
        {
            "Name": "C",
            "Type": "Condition",
            "Arguments": {
                "Conditions": [{"Type": "Equals", "LeftValue": {"Get": "Steps.A.x"}}],
                "IfSteps": [
                    {
                        "Name": "D",
                        "Type": "Training",
                        "Arguments": {"x": {"Get": "Steps.A.x"}, "me": {"Get": "Steps.D.x"}},
                        "DependsOn": ["E", {"Step": "F", "Trigger": "Succeeded"}],
                    }
                ],
                "ElseSteps": [{"Name": "E", "Type": "Fail", "Arguments": {}}],
            },
        },
    ]
}


def test_steps_inside_branches_follow_their_condition() -> None:
    """Each step knows its place and the branch that holds it."""
    assert [(step.name, step.type, step.pointer, step.branch) for step in steps(NESTED)] == [
        ("A", "Training", "/Steps/0", None),
        ("C", "Condition", "/Steps/1", None),
        ("D", "Training", "/Steps/1/Arguments/IfSteps/0", ("C", True)),
        ("E", "Fail", "/Steps/1/Arguments/ElseSteps/0", ("C", False)),
    ]


def test_a_step_waits_for_references_depends_on_and_its_condition() -> None:
    """A condition does not wait for what the steps inside its branches refer to."""
    waits = {step.name: dependencies(step) for step in steps(NESTED)}

    assert waits == {"A": set(), "C": {"A"}, "D": {"A", "C", "E", "F"}, "E": {"C"}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "{",
            "The definition is not JSON: Expecting property name enclosed in double quotes: "
            "line 1 column 2 (char 1).",
            id="not-json",
        ),
        pytest.param(
            "[]",
            "The definition is not a pipeline definition: expected an object with a list 'Steps'.",
            id="list",
        ),
        pytest.param(
            '{"Steps": {}}',
            "The definition is not a pipeline definition: expected an object with a list 'Steps'.",
            id="steps-are-no-list",
        ),
    ],
)
def test_what_is_no_definition_is_refused(text: str, message: str) -> None:
    """Text that is not JSON, or has no list of steps, is refused."""
    with pytest.raises(ValueError, match="The definition is not") as error:
        load(text)

    assert str(error.value) == message


def test_a_definition_is_read() -> None:
    """A definition comes back as the object that it is."""
    assert load('{"Steps": []}') == {"Steps": []}
