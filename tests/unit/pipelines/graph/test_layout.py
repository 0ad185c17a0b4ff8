"""Tests of pipelines.graph.layout."""

from itertools import combinations

import pytest

from pipelines.graph.layout import layout


def test_a_chain_is_straight() -> None:
    """Boxes of a chain stand below each other, whatever their widths."""
    found = layout([100, 200, 120], [(0, 1), (1, 2)])
    assert found.layers == (0, 1, 2)
    assert found.centres == (100, 100, 100)
    assert found.width == 200


def test_a_box_is_below_all_that_it_waits_for() -> None:
    """The longest path counts, and a longer line bends once for each layer that it passes."""
    found = layout([100] * 4, [(0, 1), (1, 2), (0, 3), (2, 3)])
    assert found.layers == (0, 1, 2, 3)
    assert [len(bends) for bends in found.bends] == [0, 0, 2, 0]


def test_lines_do_not_cross_without_need() -> None:
    """Two ladders that are declared in opposite orders are untangled."""
    found = layout([100] * 6, [(0, 3), (1, 2), (2, 5), (3, 4)])
    assert (found.centres[0] < found.centres[1]) == (found.centres[3] < found.centres[2])
    assert (found.centres[3] < found.centres[2]) == (found.centres[4] < found.centres[5])


@pytest.mark.parametrize("num_boxes", [1, 2, 7, 30])
def test_boxes_of_one_layer_do_not_overlap(num_boxes: int) -> None:
    """Boxes side by side keep a distance, and none leaves the picture."""
    widths = [100.0 + 10 * (number % 7) for number in range(num_boxes)]
    edges = [(number // 3, number) for number in range(1, num_boxes)]
    found = layout(widths, edges)
    for first, second in combinations(range(num_boxes), 2):
        if found.layers[first] == found.layers[second]:
            distance = abs(found.centres[first] - found.centres[second])
            assert distance >= (widths[first] + widths[second]) / 2 + 30
    assert min(c - w / 2 for c, w in zip(found.centres, widths, strict=True)) == pytest.approx(0)
    assert max(c + w / 2 for c, w in zip(found.centres, widths, strict=True)) == pytest.approx(
        found.width
    )


def test_nothing_has_a_place_too() -> None:
    """A graph without boxes has no size."""
    found = layout([], [])
    assert (found.layers, found.centres, found.width) == ((), (), 0)
