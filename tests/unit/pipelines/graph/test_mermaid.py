"""Tests of pipelines.graph.mermaid."""

from pipelines.graph import Graph, Node, graph
from tests.unit.pipelines.graph.definitions import condition, definition, step


def test_text_of_a_graph() -> None:
    """Boxes by type, words at edges that need one, dashes after failures."""
    steps = [
        step("A"),
        condition("Q", [step("B", "A"), step("C", B="Failed")], [{"Name": "No", "Type": "Fail"}]),
    ]
    assert str(graph(definition(*steps), title="training")) == (
        "flowchart TD\n"
        "    accTitle: training\n"
        '    s1["A<br/><i>Processing</i>"]\n'
        '    s2{{"Q<br/><i>Condition</i>"}}\n'
        '    s3["B<br/><i>Processing</i>"]\n'
        '    s4(["No<br/><i>Fail</i>"])\n'
        '    s5["C<br/><i>Processing</i>"]\n'
        "    s1 --> s3\n"
        "    s2 -->|True| s3\n"
        "    s2 -->|False| s4\n"
        "    s3 -.->|Failed| s5\n"
    )


def test_names_cannot_write_mermaid() -> None:
    """What ends a label or begins markup becomes a code."""
    node = Node(name='A"]; click s1 <b>', type="Lambda")
    assert '"A#34;#93;#59; click s1 #60;b#62;<br/><i>Lambda</i>"' in str(
        Graph(title="t", nodes=(node,), edges=())
    )
