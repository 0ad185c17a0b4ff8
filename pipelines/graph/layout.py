"""Decides where the boxes and the lines of a graph are.

Layers by the longest path; orders within a layer by barycentres; places as near to the neighbours
as the order lets them. Lines pass a layer through a place of their own, so that none crosses a box.

Source: Sugiyama, Tagawa, Toda, "Methods for Visual Understanding of Hierarchical System
Structures", IEEE Transactions on Systems, Man, and Cybernetics 11 (2), 1981
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

_NUM_SWEEPS = 12
_GAP = 36.0
_LINE_WIDTH = 10.0
"""Width that a line takes where it passes a layer."""
_LOOSE = 1e-3
"""Weight of an item that nothing holds where it is, to that of others."""

Item: TypeAlias = tuple[int, int]
"""Something with a place: (box, -1) is a box, (edge, layer) a line where it passes a layer."""

_BOX = -1


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """Places of boxes and lines; all x are centres."""

    layers: tuple[int, ...]
    """Layer of each box, from 0."""
    centres: tuple[float, ...]
    """x of each box."""
    bends: tuple[tuple[float, ...], ...]
    """For each edge, its x in each layer that it passes between its ends."""
    width: float


@dataclass(kw_only=True)
class _Layered:
    """Layers of items, and which items of adjacent layers are joined."""

    rows: list[list[Item]]
    widths: dict[Item, float]
    above: dict[Item, list[Item]] = field(default_factory=lambda: defaultdict(list))
    below: dict[Item, list[Item]] = field(default_factory=lambda: defaultdict(list))


def layout(widths: Sequence[float], edges: Sequence[tuple[int, int]]) -> Layout:
    """Place boxes.

    Args:
        widths: Width of each box.
        edges: Pairs of boxes, the first before the second in `widths`.
    """
    layers = [0] * len(widths)
    for source, target in sorted(edges, key=lambda edge: edge[1]):
        layers[target] = max(layers[target], layers[source] + 1)
    graph = _layered(widths, edges, layers)
    _reorder(graph)
    places = _places(graph)
    left = min((places[item] - graph.widths[item] / 2 for item in places), default=0.0)
    right = max((places[item] + graph.widths[item] / 2 for item in places), default=0.0)
    return Layout(
        layers=tuple(layers),
        centres=tuple(places[box, _BOX] - left for box in range(len(widths))),
        bends=tuple(
            tuple(
                places[index, layer] - left for layer in range(layers[source] + 1, layers[target])
            )
            for index, (source, target) in enumerate(edges)
        ),
        width=right - left,
    )


def _layered(
    widths: Sequence[float], edges: Sequence[tuple[int, int]], layers: Sequence[int]
) -> _Layered:
    graph = _Layered(rows=[[] for _ in range(max(layers, default=-1) + 1)], widths={})
    for box, layer in enumerate(layers):
        graph.rows[layer].append((box, _BOX))
        graph.widths[box, _BOX] = widths[box]
    for index, (source, target) in enumerate(edges):
        chain: list[Item] = [(source, _BOX)]
        for layer in range(layers[source] + 1, layers[target]):
            chain.append((index, layer))
            graph.rows[layer].append((index, layer))
            graph.widths[index, layer] = _LINE_WIDTH
        for upper, lower in pairwise([*chain, (target, _BOX)]):
            graph.below[upper].append(lower)
            graph.above[lower].append(upper)
    return graph


def _reorder(graph: _Layered) -> None:
    """Order each row by the barycentres of its neighbours, and keep the best order seen."""
    best, fewest = [list(row) for row in graph.rows], _num_crossings(graph)
    for sweep in range(_NUM_SWEEPS):
        is_down = sweep % 2 == 0
        neighbours = graph.above if is_down else graph.below
        rows = graph.rows if is_down else graph.rows[::-1]
        for fixed, row in pairwise(rows):
            index = {item: place for place, item in enumerate(fixed)}
            current = {item: place for place, item in enumerate(row)}
            row.sort(key=_barycentre(neighbours, index, current))
        crossings = _num_crossings(graph)
        if crossings < fewest:
            best, fewest = [list(row) for row in graph.rows], crossings
    graph.rows[:] = best


def _barycentre(
    neighbours: Mapping[Item, list[Item]], index: Mapping[Item, int], current: Mapping[Item, int]
) -> Callable[[Item], float]:
    def mean(item: Item) -> float:
        found = [index[other] for other in neighbours.get(item, ())]
        return sum(found) / len(found) if found else float(current[item])

    return mean


def _num_crossings(graph: _Layered) -> int:
    total = 0
    for upper, lower in pairwise(graph.rows):
        index = {item: place for place, item in enumerate(lower)}
        ends = [
            (place, index[other])
            for place, item in enumerate(upper)
            for other in graph.below.get(item, ())
        ]
        total += sum(
            (first[0] - second[0]) * (first[1] - second[1]) < 0
            for number, first in enumerate(ends)
            for second in ends[:number]
        )
    return total


def _places(graph: _Layered) -> dict[Item, float]:
    """An x for each item: in sweeps, each row moves to its neighbours above, then below."""
    places = {item: 0.0 for row in graph.rows for item in row}
    for sweep in range(2 * _NUM_SWEEPS):
        is_down = sweep % 2 == 0
        neighbours = graph.above if is_down else graph.below
        for row in graph.rows if is_down else graph.rows[::-1]:
            wanted = []
            for item in row:
                found = [places[other] for other in neighbours.get(item, ())]
                mean = sum(found) / len(found) if found else places[item]
                wanted.append((mean, 1.0 if found else _LOOSE))
            widths = [graph.widths[item] for item in row]
            places |= dict(zip(row, _nearest(wanted, widths), strict=True))
    return places


def _nearest(wanted: Sequence[tuple[float, float]], widths: Sequence[float]) -> list[float]:
    """The places nearest to the wanted ones, by weighted least squares, in order and apart.

    Less the distances before it, no place may be smaller than the one before: isotonic regression,
    by pooling adjacent violators.

    Args:
        wanted: A place and its weight, for each item of a row.
        widths: Widths of the items.
    """
    offsets = [0.0]
    for left, right in pairwise(widths):
        offsets.append(offsets[-1] + (left + right) / 2 + _GAP)
    pools: list[tuple[float, float, int]] = []  # Sum of places, of weights, of items.
    for (place, weight), offset in zip(wanted, offsets, strict=True):
        total, weights, count = (place - offset) * weight, weight, 1
        while pools and pools[-1][0] / pools[-1][1] > total / weights:
            before = pools.pop()
            total, weights, count = total + before[0], weights + before[1], count + before[2]
        pools.append((total, weights, count))
    levels = [total / weights for total, weights, count in pools for _ in range(count)]
    return [level + offset for level, offset in zip(levels, offsets, strict=True)]
