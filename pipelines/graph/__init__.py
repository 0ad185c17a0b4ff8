"""The graph of a definition, as Mermaid text and as a picture.

Everything here is pure and deterministic: the same definition gives the same bytes.
"""

from pipelines.graph.content import Edge, Graph, Node, Outcome, graph

__all__ = ["Edge", "Graph", "Node", "Outcome", "graph"]
