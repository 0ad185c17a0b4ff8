"""Distances between distributions: how far proportions differ, or how surely they do.

Source of all but the test: Deequ 2.0.2, `Distance.scala`, on which Model Monitor is built,
https://github.com/awslabs/deequ/blob/2.0.2-spark-3.3/src/main/scala/com/amazon/deequ/analyzers/Distance.scala
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

CRITICAL_VALUE = 1.8
"""c(alpha) of the two-sample Kolmogorov-Smirnov test at alpha = 0.003, as Deequ rounds it.

Source: D. Knuth, "The Art of Computer Programming", volume 2, 3rd edition, 1998, section 3.3.1,
equation (15)
"""


MIN_EXPECTED_COUNT = 5.0
"""Texts that are expected less often are counted together by the chi-squared test.

Source: W. Cochran, "Some Methods for Strengthening the Common chi^2 Tests", Biometrics 10, 1954
"""

_CONTINUITY = 0.5
"""Source: F. Yates, "Contingency Tables Involving Small Numbers and the chi^2 Test", Supplement to
the Journal of the Royal Statistical Society 1, 1934
"""


class NumericalDistance:
    """Largest difference between two distribution functions, of a baseline and of current numbers.

    max over x of |F(x) - G(x)|, with equal numbers counted as often as they occur. Between two
    neighbours of the baseline F is constant and G never falls, so it is enough to know G at each
    number of the baseline and just below it: the distance is exact however many current numbers
    come, in any blocks, in memory that depends on the baseline alone.

    Args:
        values: Numbers of the baseline in ascending order, shape (M,), at least one.
        weights: How many numbers each one stands for, shape (M,).
    """

    def __init__(self, values: NDArray[np.float64], weights: NDArray[np.int64]) -> None:
        self._points, first = np.unique(values, return_index=True)
        self._ranks = np.cumsum(np.add.reduceat(weights, first))
        self._below = np.zeros_like(self._ranks)
        """Current numbers below each point."""
        self._up_to = np.zeros_like(self._ranks)
        """Current numbers up to each point."""
        self.num_baseline = int(self._ranks[-1])
        self.num_current = 0

    def update(self, values: NDArray[np.float64]) -> None:
        """Add finite current numbers in ascending order, shape (N,)."""
        self._below += np.searchsorted(values, self._points, side="left")
        self._up_to += np.searchsorted(values, self._points, side="right")
        self.num_current += values.size

    def distance(self) -> float:
        """The distance, in [0, 1], once there is a current number."""
        # Whole numbers up to the one division, so that equal distances are equal to the last bit.
        baseline_below = np.concatenate([[0], self._ranks[:-1]])
        difference = max(
            np.abs(current * self.num_baseline - baseline * self.num_current).max()
            for current, baseline in (
                (self._below, baseline_below),
                (self._up_to, self._ranks),
            )
        )
        return int(difference) / (self.num_baseline * self.num_current)


def categorical_distance(
    baseline: Mapping[str, int], current: Mapping[str, int], *, num_others: int = 0
) -> float:
    """Largest difference between the proportions of a text, in [0, 1].

    Args:
        baseline: Counts by text, at least one above 0.
        current: The same of the current texts.
        num_others: Further current texts, which the baseline lacks; together they count as one.
    """
    num_baseline, num_current = sum(baseline.values()), sum(current.values()) + num_others
    difference = max(
        num_others * num_baseline,
        *(
            abs(baseline.get(text, 0) * num_current - current.get(text, 0) * num_baseline)
            for text in {*baseline, *current}
        ),
    )
    return difference / (num_baseline * num_current)


def chi_squared_distance(
    baseline: Mapping[str, int], current: Mapping[str, int], *, num_others: int = 0
) -> float:
    """How surely the proportions of texts differ: 1 - p, in [0, 1].

    p is that of the chi-squared test of homogeneity: both sides are samples. Deequ takes the
    baseline for the truth, and so finds a difference in samples of one distribution too often.
    The rarest texts are counted together, down to two groups, as long as a group is expected
    fewer than `MIN_EXPECTED_COUNT` times; for two groups Yates' correction is applied.

    Args:
        baseline: Counts by text, at least one above 0.
        current: The same of the current texts.
        num_others: Further current texts, which the baseline lacks; together they count as one.
    """
    columns = [(baseline.get(text, 0), current.get(text, 0)) for text in {*baseline, *current}]
    columns = sorted(column for column in (*columns, (0, num_others)) if any(column))
    num_baseline, num_current = sum(baseline.values()), sum(current.values()) + num_others
    total = num_baseline + num_current
    columns.sort(key=sum, reverse=True)
    least = MIN_EXPECTED_COUNT * total / min(num_baseline, num_current)
    while len(columns) > 2 and sum(columns[-1]) < least:  # noqa: PLR2004
        rarest, second = columns.pop(), columns.pop()
        columns.append((rarest[0] + second[0], rarest[1] + second[1]))
        columns.sort(key=sum, reverse=True)
    degrees = len(columns) - 1
    if not degrees:
        return 0.0
    statistic = 0.0
    for column in columns:
        for count, size in zip(column, (num_baseline, num_current), strict=True):
            expected = sum(column) * size / total
            difference = abs(count - expected)
            if degrees == 1:
                difference = max(0.0, difference - _CONTINUITY)
            statistic += difference**2 / expected
    return 1.0 - chi_squared_p_value(statistic, degrees)


def chi_squared_p_value(statistic: float, degrees: int) -> float:
    """Probability that a chi-squared variable is at least `statistic`.

    The upper regularized gamma function Q(degrees / 2, statistic / 2), from Q(1/2, x) =
    erfc(sqrt(x)) or Q(1, x) = exp(-x) by Q(a + 1, x) = Q(a, x) + x^a * exp(-x) / gamma(a + 1).

    Source: NIST Digital Library of Mathematical Functions, 8.4.6, 8.4.8 and 8.8.6,
        https://dlmf.nist.gov/8
    """
    x = statistic / 2
    if x == 0.0:
        return 1.0
    is_odd = degrees % 2 == 1
    order = 0.5 if is_odd else 1.0
    probability = math.erfc(math.sqrt(x)) if is_odd else math.exp(-x)
    while order < degrees / 2:
        probability += math.exp(order * math.log(x) - x - math.lgamma(order + 1))
        order += 1
    return min(probability, 1.0)


def effective_size(num_baseline: int, num_current: int) -> float:
    """What two samples are worth together: n * m / (n + m), 0 where one is empty."""
    if not num_baseline or not num_current:
        return 0.0
    return num_baseline * num_current / (num_baseline + num_current)


def robust_distance(distance: float, size: float) -> float:
    """What is left of a distance when chance is taken off: max(0, L - c(alpha) * sqrt(1 / size)).

    Two samples of one distribution have a robust distance above 0 three times in a thousand.

    Args:
        distance: The distance L.
        size: The samples' effective size, above 0.
    """
    return max(0.0, distance - CRITICAL_VALUE / math.sqrt(size))
