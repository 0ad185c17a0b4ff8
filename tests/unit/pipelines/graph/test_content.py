"""Tests of pipelines.graph.content."""

from typing import Any

import pytest

from pipelines.graph import Edge, Graph, Outcome, graph
from pipelines.local.errors import UnsupportedStep
from tests.unit.pipelines.graph.definitions import condition, definition, step


def edges(value: Graph) -> list[tuple[str, str, str]]:
    """Edges as source, target and outcome."""
    return [(edge.source, edge.target, str(edge.outcome)) for edge in value.edges]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param(
            [step("A"), step("B", "A"), step("C", "A", "B")],
            [("A", "B", "Completed"), ("B", "C", "Completed")],
            id="follows by way of another step",
        ),
        pytest.param(
            [step("A"), step("B", "A"), step("C", "A", B="Failed")],
            [("A", "B", "Completed"), ("B", "C", "Failed")],
            id="follows because what failed had started",
        ),
        pytest.param(
            [step("A"), step("B", "A"), step("C", "A", B="Any")],
            [("A", "B", "Completed"), ("A", "C", "Completed"), ("B", "C", "Any")],
            id="does not follow, because what ended may never have started",
        ),
        pytest.param(
            [step("A"), step("B", "A"), step("C", "B", A="Failed")],
            [("A", "B", "Completed"), ("A", "C", "Failed"), ("B", "C", "Completed")],
            id="an edge after a failure says something of its own",
        ),
        pytest.param(
            [condition("Q", [step("A"), step("B", "A")], [step("C")])],
            [("Q", "A", "True"), ("A", "B", "Completed"), ("Q", "C", "False")],
            id="a branch is entered where nothing before is in it",
        ),
        pytest.param(
            [condition("Q", [condition("R", [step("A")], [])], [])],
            [("Q", "R", "True"), ("R", "A", "True")],
            id="a branch in a branch",
        ),
        pytest.param(
            [condition("Q", [step("A", "B")], []), step("B", "Q")],
            [("Q", "B", "Completed"), ("Q", "A", "True"), ("B", "A", "Completed")],
            id="a step after the condition says nothing of its branches",
        ),
    ],
)
def test_edges_that_follow_from_others_are_left_out(
    steps: list[dict[str, Any]], expected: list[tuple[str, str, str]]
) -> None:
    """An edge stays where the other edges do not say it."""
    assert sorted(edges(graph(definition(*steps), title="t"))) == sorted(expected)


def test_nodes_come_after_what_they_wait_for() -> None:
    """Steps are in an order in which they can run, with their type and description."""
    second = step("A", "B") | {"Description": "Does things."}
    found = graph(definition(second, step("B")), title="t").nodes
    assert [(node.name, node.type, node.description) for node in found] == [
        ("B", "Processing", ""),
        ("A", "Processing", "Does things."),
    ]


def test_steps_that_wait_for_each_other_are_refused() -> None:
    """There is no picture of a cycle."""
    with pytest.raises(UnsupportedStep, match="These steps wait for each other: A -> B -> A"):
        graph(definition(step("A", "B"), step("B", "A")), title="t")


def test_edges_are_values() -> None:
    """An edge is equal to one of the same ends and outcome."""
    first, *_ = graph(definition(step("A"), step("B", "A")), title="t").edges
    assert first == Edge(source="A", target="B", outcome=Outcome.COMPLETED)
