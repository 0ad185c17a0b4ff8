"""Decides what a picture of a definition shows: its steps, and which of their edges say anything.

An edge that follows from others is left out: if Evaluate waits for Train, and Train for Preprocess,
then Evaluate waits for Preprocess anyway.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pipelines.definition import Json
from pipelines.local.graph import Graph as Order
from pipelines.local.graph import build_graph
from pipelines.shown import Shown


class Outcome(StrEnum):
    """What a step needs of one that it waits for."""

    COMPLETED = "Completed"
    TRUE = "True"
    FALSE = "False"
    FAILED = "Failed"
    STOPPED = "Stopped"
    ANY = "Any"

    @property
    def follows_failure(self) -> bool:
        """Whether the step may run although the other one has failed."""
        return self in {Outcome.FAILED, Outcome.STOPPED, Outcome.ANY}

    @property
    def label(self) -> str:
        """The word at the edge; empty for the usual outcome."""
        return "" if self is Outcome.COMPLETED else self.value


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A step."""

    name: str
    type: str
    """Step type, for example `Processing`."""
    description: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Edge:
    """A step that another one waits for."""

    source: str
    target: str
    outcome: Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Graph(Shown):
    """The steps of a definition and how they wait for each other.

    Its text is Mermaid's; a notebook shows it as a picture.
    """

    title: str
    nodes: tuple[Node, ...]
    """Steps, each after those that it waits for."""
    edges: tuple[Edge, ...]

    def __str__(self) -> str:
        from pipelines.graph.mermaid import mermaid

        return mermaid(self)

    def _repr_svg_(self) -> str:
        from pipelines.graph.svg import svg

        return svg(self)


def graph(definition: Mapping[str, Json], *, title: str) -> Graph:
    """The graph of a definition.

    Args:
        definition: The parsed JSON.
        title: What the picture is called, for example the pipeline's name.

    Raises:
        UnsupportedStep: Two steps share a name, a step waits for one that does not exist, or steps
            wait for each other.
    """
    order = build_graph(definition)
    certain = _certain(order)
    names = list(order.ancestors)  # In an order in which they can run.
    return Graph(
        title=title,
        nodes=tuple(
            Node(
                name=name,
                type=order.steps[name].type,
                description=str(order.steps[name].body.get("Description", "")),
            )
            for name in names
        ),
        edges=tuple(
            Edge(source=other, target=name, outcome=_outcome(order, other, name))
            for name in names
            for other in order.steps  # In document order, and so the same in every process.
            if other in order.triggers[name] and not _follows(order, certain, other, name)
        ),
    )


def _outcome(order: Order, source: str, target: str) -> Outcome:
    branch = order.steps[target].branch
    if branch is not None and branch[0] == source:
        return Outcome.TRUE if branch[1] else Outcome.FALSE
    return Outcome(order.triggers[target][source])


def _certain(order: Order) -> dict[str, frozenset[str]]:
    """Per step, the steps that have succeeded when it starts.

    A step that has failed had started, and so had what it waits for succeeded; one that has ended
    in any way may never have started.
    """
    certain: dict[str, frozenset[str]] = {}
    for name in order.ancestors:  # In an order in which they can run.
        found: set[str] = set()
        for other, outcome in order.triggers[name].items():
            if outcome == Outcome.COMPLETED:
                found.add(other)
            if outcome != Outcome.ANY:
                found |= certain[other]
        certain[name] = frozenset(found)
    return certain


def _follows(order: Order, certain: Mapping[str, frozenset[str]], source: str, target: str) -> bool:
    """Whether the edge between two steps follows from the other edges of the target."""
    outcome = _outcome(order, source, target)
    others = {name: need for name, need in order.triggers[target].items() if name != source}
    if outcome in {Outcome.TRUE, Outcome.FALSE}:
        is_true = outcome is Outcome.TRUE
        return any(order.branches[other].get(source) == is_true for other in others)
    return outcome is Outcome.COMPLETED and any(
        source in certain[other] for other, need in others.items() if need != Outcome.ANY
    )
