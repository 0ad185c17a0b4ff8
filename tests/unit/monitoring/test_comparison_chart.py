"""Tests of monitoring.comparison_chart."""

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from numpy.typing import NDArray

from monitoring.comparison_chart import NUM_BINS, compare_numbers, compare_texts

Weighted = tuple[NDArray[np.float64], NDArray[np.int64]]


def numbers(*values: float, weight: int = 1) -> Weighted:
    """Values that each stand for so many."""
    return np.array(values, dtype=np.float64), np.full(len(values), weight, dtype=np.int64)


def bars(markup: str) -> list[str]:
    """What the bars of a chart say, from left to right."""
    names = [element.text or "" for element in ET.fromstring(markup).iter("title")]  # noqa: S314
    return names[1:]  # The first is the chart's own.


def test_shares_of_numbers_in_common_bins() -> None:
    """Both sides are in the same bins, and a value counts for what it stands for."""
    current = (np.array([0.0, 20.0]), np.array([3, 1]))
    chart = compare_numbers("brightness", numbers(0, 10, weight=5), current)
    told = bars(chart)
    assert len(told) == NUM_BINS
    assert told[0] == "0 to 1: baseline 50.0%, now 75.0%"
    assert told[10] == "10 to 11: baseline 50.0%, now 0.0%"
    assert told[-1] == "19 to 20: baseline 0.0%, now 25.0%"
    assert "They differ most at 10 to 11: 50.0% and 0.0%." in chart


def test_shares_of_texts() -> None:
    """The most frequent text comes first; those beyond the tenth share a bar."""
    baseline = {"cat": 3, "dog": 1}
    current = {"dog": 2, **{f"new {index}": 1 for index in range(10)}}
    told = bars(compare_texts("label", baseline, current))
    assert told[:2] == ["cat: baseline 75.0%, now 0.0%", "dog: baseline 25.0%, now 16.7%"]
    assert len(told) == 11
    assert told[-1] == "others: baseline 0.0%, now 16.7%"


def test_texts_that_are_gone() -> None:
    """A side without any text has no share of anything."""
    assert bars(compare_texts("label", {"cat": 3}, {})) == ["cat: baseline 100.0%, now 0.0%"]


@pytest.mark.parametrize(
    "values",
    [(5.0, 5.0), (-1.7e308, 1.7e308), (1e300, 1e300), (0.0, 5e-324)],
    ids=["equal", "huge", "equal and huge", "tiny"],
)
def test_any_number_has_a_place(values: tuple[float, float]) -> None:
    """Numbers that are equal, or as far apart as numbers can be, are drawn within the chart."""
    chart = compare_numbers("x", numbers(values[0]), numbers(values[1]))
    shares = [re.findall(r"([\d.]+)%", text) for text in bars(chart)]
    assert sum(float(baseline) for baseline, _ in shares) == pytest.approx(100)
    assert sum(float(now) for _, now in shares) == pytest.approx(100)
    assert "nan" not in chart
    assert "inf" not in chart


def test_names_are_escaped() -> None:
    """No text of a record becomes markup."""
    assert "<b>" not in compare_texts("<b>", {"<b>cat": 1}, {"<b>dog": 1})
