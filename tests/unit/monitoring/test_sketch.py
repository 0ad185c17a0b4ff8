"""Tests of the quantile sketch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitoring.sketch import Sketch, capacity


def sketch_of(values: NDArray[np.float64]) -> Sketch:
    """A sketch that has seen the values."""
    sketch = Sketch()
    sketch.update(values)
    return sketch


@pytest.mark.parametrize(
    ("height", "items"),
    [(0, 2050), (1, 1314), (2, 842), (3, 540), (20, 4)],
    ids=["level-0", "level-1", "level-2", "level-3", "level-20"],
)
def test_capacities(height: int, items: int) -> None:
    """A level's capacity is 2 * (ceil(2048 * 0.64^h / 2) + 1), worked out by hand."""
    assert capacity(height) == items


@given(st.integers(0, 30_000), st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_weight_is_the_number_of_values(num_values: int, seed: int) -> None:
    """No value is lost or counted twice, however often levels were compacted."""
    values = np.random.default_rng(seed).normal(size=num_values)
    kept, weights = sketch_of(values).weighted()
    assert weights.sum() == num_values
    assert set(kept.tolist()) <= set(values.tolist())
    assert np.all(np.diff(kept) >= 0)


@given(st.lists(st.integers(0, 4000), max_size=6), st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_blocks_do_not_matter(sizes: list[int], seed: int) -> None:
    """Values that arrive in blocks give the sketch of the values that arrive at once."""
    values = np.random.default_rng(seed).normal(size=sum(sizes))
    in_blocks = Sketch()
    for block in np.split(values, np.cumsum(sizes)[:-1]) if sizes else []:
        in_blocks.update(block)
    for one, other in zip(in_blocks.levels, sketch_of(values).levels, strict=True):
        np.testing.assert_array_equal(one, other)


@given(st.lists(st.floats(-1e6, 1e6), max_size=2050))
@settings(max_examples=25, deadline=None)
def test_few_values_are_all_kept(numbers: list[float]) -> None:
    """Up to the capacity of the first level the sketch is the data."""
    sketch = sketch_of(np.array(numbers, dtype=np.float64))
    assert [level.tolist() for level in sketch.levels] == [numbers]


@pytest.mark.parametrize("order", ["random", "ascending", "descending", "few-distinct"])
def test_ranks_are_close(order: str) -> None:
    """No rank of 200,000 values is off by half a percent, in any order and with ties."""
    values = np.random.default_rng(1).normal(size=200_000)
    if order == "few-distinct":
        values = np.round(values)
    elif order != "random":
        values = np.sort(values)[:: 1 if order == "ascending" else -1]
    sketch = sketch_of(values)
    kept, weights = sketch.weighted()
    points = np.unique(kept)
    ranks = np.concatenate([[0], np.cumsum(weights)])
    estimated = ranks[np.searchsorted(kept, points, side="right")] / values.size
    exact = np.searchsorted(np.sort(values), points, side="right") / values.size
    assert np.abs(estimated - exact).max() < 0.005
    assert sum(level.size for level in sketch.levels) < 8000
