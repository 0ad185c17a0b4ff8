"""Tests of the data-quality statistics."""

import itertools
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.data_quality import NumericalStatistics
from monitoring.data_statistics import Block, FeatureAccumulator, Value, data_statistics


def numerical(values: list[Value]) -> NumericalStatistics:
    """The numerical statistics of one column."""
    return data_statistics({"x": values})["features"][0]["numerical_statistics"]


def test_whole_document() -> None:
    """A small data set gives the documented fields, features in alphabetical order."""
    statistics = data_statistics(
        {"size": ["large", "small", "large", None], "brightness": [0.0, 0.5, 1.0, 0.5]}
    )
    bounds = [index / 10 for index in range(11)]
    counts = [1.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 1.0]
    buckets = statistics["features"][0]["numerical_statistics"]["distribution"]["kll"]["buckets"]
    assert [bucket["count"] for bucket in buckets] == counts
    assert [bucket["lower_bound"] for bucket in buckets] == pytest.approx(bounds[:-1])
    assert [bucket["upper_bound"] for bucket in buckets] == pytest.approx(bounds[1:])
    assert statistics == {
        "version": 0.0,
        "dataset": {"item_count": 4},
        "features": [
            {
                "name": "brightness",
                "inferred_type": "Fractional",
                "numerical_statistics": {
                    "common": {"num_present": 4, "num_missing": 0},
                    "mean": 0.5,
                    "sum": 2.0,
                    "std_dev": math.sqrt(0.125),
                    "min": 0.0,
                    "max": 1.0,
                    "distribution": {
                        "kll": {
                            "buckets": buckets,
                            "sketch": {
                                "parameters": {"c": 0.64, "k": 2048.0},
                                "data": [[0.0, 0.5, 0.5, 1.0]],
                            },
                        }
                    },
                },
            },
            {
                "name": "size",
                "inferred_type": "String",
                "string_statistics": {
                    "common": {"num_present": 3, "num_missing": 1},
                    "distinct_count": 2.0,
                    "distribution": {
                        "categorical": {
                            "buckets": [
                                {"value": "large", "count": 2},
                                {"value": "small", "count": 1},
                            ]
                        }
                    },
                },
            },
        ],
    }


def test_standard_deviation_is_the_population_s() -> None:
    """The published Churn column, 325 of 2,333, gives 0.346265 and not the sample's 0.346339."""
    statistics = numerical([1.0] * 325 + [0.0] * 2008)
    assert statistics["mean"] == pytest.approx(0.139306, abs=5e-7)
    assert statistics["std_dev"] == pytest.approx(0.346265, abs=5e-7)


@pytest.mark.parametrize(
    ("values", "inferred_type", "num_missing"),
    [
        ([1, 2, 3], "Integral", 0),
        ([1, 2.5], "Fractional", 0),
        ([1.0, 2.0], "Fractional", 0),
        ([1, None, 3], "Integral", 1),
        ([1.5, math.nan, math.inf], "Fractional", 2),
        (["1", "2"], "String", 0),
        (["1", None], "String", 1),
        ([None, None], "Unknown", 2),
        ([math.nan], "Unknown", 1),
        ([1.5, 1.7e308, -1e300, 10**200], "Fractional", 3),
    ],
    ids=[
        "whole", "mixed", "whole-floats", "gap", "not-finite", "texts", "texts-gap", "none", "nan",
        "gigantic",
    ],
)  # fmt: skip
def test_types_and_missing_values(
    values: list[Value], inferred_type: str, num_missing: int
) -> None:
    """The type follows from the values present; None, NaN and gigantic numbers are missing."""
    feature = data_statistics({"x": values})["features"][0]
    assert feature["inferred_type"] == inferred_type
    is_number = inferred_type in {"Integral", "Fractional"}
    kind = feature["numerical_statistics"] if is_number else feature["string_statistics"]
    assert kind["common"] == {
        "num_present": len(values) - num_missing,
        "num_missing": num_missing,
    }


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=300), st.integers(0, 300))
def test_moments_of_blocks(numbers: list[float], cut: int) -> None:
    """Two blocks give the moments and the range that numpy finds in the whole."""
    feature = FeatureAccumulator("x")
    feature.update(Block.of(numbers[:cut]))
    feature.update(Block.of(numbers[cut:]))
    statistics = feature.statistics()["numerical_statistics"]
    whole = np.array(numbers)
    scale = np.abs(whole).max()
    assert statistics["mean"] == pytest.approx(whole.mean(), rel=1e-9, abs=1e-9 * scale)
    assert statistics["sum"] == pytest.approx(math.fsum(numbers), rel=1e-9, abs=1e-9 * scale)
    assert statistics["std_dev"] == pytest.approx(whole.std(), rel=1e-6, abs=1e-7 * scale)
    assert (statistics["min"], statistics["max"]) == (whole.min(), whole.max())


@given(st.lists(st.integers(0, 100_000), max_size=4), st.integers(0, 2**32 - 1))
@settings(max_examples=10)
def test_blocks_do_not_matter(cuts: list[int], seed: int) -> None:
    """Blocks of any size give the statistics of the whole, to the last bit."""
    values = np.random.default_rng(seed).normal(size=100_000)
    feature = FeatureAccumulator("x")
    for block in np.split(values, sorted(cuts)):
        feature.update(Block.of(block))
    whole = data_statistics({"x": values})["features"][0]
    assert feature.statistics() == whole


@pytest.mark.parametrize("num_values", [1000, 200_000])
def test_caller_s_array_is_left_alone(num_values: int) -> None:
    """An array is neither changed, nor read again after the call."""
    values = np.random.default_rng(0).normal(size=num_values)
    original = values.copy()
    feature = FeatureAccumulator("x")
    feature.update(Block.of(values))
    np.testing.assert_array_equal(values, original)
    values[:] = 0.0
    assert feature.statistics() == data_statistics({"x": original})["features"][0]


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=400))
def test_buckets_are_a_histogram(numbers: list[int]) -> None:
    """Ten buckets of equal width hold every value, the largest in the last one."""
    buckets = numerical([float(number) for number in numbers])["distribution"]["kll"]["buckets"]
    edges = [bucket["lower_bound"] for bucket in buckets] + [buckets[-1]["upper_bound"]]
    expected = [
        sum(low <= number < high or (index == 9 and number == high) for number in numbers)
        for index, (low, high) in enumerate(itertools.pairwise(edges))
    ]
    assert edges[0] == min(numbers)
    assert edges[-1] == max(numbers)
    assert [bucket["count"] for bucket in buckets] == expected


def test_array_with_gaps() -> None:
    """In an array, too, what is not finite is missing, and no number is whole by type."""
    values = np.array([math.nan, 1.0, math.inf, 2.0, -math.inf])
    [feature] = data_statistics({"x": values})["features"]
    common = feature["numerical_statistics"]["common"]
    assert feature["inferred_type"] == "Fractional"
    assert common == {"num_present": 2, "num_missing": 3}


def test_one_long_text_does_not_make_all_of_them_long() -> None:
    """The memory that a block takes does not depend on its longest text times its length."""
    texts: list[Value] = ["x" * 100_000, *["dog"] * 199]
    tracemalloc.start()
    try:
        block = Block.of(texts)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert list(block.texts) == texts
    assert peak < 100_000


def test_constant_column() -> None:
    """A column with one value has all of it in the last bucket, and no spread."""
    statistics = numerical([0.3] * 7)
    counts = [bucket["count"] for bucket in statistics["distribution"]["kll"]["buckets"]]
    assert counts == [0.0] * 9 + [7.0]
    assert statistics["std_dev"] == pytest.approx(0.0, abs=1e-15)


def test_bucket_counts_of_many_values_keep_their_sum() -> None:
    """When the sketch has dropped values, the buckets' counts still add up."""
    values = np.random.default_rng(0).normal(size=20_000).tolist()
    counts = [bucket["count"] for bucket in numerical(values)["distribution"]["kll"]["buckets"]]
    assert sum(counts) == 20_000.0


def test_numbers_and_texts_in_one_column() -> None:
    """A column that mixes kinds has no distribution; the error counts them."""
    with pytest.raises(ValueError, match=r"^Feature") as caught:
        data_statistics({"size": [1.0, "large", "large"]})
    assert str(caught.value) == (
        "Feature 'size' holds 1 numbers and 2 texts. Expected one kind; write numbers as numbers "
        "and names as texts."
    )


@pytest.mark.parametrize(
    "columns", [{}, {"a": []}, {"a": [1.0], "b": [1.0, 2.0]}], ids=["none", "empty", "ragged"]
)
def test_columns_that_are_no_data_set(columns: dict[str, list[Value]]) -> None:
    """Without rows, or with columns of several lengths, there are no statistics."""
    with pytest.raises(ValueError, match=r"^Statistics") as caught:
        data_statistics(columns)
    lengths = {name: len(values) for name, values in columns.items()}
    assert str(caught.value) == (
        f"Statistics need columns of one length, and at least one row. Got: {lengths}."
    )
