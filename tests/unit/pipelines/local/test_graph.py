"""Tests of pipelines.local.graph."""

from typing import Any

import pytest

from pipelines.local.errors import UnsupportedStep
from pipelines.local.graph import Graph, build_graph
from tests.unit.pipelines.local.definitions import condition, definition, fail, get


def step(name: str, *after: str, **extra: Any) -> dict[str, Any]:
    """A step that waits for others."""
    return {"Name": name, "Type": "Training", "Arguments": {}, "DependsOn": list(after), **extra}


def always(name: str, **extra: Any) -> dict[str, Any]:
    """A condition that is true."""
    return condition(name, [{"Type": "Equals", "LeftValue": 1, "RightValue": 1}], **extra)


@pytest.fixture
def graph() -> Graph:
    """Two steps side by side, then a condition with one step in one branch and two in the other."""
    return build_graph(
        definition(
            step("A"),
            step("B"),
            always(
                "Check",
                then=[step("Yes")],
                otherwise=[step("No"), step("NoMore")],
                DependsOn=[{"Step": "A"}, "B"],
            ),
            {**step("Later"), "Arguments": {"x": [get("Steps.Yes.p")]}},
        )
    )


def test_steps_wait_for_references_conditions_and_depends_on(graph: Graph) -> None:
    """Every way to name a step makes an edge."""
    assert graph.triggers == {
        "A": {},
        "B": {},
        "Check": {"A": "Completed", "B": "Completed"},
        "Yes": {"Check": "Completed"},
        "No": {"Check": "Completed"},
        "NoMore": {"Check": "Completed"},
        "Later": {"Yes": "Completed"},
    }
    assert graph.ancestors["Later"] == {"Yes", "Check", "A", "B"}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param("A", "B", True, id="unordered"),
        pytest.param("A", "Later", False, id="ordered"),
        pytest.param("No", "NoMore", True, id="same-branch"),
        pytest.param("Yes", "No", False, id="opposite-branches"),
        pytest.param("Later", "No", False, id="after-the-opposite-branch"),
        pytest.param("A", "A", False, id="itself"),
    ],
)
def test_which_steps_overlap(graph: Graph, first: str, second: str, expected: bool) -> None:
    """Steps overlap unless one comes before the other or a condition excludes one of them."""
    assert graph.may_overlap(first, second) is expected
    assert graph.may_overlap(second, first) is expected


def test_jobs_at_once_are_counted_over_the_largest_set_of_unordered_steps(graph: Graph) -> None:
    """Steps of one branch count together, and never with those of the other branch."""
    num_jobs = {"A": 3, "B": 1, "Check": 0, "Yes": 5, "No": 1, "NoMore": 2, "Later": 1}

    counts = {name: graph.num_jobs_at_once(name, num_jobs) for name in graph.steps}

    assert counts == {"A": 4, "B": 4, "Check": 0, "Yes": 5, "No": 3, "NoMore": 3, "Later": 1}


def test_the_longer_branch_counts(graph: Graph) -> None:
    """At most A, B, Check, the two steps of the else branch and Later are counted."""
    assert graph.num_steps_at_most() == 6


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        pytest.param(
            [step("A"), always("C", then=[step("A")])],
            "Two steps are named 'A', at /Steps/0 and /Steps/1/Arguments/IfSteps/0; "
            "names must be unique.",
            id="duplicate",
        ),
        pytest.param(
            [step("A", "X"), fail("F", "")],
            "Step 'A' refers to step 'X', which does not exist. Steps: A, F.",
            id="unknown",
        ),
        pytest.param(
            [step("A", "C"), step("B", "A"), step("C", "B"), step("D", "C")],
            "These steps wait for each other: A -> C -> B -> A.",
            id="cycle",
        ),
    ],
)
def test_graphs_without_an_order_are_refused(steps: list[Any], message: str) -> None:
    """The error names the steps in the way."""
    with pytest.raises(UnsupportedStep) as error:
        build_graph(definition(*steps))

    assert str(error.value) == message
