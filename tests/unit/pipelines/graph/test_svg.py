"""Tests of pipelines.graph.svg: what is drawn, measured in the picture itself."""

import re
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest

from pipelines.catalogue import CATALOGUE
from pipelines.definition import Json, load
from pipelines.graph import Graph, Node, graph
from pipelines.graph.svg import svg
from tests.unit.pipelines.graph.definitions import SNAPSHOTS, definition, random_definition, step

_NS = "{http://www.w3.org/2000/svg}"
Box = tuple[float, float, float, float]
Point = tuple[float, float]


def parsed(text: str) -> ET.Element:
    """The picture as elements."""
    return ET.fromstring(text)  # noqa: S314 - our own text


def boxes(picture: ET.Element) -> dict[str, Box]:
    """Left, top, right and bottom of each step's box."""
    found = {}
    for group in picture.iter(f"{_NS}g"):
        shape = group[1]
        if shape.tag == f"{_NS}rect":
            x, y, width, height = (float(shape.get(k, "")) for k in ("x", "y", "width", "height"))
            box = (x, y, x + width, y + height)
        else:
            numbers = [float(number) for number in shape.get("points", "").split()]
            box = (min(numbers[::2]), min(numbers[1::2]), max(numbers[::2]), max(numbers[1::2]))
        found["".join(group[0].itertext()).partition(":")[0]] = box
    return found


def points(path: str) -> list[Point]:
    """Points along a path of M, L, V and C."""
    found: list[Point] = []
    for command, text in re.findall(r"([MLVC])([^A-Z]*)", path):
        numbers = [float(number) for number in text.split()]
        if command == "V":
            numbers = [found[-1][0], numbers[0]]
        if command == "M":
            found.append((numbers[0], numbers[1]))
            continue
        start = found[-1]
        ends = list(zip(numbers[::2], numbers[1::2], strict=True))
        for part in range(1, 41):
            t = part / 40
            if len(ends) == 1:
                a, b = start, ends[0]
                found.append((a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t))
            else:
                control = (start, *ends)
                weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
                x, y = (
                    sum(w * p[axis] for w, p in zip(weights, control, strict=True))
                    for axis in (0, 1)
                )
                found.append((x, y))
    return found


def documents() -> list[tuple[str, Json]]:
    """Definitions of 3 to 30 steps."""
    own = [(name, load((SNAPSHOTS / f"{name}.json").read_text())) for name in CATALOGUE]
    return own + [(f"random {n}", random_definition(n, n)) for n in (3, 12, 30)]


@pytest.mark.parametrize(
    "document", [pytest.param(document, id=name) for name, document in documents()]
)
def test_nothing_is_drawn_over_a_box(document: Json) -> None:
    """Boxes do not overlap, lines end at their boxes and cross none, and all is in the picture."""
    drawn = graph(document, title="t")
    picture = parsed(svg(drawn))
    found = boxes(picture)
    assert found.keys() == {node.name for node in drawn.nodes}
    for one, other in combinations(found.values(), 2):
        assert one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]
    lines = [e for e in picture.iter(f"{_NS}path") if "line" in e.get("class", "").split()]
    assert len(lines) == len(drawn.edges)
    width, height = float(picture.get("width", "")), float(picture.get("height", ""))
    for edge, line in zip(drawn.edges, lines, strict=True):
        way = points(line.get("d", ""))
        source, target = found[edge.source], found[edge.target]
        assert source[0] < way[0][0] < source[2]
        assert way[0][1] == pytest.approx(source[3], abs=0.1)
        assert target[0] < way[-1][0] < target[2]
        assert way[-1][1] == pytest.approx(target[1] - 7, abs=0.1)
        for x, y in way[1:]:
            assert 0 < x < width
            assert 0 < y < height
            for left, top, right, bottom in found.values():
                assert not (left < x < right and top < y < bottom)
        assert ("after-failure" in line.get("class", "")) == edge.outcome.follows_failure


def test_texts_do_not_overlap() -> None:
    """Names fit into their boxes, and labels of lines keep apart."""
    for name in CATALOGUE:
        picture = parsed(svg(graph(load((SNAPSHOTS / f"{name}.json").read_text()), title=name)))
        for step_name, (left, _, right, _) in boxes(picture).items():
            assert len(step_name) * 7.9 < right - left
        labels = [
            (float(e.get("x", "")), float(e.get("y", "")), len(e.text or "") * 7)
            for e in picture.iter(f"{_NS}text")
            if e.get("class") == "label"
        ]
        for one, other in combinations(labels, 2):
            apart = abs(one[0] - other[0]) > (one[2] + other[2]) / 2
            assert apart or abs(one[1] - other[1]) > 14


def test_a_picture_says_what_it_shows() -> None:
    """Title and description hold what the lines and colours say."""
    steps = [step("A"), step("B", "A"), step("C", B="Failed")]
    picture = parsed(svg(graph(definition(*steps), title="training <1>")))
    assert picture.get("role") == "img"
    assert [picture[0].text, picture[1].text] == [
        "training <1>",
        "A, Processing. B, Processing after A. C, Processing after B (Failed).",
    ]


def test_the_same_graph_gives_the_same_bytes() -> None:
    """A picture depends on its graph alone, and a notebook shows the same one."""
    document = load((SNAPSHOTS / "training.json").read_text())
    first, second = graph(document, title="t"), graph(document, title="t")
    assert svg(first) == svg(second) == first._repr_svg_()


def test_long_names_are_cut() -> None:
    """The tooltip has the name as it is, with the description; text is never markup."""
    name = "A" * 60
    node = Node(name=name, type="NewType", description="<b>")
    text = svg(Graph(title="t", nodes=(node,), edges=()))
    (group,) = parsed(text).iter(f"{_NS}g")
    assert [element.text for element in group if element.text] == [
        f"{name}: <b>",
        f"{'A' * 33}…",
        "NewType",
    ]


def test_a_graph_without_steps_is_an_empty_picture() -> None:
    """A definition without steps can be drawn."""
    assert boxes(parsed(svg(graph(definition(), title="t")))) == {}
