"""Tests of the charts: what they draw where, read back from the SVG."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.calibration import calibration_bins
from monitoring.charts import Axis, bar_chart, histogram, line_chart, reliability_diagram, ticks
from monitoring.classification import ConfusionMatrix
from monitoring.data_statistics import data_statistics
from monitoring.heat_map import heat_map


def parse(svg: str) -> ET.Element:
    """The picture as a tree; a picture that is no XML is an error."""
    return ET.fromstring(svg)  # noqa: S314 -- our own output


def by_class(tree: ET.Element, name: str) -> list[ET.Element]:
    """Elements with a class, in order."""
    return [item for item in tree.iter() if name in item.get("class", "").split()]


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_are_few_and_inside(low: float, span: float) -> None:
    """Ticks lie in the range, at equal distances, and are never too many."""
    high = low + span
    marks = ticks(low, high)
    assert len(marks) <= 7
    tolerance = 1e-6 * max(abs(low), abs(high), span)
    assert all(low - tolerance <= mark <= high + tolerance for mark in marks)


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.13, 0.42, [0.15, 0.2, 0.25, 0.3, 0.35, 0.4]),
        (0, 100, [0, 20, 40, 60, 80, 100]),
        (3, 3, [3]),
    ],
    ids=["unit", "narrow", "hundred", "point"],
)
def test_tick_examples(low: float, high: float, marks: list[float]) -> None:
    """Ticks are multiples of 1, 2 or 5 times a power of ten."""
    assert ticks(low, high) == pytest.approx(marks)


def test_axis() -> None:
    """An axis maps its ends to its pixels, also when these run downwards."""
    axis = Axis(low=10, high=20, start=100, stop=0)
    assert [axis(10), axis(15), axis(20)] == [100, 50, 0]


def test_line_chart() -> None:
    """Each curve has a point per position, and the marked position has a line and a note."""
    tree = parse(
        line_chart(
            "Loss",
            {"train_loss": [3.0, 2.0, 1.0], "validation_loss": [3.0, 2.5, 2.5]},
            positions=[0, 1, 2],
            axis="epoch",
            marked={"epoch 2 is kept": 2},
        )
    )
    curves = list(tree.iter("polyline"))
    points = [
        [tuple(map(float, p.split(","))) for p in c.get("points", "").split()] for c in curves
    ]
    assert [len(curve) for curve in points] == [3, 3]
    assert points[0][0] == points[1][0]
    assert points[0][0][1] < points[0][1][1] < points[0][2][1], "a falling loss goes down"
    assert points[1][1][1] == points[1][2][1]
    assert float(by_class(tree, "guide")[0].get("x1", "")) == points[0][2][0]
    texts = [item.text for item in tree.iter("text")]
    [note] = [item for item in tree.iter("text") if item.text == "epoch 2 is kept"]
    highest = min(y for curve in points for _, y in curve)
    assert float(note.get("y", "")) < highest, "the note covers no curve"
    assert {"train_loss", "validation_loss", "epoch", "epoch 2 is kept"} <= set(texts)
    assert tree.findtext("desc") == ("epoch 0 to 2; at the end: train_loss 1, validation_loss 2.5.")


def test_line_chart_of_one_constant_point() -> None:
    """One epoch, and a curve without spread, still have a place inside the frame."""
    tree = parse(
        line_chart("Loss", {"loss": [0.0]}, positions=[0], axis="epoch", marked={"kept": 0})
    )
    (dot,) = by_class(tree, "dot")
    (x, y) = float(dot.get("cx", "")), float(dot.get("cy", ""))
    assert 56 < x < 504
    assert 46 < y < 256


def test_long_curves_have_no_dots() -> None:
    """Dots are for few positions, where a curve alone hides how many there are."""
    for num_positions, num_dots in ((30, 30), (31, 0)):
        curve = {"loss": [float(index) for index in range(num_positions)]}
        chart = line_chart("Loss", curve, positions=range(num_positions), axis="epoch", marked={})
        assert len(by_class(parse(chart), "dot")) == num_dots


@pytest.mark.parametrize(
    ("curves", "num_positions"),
    [({}, 0), ({"a": [1.0]}, 2), ({str(index): [1.0] for index in range(5)}, 1)],
    ids=["none", "short", "many"],
)
def test_line_chart_that_cannot_be_drawn(
    curves: dict[str, list[float]], num_positions: int
) -> None:
    """Curves that do not fit their positions, or cannot be told apart, are refused."""
    with pytest.raises(ValueError, match=r"^Chart") as caught:
        line_chart("c", curves, positions=range(num_positions), axis="epoch", marked={})
    lengths = {name: len(curve) for name, curve in curves.items()}
    assert str(caught.value) == (
        f"Chart 'c' needs 1 to 4 curves with one value for each of its {num_positions} positions. "
        f"Got values by curve: {lengths}."
    )


def test_histogram() -> None:
    """Ten bars, as high as their counts, with the range below."""
    values = [0.0] * 30 + [0.55] * 15 + [1.0] * 10
    statistics = data_statistics({"x": values})["features"][0]["numerical_statistics"]
    tree = parse(histogram("x", statistics["distribution"]["kll"]["buckets"]))
    heights = [float(bar.get("height", "")) for bar in by_class(tree, "bar")]
    assert len(heights) == 10
    assert heights[0] == pytest.approx(2 * heights[5], abs=0.02)
    assert heights[0] == pytest.approx(3 * heights[9], abs=0.02)
    assert [item.text for item in tree.iter("text")] == ["0", "1"]
    assert tree.findtext("desc") == "55 values from 0 to 1; fullest bucket 30."


def test_reliability_diagram() -> None:
    """A bar per filled bin for the accuracy, another for the share, and a mark for the promise."""
    bins = calibration_bins([0.95, 0.95, 0.5, 0.97], [True, True, False, False])
    tree = parse(reliability_diagram("Reliability", bins))
    bars = by_class(tree, "bar")
    assert len(bars) == 4
    assert len(by_class(tree, "mark")) == 2
    accuracies = [float(bar.get("height", "")) for bar in bars[::2]]
    assert accuracies == pytest.approx([0, 268 * 2 / 3], abs=0.01)
    intervals = [
        (float(line.get("y1", "")), float(line.get("y2", "")))
        for line in by_class(tree, "interval")
    ]
    for ends, bounds in zip(intervals, [(0, 0.793451), (0.207655, 0.938508)], strict=True):
        assert ends == pytest.approx([280 - 268 * bound for bound in bounds], abs=0.01)
    weak, strong = (float(bars[index].get("fill-opacity", "")) for index in (0, 2))
    assert weak < strong < 1, "fewer images, a paler bar"
    assert bars[2].findtext("title") == (
        "0.93 to 1.00: 3 images, accuracy 0.667, mean probability 0.957"
    )
    assert tree.findtext("desc") == "4 images in 2 bins; the largest gap is 0.500."


def matrix_of(num_labels: int) -> ConfusionMatrix:
    """Nine right answers per label, and one mistake per label but the last."""
    counts = 9 * np.eye(num_labels, dtype=np.int64) + np.eye(num_labels, k=1, dtype=np.int64)
    labels = tuple(f"<{index}> {'long ' * 6}" for index in range(num_labels))
    return ConfusionMatrix(labels=labels, counts=counts)


@pytest.mark.parametrize("num_labels", [2, 3, 10, 30, 60, 150])
def test_heat_map(num_labels: int) -> None:
    """Every count that is not 0 is a square in the colour of its kind, with its names in full."""
    matrix = matrix_of(num_labels)
    tree = parse(heat_map("Confusion matrix", matrix))
    hits, misses = by_class(tree, "hit"), by_class(tree, "miss")
    assert (len(hits), len(misses)) == (num_labels, num_labels - 1)
    assert misses[0].findtext("title") == (
        f"actual {matrix.labels[0]}, predicted {matrix.labels[1]}: 1 of 10"
    )
    assert float(misses[0].get("x", "")) > float(hits[0].get("x", ""))
    assert misses[0].get("y") == hits[0].get("y")
    assert float(hits[0].get("fill-opacity", "")) > float(misses[0].get("fill-opacity", ""))
    size = float(tree.get("width", ""))
    for square in (*hits, *misses):
        assert float(square.get("x", "")) + float(square.get("width", "")) < size
    assert float(hits[0].get("width", "")) >= 8, "squares stay visible"
    counts = [item for item in tree.iter("text") if item.text == "9"]
    assert len(counts) == (num_labels if num_labels <= 40 else 0)
    assert tree.findtext("desc") == (
        f"{num_labels} labels, {matrix.num_images} images, {num_labels - 1} of them predicted "
        "wrongly. Rows are actual labels, columns predicted ones."
    )


def test_heat_map_writes_short_names_upright() -> None:
    """Names that fit above their columns are not turned."""
    matrix = ConfusionMatrix(labels=("0", "1"), counts=np.eye(2, dtype=np.int64))
    names = [item for item in parse(heat_map("m", matrix)).iter("text") if item.text == "1"]
    assert all(item.get("transform") is None for item in names)


def test_bars_are_as_long_as_their_counts() -> None:
    """Each name has a bar in proportion to its count, and says both; long names are cut."""
    tree = parse(bar_chart("Labels", {"<dog>": 30, "c" * 40: 10, "owl": 0}))
    bars = by_class(tree, "bar")
    widths = [float(bar.get("width", "")) for bar in bars]
    assert widths[0] > 290
    assert widths[1] == pytest.approx(widths[0] / 3, abs=0.02)
    assert widths[2] == 0
    assert [bar[0].text for bar in bars] == ["<dog>: 30", f"{'c' * 40}: 10", "owl: 0"]
    texts = [item.text for item in tree.iter("text")]
    assert texts == ["<dog>", "30", f"{'c' * 23}…", "10", "owl", "0"]
    ends = [float(bar.get("x", "")) + float(bar.get("width", "")) for bar in bars]
    assert max(ends) < float(tree.get("width", ""))
