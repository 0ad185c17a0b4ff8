"""Tests of the quantile sketch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitoring.sketch import Sketch, capacity


def sketch_of(values: NDArray[np.float64], *, run: int = 70_000) -> Sketch:
    """A sketch that has seen the values in sorted runs of this length."""
    sketch = Sketch()
    for start in range(0, values.size, run):
        sketch.update(np.sort(values[start : start + run]))
    return sketch


@pytest.mark.parametrize(
    ("height", "items"),
    [(0, 2050), (1, 1314), (2, 842), (3, 540), (20, 4)],
    ids=["level-0", "level-1", "level-2", "level-3", "level-20"],
)
def test_capacities(height: int, items: int) -> None:
    """A level's capacity is 2 * (ceil(2048 * 0.64^h / 2) + 1), worked out by hand."""
    assert capacity(height) == items


@given(st.integers(0, 30_000), st.integers(500, 20_000), st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_weight_is_the_number_of_values(num_values: int, run: int, seed: int) -> None:
    """No value is lost or counted twice, however often levels were compacted."""
    values = np.random.default_rng(seed).normal(size=num_values)
    kept, weights = sketch_of(values, run=run).weighted()
    assert weights.sum() == num_values
    assert set(kept.tolist()) <= set(values.tolist())
    assert np.all(np.diff(kept) >= 0)


@given(st.lists(st.floats(-1e6, 1e6), max_size=2050))
@settings(max_examples=25)
def test_few_values_are_all_kept(numbers: list[float]) -> None:
    """Up to the capacity of the first level the sketch is the data."""
    sketch = sketch_of(np.array(numbers, dtype=np.float64))
    assert [level.tolist() for level in sketch.levels] == [sorted(numbers)]


@pytest.mark.parametrize("run", [1000, 3000, 70_000, 200_000])
@pytest.mark.parametrize("order", ["random", "ascending", "descending", "few-distinct"])
def test_ranks_are_close(order: str, run: int) -> None:
    """No rank of 200,000 values is off by half a percent, in any order and with ties.

    The memory does not depend on their number.
    """
    values = np.random.default_rng(1).normal(size=200_000)
    if order == "few-distinct":
        values = np.round(values)
    elif order != "random":
        values = np.sort(values)[:: 1 if order == "ascending" else -1]
    sketch = sketch_of(values, run=run)
    kept, weights = sketch.weighted()
    points = np.unique(kept)
    ranks = np.concatenate([[0], np.cumsum(weights)])
    estimated = ranks[np.searchsorted(kept, points, side="right")] / values.size
    exact = np.searchsorted(np.sort(values), points, side="right") / values.size
    assert np.abs(estimated - exact).max() < 0.005
    assert sum(level.size for level in sketch.levels) < 8000
