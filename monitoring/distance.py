"""Distances between distributions: the largest difference of their (cumulative) proportions.

Source: Deequ 2.0.2, `Distance.scala`, on which Model Monitor is built,
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
        ranks = np.cumsum(np.add.reduceat(weights, first))
        self.num_baseline = int(ranks[-1])
        self.num_current = 0
        # Cells in turn: numbers below the first point, equal to it, between it and the second, ...
        self._baseline = np.concatenate([[0], np.repeat(ranks, 2)])
        self._current = np.zeros_like(self._baseline)

    def update(self, values: NDArray[np.float64]) -> None:
        """Add a block of finite current numbers, shape (N,)."""
        below = np.searchsorted(self._points, values, side="left")
        up_to = np.searchsorted(self._points, values, side="right")
        self._current += np.bincount(below + up_to, minlength=self._current.size)
        self.num_current += values.size

    def distance(self) -> float:
        """The distance, in [0, 1], once there is a current number."""
        # Whole numbers up to the one division, so that equal distances are equal to the last bit.
        current = np.cumsum(self._current) * self.num_baseline
        difference = np.abs(current - self._baseline * self.num_current).max()
        return int(difference) / (self.num_baseline * self.num_current)


def categorical_distance(baseline: Mapping[str, int], current: Mapping[str, int]) -> float:
    """Largest difference between the proportions of a text, in [0, 1].

    Args:
        baseline: Counts by text, at least one above 0.
        current: The same of the current texts.
    """
    num_baseline, num_current = sum(baseline.values()), sum(current.values())
    difference = max(
        abs(baseline.get(text, 0) * num_current - current.get(text, 0) * num_baseline)
        for text in {*baseline, *current}
    )
    return difference / (num_baseline * num_current)


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
