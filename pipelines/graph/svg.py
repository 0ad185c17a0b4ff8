"""Draws a graph as SVG: for light and dark, without anything to load, the same bytes every time."""

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipelines.graph.content import Edge, Graph, Node
from pipelines.graph.layout import Layout, layout

_NAME_PIXELS = 7.9
_TYPE_PIXELS = 6.6
"""Width of a character, roughly: of bold text of 14 pixels, and of text of 12."""
_MAX_CHARACTERS = 34
"""Longer names are cut; the tooltip has them whole."""

_PADDING = 18.0
_MIN_WIDTH = 124.0
_HEIGHT = 46.0
_LAYER_GAP = 60.0
_MARGIN = 20.0
_SLANT = 14.0
"""By how much the sides of a condition's box point outwards."""
_ARROW = 7.0
_LABEL_HEIGHT = 18.0
"""Of a label and its surroundings, between the end of a line and its arrow."""

_KINDS = {
    "Condition": "condition",
    "Endpoint": "model",
    "EndpointConfig": "model",
    "Fail": "fail",
    "Lambda": "function",
    "Model": "model",
    "Processing": "job",
    "RegisterModel": "model",
    "Training": "job",
    "Transform": "job",
    "Tuning": "job",
}
"""Which steps share a colour; the type stands in every box as well."""

_LIGHT = (
    "--page:#ffffff;--ink:#18212c;--muted:#556273;--line:#8693a3;--box:#f4f6f8;--edge:#c9d1da;"
    "--job:#2160c4;--model:#1c7d52;--function:#cf6d0a;--condition:#7a4cc0;--fail:#c33d26"
)
_DARK = (
    "--page:#10141a;--ink:#e7ebf1;--muted:#9daab9;--line:#7d8a99;--box:#191f28;--edge:#3a4655;"
    "--job:#6ea8ff;--model:#5fd1a1;--function:#ffb35c;--condition:#bb98f7;--fail:#ff8a6e"
)
_STYLE = f"""
.pipeline-graph {{ {_LIGHT}; font-family: system-ui, -apple-system, "Segoe UI", Roboto,
  "Noto Sans", sans-serif; }}
@media (prefers-color-scheme: dark) {{ .pipeline-graph {{ {_DARK} }} }}
.pipeline-graph .page {{ fill: var(--page); }}
.pipeline-graph text {{ text-anchor: middle; }}
.pipeline-graph .name {{ font-size: 14px; font-weight: 600; fill: var(--ink); }}
.pipeline-graph .type {{ font-size: 12px; fill: var(--muted); }}
.pipeline-graph .label {{ font-size: 12px; fill: var(--muted); stroke: var(--page);
  stroke-width: 5px; stroke-linejoin: round; paint-order: stroke; }}
.pipeline-graph .box {{ fill: var(--box); stroke: var(--edge); stroke-width: 1.5; }}
.pipeline-graph .line {{ fill: none; stroke: var(--line); stroke-width: 1.6; }}
.pipeline-graph .after-failure {{ stroke-dasharray: 6 4; }}
.pipeline-graph .head {{ fill: var(--line); }}
""" + "".join(
    f".pipeline-graph .{kind} .box {{ stroke: var(--{kind}); }}\n"
    for kind in sorted(set(_KINDS.values()))
)


@dataclass(frozen=True, slots=True)
class _Point:
    x: float
    y: float

    def __str__(self) -> str:
        return f"{_number(self.x)} {_number(self.y)}"


def svg(graph: Graph) -> str:
    """The picture, with a title and a description for those who cannot see it."""
    index = {node.name: number for number, node in enumerate(graph.nodes)}
    pairs = [(index[edge.source], index[edge.target]) for edge in graph.edges]
    widths = [_width(node) for node in graph.nodes]
    found = layout(widths, pairs)
    width = found.width + 2 * _MARGIN
    height = _top(max(found.layers, default=0)) + _HEIGHT + _MARGIN
    size = f"{_number(width)} {_number(height)}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="pipeline-graph" viewBox="0 0 {size}" '
        f'width="{_number(width)}" height="{_number(height)}" role="img" '
        f'style="max-width:100%;height:auto">',
        f"<title>{html.escape(graph.title)}</title>",
        f"<desc>{html.escape(_description(graph))}</desc>",
        f"<style>{_STYLE}</style>",
        '<rect class="page" width="100%" height="100%" rx="12"/>',
        *_lines(graph.edges, pairs, widths, found),
    ]
    for node, box_width, centre, layer in zip(
        graph.nodes, widths, found.centres, found.layers, strict=True
    ):
        lines.append(_box(node, box_width, _Point(_MARGIN + centre, _top(layer))))
    return "\n".join([*lines, "</svg>"]) + "\n"


def _description(graph: Graph) -> str:
    """Each step with what it waits for, in words."""
    sentences = []
    for node in graph.nodes:
        waits = ", ".join(
            f"{edge.source} ({edge.outcome.label})" if edge.outcome.label else edge.source
            for edge in graph.edges
            if edge.target == node.name
        )
        after = f" after {waits}" if waits else ""
        sentences.append(f"{node.name}, {node.type}{after}.")
    return " ".join(sentences)


def _width(node: Node) -> float:
    text = max(len(_short(node.name)) * _NAME_PIXELS, len(node.type) * _TYPE_PIXELS)
    slant = 2 * _SLANT if node.type == "Condition" else 0
    return max(_MIN_WIDTH, text + 2 * _PADDING + slant)


def _top(layer: int) -> float:
    return _MARGIN + layer * (_HEIGHT + _LAYER_GAP)


def _box(node: Node, width: float, top: _Point) -> str:
    left, right, bottom = top.x - width / 2, top.x + width / 2, top.y + _HEIGHT
    if node.type == "Condition":
        middle = top.y + _HEIGHT / 2
        corners = (
            _Point(left + _SLANT, top.y),
            _Point(right - _SLANT, top.y),
            _Point(right, middle),
            _Point(right - _SLANT, bottom),
            _Point(left + _SLANT, bottom),
            _Point(left, middle),
        )
        points = " ".join(map(str, corners))
        shape = f'<polygon class="box" points="{points}" stroke-linejoin="round"/>'
    else:
        radius = _HEIGHT / 2 if node.type == "Fail" else 8
        shape = (
            f'<rect class="box" x="{_number(left)}" y="{_number(top.y)}" width="{_number(width)}" '
            f'height="{_number(_HEIGHT)}" rx="{_number(radius)}"/>'
        )
    tip = f"{node.name}: {node.description}" if node.description else node.name
    return (
        f'<g class="{_KINDS.get(node.type, "other")}"><title>{html.escape(tip)}</title>{shape}'
        f"{_text('name', _short(node.name), _Point(top.x, top.y + 20))}"
        f"{_text('type', node.type, _Point(top.x, top.y + 37))}</g>"
    )


def _lines(
    edges: Sequence[Edge], pairs: Sequence[tuple[int, int]], widths: Sequence[float], found: Layout
) -> Iterator[str]:
    """All lines, and after them their labels, which no line may cross out."""
    starts = _ports(pairs, widths, found, end=0)
    ends = _ports(pairs, widths, found, end=1)
    labels = []
    for number, (edge, (source, target)) in enumerate(zip(edges, pairs, strict=True)):
        start = _Point(starts[number], _top(found.layers[source]) + _HEIGHT)
        end = _Point(ends[number], _top(found.layers[target]))
        path = f"M {start}"
        last = start
        for layer, bend in enumerate(found.bends[number], start=found.layers[source] + 1):
            upper = _Point(_MARGIN + bend, _top(layer))
            path += f"{_curve(last, upper)} V {_number(upper.y + _HEIGHT)}"
            last = _Point(upper.x, upper.y + _HEIGHT)
        # A label stands on an upright piece of its line.
        upright = _ARROW + (_LABEL_HEIGHT if edge.outcome.label else 0)
        path += f"{_curve(last, _Point(end.x, end.y - upright))} V {_number(end.y - _ARROW)}"
        dashes = " after-failure" if edge.outcome.follows_failure else ""
        yield f'<path class="line{dashes}" d="{path}"/>'
        half = _number(_ARROW * 0.6)
        yield (
            f'<path class="head" d="M {end} l -{half} -{_number(_ARROW)} '
            f'h {_number(_ARROW * 1.2)} Z"/>'
        )
        if edge.outcome.label:
            place = _Point(end.x, end.y - _ARROW - 5)
            labels.append(_text("label", edge.outcome.label, place))
    yield from labels


def _curve(start: _Point, end: _Point) -> str:
    """A line between two layers that leaves and arrives upright."""
    if abs(start.x - end.x) < 0.5:  # noqa: PLR2004 - half a pixel
        return f" L {end}"
    middle = (start.y + end.y) / 2
    return f" C {_Point(start.x, middle)} {_Point(end.x, middle)} {end}"


def _ports(
    pairs: Sequence[tuple[int, int]], widths: Sequence[float], found: Layout, *, end: int
) -> list[float]:
    """Where each line meets the box at one of its ends: side by side, in the order of the others.

    Args:
        pairs: Boxes at both ends of each line.
        widths: Widths of the boxes.
        found: Where things are.
        end: 0 for the box where a line starts, 1 for the one where it ends.
    """
    ports = [0.0] * len(pairs)
    for box, width in enumerate(widths):
        own = [number for number, pair in enumerate(pairs) if pair[end] == box]

        def neighbour(number: int) -> float:
            bends = found.bends[number]
            return bends[-end] if bends else found.centres[pairs[number][1 - end]]

        own.sort(key=neighbour)
        for place, number in enumerate(own):
            share = (place - (len(own) - 1) / 2) / max(len(own), 2)
            ports[number] = _MARGIN + found.centres[box] + share * (width - 2 * _PADDING)
    return ports


def _text(style: str, text: str, place: _Point) -> str:
    return (
        f'<text class="{style}" x="{_number(place.x)}" y="{_number(place.y)}">'
        f"{html.escape(text)}</text>"
    )


def _short(text: str) -> str:
    return text if len(text) <= _MAX_CHARACTERS else f"{text[: _MAX_CHARACTERS - 1]}…"


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
