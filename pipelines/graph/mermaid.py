"""Writes a graph as a Mermaid flowchart.

Source: Mermaid, "Flowcharts - Basic Syntax", https://mermaid.js.org/syntax/flowchart.html
"""

from pipelines.graph.content import Edge, Graph, Node

_SHAPES = {"Condition": ('{{"', '"}}'), "Fail": ('(["', '"])')}
_BOX = ('["', '"]')


def mermaid(graph: Graph) -> str:
    """The flowchart, from the top down.

    Steps have numbers for identifiers, because some names are words of the language.
    """
    ids = {node.name: f"s{index}" for index, node in enumerate(graph.nodes, start=1)}
    lines = [
        "flowchart TD",
        f"    accTitle: {_plain(graph.title)}",
        *(f"    {ids[node.name]}{_box(node)}" for node in graph.nodes),
        *(f"    {ids[edge.source]} {_arrow(edge)} {ids[edge.target]}" for edge in graph.edges),
    ]
    return "\n".join(lines) + "\n"


def _box(node: Node) -> str:
    start, end = _SHAPES.get(node.type, _BOX)
    return f"{start}{_plain(node.name)}<br/><i>{_plain(node.type)}</i>{end}"


def _arrow(edge: Edge) -> str:
    line = "-.->" if edge.outcome.follows_failure else "-->"
    return f"{line}|{edge.outcome.label}|" if edge.outcome.label else line


def _plain(text: str) -> str:
    """Text without what ends a label or begins markup, in Mermaid's own entity codes."""
    return "".join(
        character if character.isalnum() or character in " _-.,:" else f"#{ord(character)};"
        for character in " ".join(text.split())
    )
