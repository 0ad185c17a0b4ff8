"""Tests of the distances between distributions, against published and hand-counted values."""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from monitoring.distance import (
    MIN_EXPECTED_COUNT,
    NumericalDistance,
    categorical_distance,
    chi_squared_distance,
    chi_squared_p_value,
    effective_size,
    robust_distance,
)
from monitoring.sketch import Sketch

FEW = {"a": 10, "b": 20, "c": 25, "d": 10, "e": 5}
MANY = {"a": 207, "b": 20, "c": 25, "d": 14, "e": 25, "g": 13}


def distance_of(baseline: list[float], current: list[float], *, weight: int = 1) -> float:
    """The distance of two samples, with the baseline's numbers standing for several."""
    values = np.sort(np.array(baseline))
    measured = NumericalDistance(values, np.full(values.size, weight, dtype=np.int64))
    measured.update(np.sort(np.array(current)))
    return measured.distance()


def counted(baseline: list[int], current: list[int]) -> Fraction:
    """The same by counting, at every whole number: the functions change nowhere else."""
    return max(
        abs(
            Fraction(sum(number <= point for number in baseline), len(baseline))
            - Fraction(sum(number <= point for number in current), len(current))
        )
        for point in {*baseline, *current}
    )


@pytest.mark.parametrize(
    ("baseline", "current", "expected"),
    [
        pytest.param([1, 2, 3, 4], [2, 3, 4, 5], 0.25, id="deequ-test"),
        pytest.param([1, 2, 3, 4], [1, 2, 3, 4], 0.0, id="same"),
        pytest.param([1, 2], [3, 4], 1.0, id="apart"),
        pytest.param([3, 4], [1, 2], 1.0, id="apart-below"),
        pytest.param([224] * 9 + [640], [224] + [640] * 9, 0.8, id="ties"),
        pytest.param([224], [640], 1.0, id="constants"),
        pytest.param([0, 1], [0.5], 0.5, id="between"),
    ],
)
def test_numerical_distance(baseline: list[float], current: list[float], expected: float) -> None:
    """Known distances: Deequ's own test, and repeated numbers, which count as often as they occur.

    Source of the first: awslabs/deequ, `KLLDistanceTest.scala`
    """
    assert distance_of(baseline, current) == pytest.approx(expected, abs=1e-15)
    assert distance_of(baseline, current, weight=8) == pytest.approx(expected, abs=1e-15)


@given(
    st.lists(st.integers(-8, 8), min_size=1, max_size=60),
    st.lists(st.integers(-10, 10), min_size=1, max_size=60),
    st.integers(0, 60),
)
def test_numerical_distance_is_exact(baseline: list[int], current: list[int], cut: int) -> None:
    """With any ties, and current numbers in two blocks, the distance is the one that is counted."""
    values = np.sort(np.array(baseline, dtype=np.float64))
    measured = NumericalDistance(values, np.ones(values.size, dtype=np.int64))
    measured.update(np.sort(np.array(current[:cut], dtype=np.float64)))
    measured.update(np.sort(np.array(current[cut:], dtype=np.float64)))
    assert (measured.num_baseline, measured.num_current) == (len(baseline), len(current))
    assert measured.distance() == float(counted(baseline, current))


def test_sketched_baseline() -> None:
    """Against a sketch of 100,000 normal numbers, a shift of half a deviation has its distance.

    The largest difference of two normal distribution functions whose means are d apart is at the
    middle: 2 * Phi(d / 2) - 1, which is erf(d / (2 * sqrt(2))).
    """
    generator = np.random.default_rng(3)
    sketch = Sketch()
    sketch.update(np.sort(generator.normal(size=100_000)))
    measured = NumericalDistance(*sketch.weighted())
    measured.update(np.sort(generator.normal(loc=0.5, size=100_000)))
    assert measured.distance() == pytest.approx(math.erf(0.5 / 8**0.5), abs=0.008)


@pytest.mark.parametrize(
    ("baseline", "current", "expected"),
    [
        pytest.param(
            FEW, {"a": 11, "b": 20, "c": 25, "d": 10, "e": 10}, 0.06015037593984962, id="few"
        ),
        pytest.param(
            FEW, {"f": 11, "a": 20, "c": 25, "d": 10, "e": 10}, 0.2857142857142857, id="new-text"
        ),
        pytest.param({"a": 90, "b": 10}, {"a": 10, "b": 90}, 0.8, id="swapped"),
        pytest.param({"a": 1}, {"b": 1}, 1.0, id="apart"),
        pytest.param({"a": 2, "b": 6}, {"a": 1, "b": 3}, 0.0, id="same"),
    ],
)
def test_categorical_distance(
    baseline: dict[str, int], current: dict[str, int], expected: float
) -> None:
    """Known distances, the first two from Deequ's own tests.

    Source: awslabs/deequ, `KLLDistanceTest.scala`
    """
    assert categorical_distance(baseline, current) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize(
    ("distance", "num_baseline", "num_current", "expected"),
    [
        # Worked out by hand: L - 1.8 * sqrt((n + m) / (n * m)), not below 0.
        pytest.param(0.25, 4, 4, 0.0, id="deequ-test"),
        pytest.param(0.8, 1000, 1000, 0.8 - 1.8 * math.sqrt(0.002), id="thousand"),
        pytest.param(0.18, 50, 50, 0.0, id="fifty"),
        pytest.param(0.202, 100_000, 100_000, 0.202 - 0.00804984471899924, id="many"),
        pytest.param(0.5, 10_000, 100, 0.5 - 0.18089776119416, id="uneven"),
    ],
)
def test_robust_distance(
    distance: float, num_baseline: int, num_current: int, expected: float
) -> None:
    """The critical distance of the Kolmogorov-Smirnov test at alpha = 0.003 is taken off."""
    size = effective_size(num_baseline, num_current)
    assert robust_distance(distance, size) == pytest.approx(expected, abs=1e-10)


def test_robust_distance_of_deequ_s_test() -> None:
    """Deequ's test with an explicit alpha of 0.003 is met to the rounding of its constant 1.8.

    Source: awslabs/deequ, `KLLDistanceTest.scala`, alpha value .003
    """
    current = {"a": 22, "b": 20, "c": 25, "d": 12, "e": 13, "f": 15}
    distance = categorical_distance(MANY, current)
    size = effective_size(sum(MANY.values()), sum(current.values()))
    assert robust_distance(distance, size) == pytest.approx(0.2726338046550349, abs=5e-4)


@pytest.mark.parametrize(
    ("num_baseline", "num_current", "expected"),
    [(0, 5, 0.0), (5, 0, 0.0), (40, 40, 20.0), (1000, 1, 1000 / 1001)],
    ids=["no-baseline", "no-current", "even", "uneven"],
)
def test_effective_size(num_baseline: int, num_current: int, expected: float) -> None:
    """The smaller sample decides, and an empty one makes the other worth nothing."""
    assert effective_size(num_baseline, num_current) == pytest.approx(expected)


def test_chance_alone_is_rarely_a_robust_distance() -> None:
    """Of 2,000 pairs of samples of one distribution, some 0.3 percent have a distance left."""
    generator = np.random.default_rng(8)
    num_left = 0
    for _ in range(2000):
        first, second = generator.normal(size=(2, 100))
        distance = distance_of(first.tolist(), second.tolist())
        num_left += robust_distance(distance, effective_size(100, 100)) > 0
    assert num_left <= 12


@given(st.floats(0, 2000), st.integers(1, 60))
def test_chi_squared_p_value(statistic: float, degrees: int) -> None:
    """The probability is the one that SciPy computes, in the far tail too."""
    expected = stats.chi2.sf(statistic, degrees)
    assert chi_squared_p_value(statistic, degrees) == pytest.approx(expected, rel=1e-9, abs=1e-300)


@given(st.lists(st.tuples(st.integers(20, 500), st.integers(20, 500)), min_size=2, max_size=8))
def test_chi_squared_distance(counts: list[tuple[int, int]]) -> None:
    """Where all texts are frequent, p is that of SciPy's test of homogeneity."""
    baseline, current = ({str(i): pair[side] for i, pair in enumerate(counts)} for side in (0, 1))
    expected = stats.chi2_contingency(np.array(counts).T)
    assume(expected.expected_freq.min() >= MIN_EXPECTED_COUNT)
    assert chi_squared_distance(baseline, current) == pytest.approx(1 - expected.pvalue, abs=1e-9)


def test_rare_texts_are_counted_together() -> None:
    """Texts that are expected fewer than five times are joined until they are expected so often."""
    baseline = {"a": 500, "b": 480, "c": 8, "d": 12}
    current = {"a": 220, "b": 265, "c": 7, "d": 8}
    # Among 500 of 1,500, five are expected of fifteen, so `c` stays: one less joins `d`.
    stays = stats.chi2_contingency([[500, 480, 8, 12], [220, 265, 7, 8]]).pvalue
    assert chi_squared_distance(baseline, current) == pytest.approx(1 - stays, abs=1e-12)
    joins = stats.chi2_contingency([[501, 480, 19], [220, 265, 15]]).pvalue
    one_less = {**baseline, "a": 501, "c": 7}
    assert chi_squared_distance(one_less, current) == pytest.approx(1 - joins, abs=1e-12)


@pytest.mark.parametrize(
    ("baseline", "current", "expected"),
    [
        pytest.param({"a": 50}, {"a": 30}, 0.0, id="one-text"),
        pytest.param({"a": 50, "b": 0}, {"a": 30}, 0.0, id="text-that-never-occurs"),
        pytest.param(
            {"a": 1000},
            {"b": 30},
            1 - stats.chi2_contingency([[1000, 0], [0, 30]]).pvalue,
            id="other-text",
        ),
        pytest.param({"a": 2, "b": 6}, {"a": 1, "b": 3}, 0.0, id="same"),
    ],
)
def test_chi_squared_distance_of_few_groups(
    baseline: dict[str, int], current: dict[str, int], expected: float
) -> None:
    """Two groups always stay apart, with Yates' correction; one text is no difference."""
    assert chi_squared_distance(baseline, current) == pytest.approx(expected, abs=1e-12)


def test_chance_alone_rarely_passes_the_chi_squared_test() -> None:
    """Of 2,000 pairs of samples of one distribution, with rare texts, about 5 % have p < 0.05."""
    generator = np.random.default_rng(5)
    shares = [0.6, 0.3, 0.06, 0.02, 0.01, 0.01]
    num_low = 0
    for size in (100, 500):
        first, second = (generator.multinomial(n, shares, size=1000) for n in (1000, size))
        for pair in zip(first, second, strict=True):
            baseline, current = (dict(zip("abcdef", row.tolist(), strict=True)) for row in pair)
            num_low += chi_squared_distance(baseline, current) > 0.95
    assert 60 <= num_low <= 140


@pytest.mark.parametrize("measure", [categorical_distance, chi_squared_distance])
@given(
    st.dictionaries(st.sampled_from("abc"), st.integers(0, 50)).filter(
        lambda item: any(item.values())
    ),
    st.dictionaries(st.sampled_from("abcd"), st.integers(0, 50)),
    st.integers(1, 50),
)
def test_others_count_as_one_text(
    measure: Callable[..., float], reference: dict[str, int], current: dict[str, int], num: int
) -> None:
    """Texts that are not told apart are at the distance of one that the baseline lacks."""
    told = measure(reference, {**current, "another": num})
    assert measure(reference, current, num_others=num) == pytest.approx(told)
