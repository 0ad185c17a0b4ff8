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
