"""Computes data-quality statistics: moments and a sketch of numbers, counts of texts, completeness.

Values arrive in blocks, so a reader of long files keeps nothing but these accumulators.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from monitoring.data_quality import (
    Bucket,
    CategoryCount,
    DataStatistics,
    FeatureStatistics,
    InferredType,
    NumericalStatistics,
    StringStatistics,
)
from monitoring.sketch import SHRINKING_FACTOR, SKETCH_SIZE, Sketch

NUM_BUCKETS = 10
"""Model Monitor's number, which it documents as fixed."""

Value = float | str | None
"""A number, a text, or None where the value is missing."""


def data_statistics(columns: Mapping[str, Sequence[Value]]) -> DataStatistics:
    """Statistics of a data set that is in memory.

    Args:
        columns: Values by feature, one per row.

    Raises:
        ValueError: The columns differ in length or are empty, or one mixes numbers and texts.
    """
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) != 1 or 0 in lengths.values():
        raise ValueError(
            f"Statistics need columns of one length, and at least one row. Got: {lengths}."
        )
    features = []
    for name in sorted(columns):
        feature = FeatureAccumulator(name)
        feature.update(Block.of(columns[name]))
        if feature.numbers.num_present and feature.texts:
            raise ValueError(
                f"Feature '{name}' holds {feature.numbers.num_present} numbers and "
                f"{feature.texts.total()} texts. "
                "Expected one kind; write numbers as numbers and names as texts."
            )
        features.append(feature.statistics())
    return {
        "version": 0.0,
        "dataset": {"item_count": max(lengths.values())},
        "features": features,
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """Some values of one feature, by kind."""

    numbers: NDArray[np.float64]
    """The finite numbers, shape (N,)."""
    num_integral: int
    """How many of them are whole numbers by type: 1, but not 1.0."""
    texts: Sequence[str]
    num_missing: int
    """None, and numbers that are not finite."""

    @classmethod
    def of(cls, values: Sequence[Value]) -> Self:
        """Sort values by their kinds."""
        kinds = Counter(map(type, values))
        if kinds.keys() <= {float, int}:
            # The usual block is all numbers: no work per value in Python.
            array = np.array(values, dtype=np.float64)
            numbers = array[np.isfinite(array)]
            return cls(
                numbers=numbers,
                num_integral=kinds[int],
                texts=(),
                num_missing=array.size - numbers.size,
            )
        texts = [value for value in values if isinstance(value, str)]
        finite = [
            value
            for value in values
            if value is not None and not isinstance(value, str) and math.isfinite(value)
        ]
        return cls(
            numbers=np.array(finite, dtype=np.float64),
            num_integral=sum(isinstance(number, int) for number in finite),
            texts=texts,
            num_missing=len(values) - len(texts) - len(finite),
        )


class FeatureAccumulator:
    """What is known of one feature after any number of blocks of values.

    Args:
        name: The feature's name.
        num_missing: Rows that went by before the feature occurred.
    """

    def __init__(self, name: str, *, num_missing: int = 0) -> None:
        self.name = name
        self.num_missing = num_missing
        self.numbers = NumberAccumulator()
        self.texts: Counter[str] = Counter()

    @property
    def num_present(self) -> int:
        """Values that are there, of either kind."""
        return self.numbers.num_present + self.texts.total()

    @property
    def num_values(self) -> int:
        """Rows, whether the feature is there or not."""
        return self.num_present + self.num_missing

    def update(self, block: Block) -> None:
        """Add a block of values."""
        self.num_missing += block.num_missing
        self.texts.update(block.texts)
        self.numbers.update(block.numbers, num_integral=block.num_integral)

    def statistics(self) -> FeatureStatistics:
        """The feature's entry in `statistics.json`.

        Of numbers and texts the more frequent kind is described, and the other one counts as
        missing: there is no distribution of both.
        """
        num_numbers, num_texts = self.numbers.num_present, self.texts.total()
        if num_numbers > num_texts:
            numerical = self.numbers.statistics(self.num_values - num_numbers)
            kind = InferredType.FRACTIONAL
            if self.numbers.num_integral == num_numbers:
                kind = InferredType.INTEGRAL
            return {"name": self.name, "inferred_type": kind, "numerical_statistics": numerical}
        kind = InferredType.STRING if num_texts else InferredType.UNKNOWN
        return {"name": self.name, "inferred_type": kind, "string_statistics": self._string()}

    def _string(self) -> StringStatistics:
        counts = sorted(self.texts.items())
        buckets: list[CategoryCount] = [{"value": text, "count": count} for text, count in counts]
        num_texts = self.texts.total()
        return {
            "common": {"num_present": num_texts, "num_missing": self.num_values - num_texts},
            "distinct_count": float(len(counts)),
            "distribution": {"categorical": {"buckets": buckets}},
        }


class NumberAccumulator:
    """Moments, range and sketch of the finite numbers seen."""

    def __init__(self) -> None:
        self.num_present = 0
        self.num_integral = 0
        self.num_negative = 0
        self._mean = 0.0
        self._squares = 0.0
        """Sum of squared distances from the mean."""
        self._sum = 0.0
        self._min = math.inf
        self._max = -math.inf
        self._sketch = Sketch()

    def update(self, values: NDArray[np.float64], *, num_integral: int) -> None:
        """Add a block of finite numbers, shape (N,), of which some are whole by type.

        Moments of blocks merge without cancellation:
        M2 = M2_a + M2_b + (mean_b - mean_a)^2 * n_a * n_b / (n_a + n_b).

        Source: T. Chan, G. Golub, R. LeVeque, "Updating Formulae and a Pairwise Algorithm for
            Computing Sample Variances", Stanford University STAN-CS-79-773, 1979
        """
        if not values.size:
            return
        block_mean = float(values.mean())
        block_squares = float(np.square(values - block_mean).sum())
        total = self.num_present + values.size
        change = block_mean - self._mean
        self._squares += block_squares + change**2 * self.num_present * values.size / total
        self._mean += change * values.size / total
        self._sum += float(values.sum())
        self._min = min(self._min, float(values.min()))
        self._max = max(self._max, float(values.max()))
        self._sketch.update(values)
        self.num_present = total
        self.num_integral += num_integral
        self.num_negative += int(np.count_nonzero(values < 0))

    def statistics(self, num_missing: int) -> NumericalStatistics:
        """The feature's `numerical_statistics`, once there is a number."""
        return {
            "common": {"num_present": self.num_present, "num_missing": num_missing},
            "mean": self._mean,
            "sum": self._sum,
            "std_dev": math.sqrt(self._squares / self.num_present),
            "min": self._min,
            "max": self._max,
            "distribution": {
                "kll": {
                    "buckets": self._buckets(),
                    "sketch": {
                        "parameters": {"c": SHRINKING_FACTOR, "k": float(SKETCH_SIZE)},
                        "data": [np.sort(level).tolist() for level in self._sketch.levels],
                    },
                }
            },
        }

    def _buckets(self) -> list[Bucket]:
        """Equal-width buckets between the smallest and the largest number; the last one is closed.

        The counts come from the sketch, so they need no second pass; they are exact as long as
        the sketch keeps every number, and their sum always is.
        """
        edges = np.linspace(self._min, self._max, NUM_BUCKETS + 1)
        values, weights = self._sketch.weighted()
        ranks = np.concatenate([[0], np.cumsum(weights)])
        below = ranks[np.searchsorted(values, edges, side="left")]
        below[0], below[-1] = 0, self.num_present
        return [
            {"lower_bound": lower, "upper_bound": upper, "count": count}
            for lower, upper, count in zip(
                edges[:-1].tolist(),
                edges[1:].tolist(),
                np.diff(below).astype(np.float64).tolist(),
                strict=True,
            )
        ]
