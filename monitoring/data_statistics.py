"""Computes data-quality statistics: moments and a sketch of numbers, counts of texts, completeness.

Values arrive in blocks, so a reader of long files keeps nothing but these accumulators, whose size
does not depend on how many values come, nor on how many of them differ.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias

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
from monitoring.text_counts import TextCounts

NUM_BUCKETS = 10
"""Model Monitor's number, which it documents as fixed."""

Value: TypeAlias = float | str | None
"""A number, a text, or None where the value is missing."""

Column: TypeAlias = NDArray[np.float64] | Sequence[Value]
"""Values of one feature, one per row; numbers in an array are none that are whole by type."""

MAX_NUMBER = 1e100
"""What is larger, or below the negative, is no measurement, and could not be squared and summed."""

RUN_LENGTH = 65_536
"""Numbers that are sorted together: so many that what is done once per run costs little."""


def data_statistics(columns: Mapping[str, Column]) -> DataStatistics:
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
        if feature.numbers.num_present and feature.texts.total:
            raise ValueError(
                f"Feature '{name}' holds {feature.numbers.num_present} numbers and "
                f"{feature.texts.total} texts. "
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
    """The numbers up to `MAX_NUMBER`, shape (N,); they may be the caller's own array."""
    num_integral: int
    """How many of them are whole numbers by type: 1, but not 1.0."""
    texts: Sequence[str]
    num_missing: int
    """None, NaN, and numbers beyond `MAX_NUMBER`."""

    @classmethod
    def of(cls, values: Column) -> Self:
        """Sort values by their kinds."""
        if isinstance(values, np.ndarray):
            return cls._of_numbers(values, num_integral=0)
        kinds = Counter(map(type, values))
        if kinds.keys() <= {float, int}:
            # The usual block is all numbers: no work per value in Python.
            block = cls._of_numbers(np.array(values, dtype=np.float64), num_integral=kinds[int])
            if not (block.num_missing and block.num_integral):
                return block
        texts = [value for value in values if isinstance(value, str)]
        finite = [
            value
            for value in values
            if value is not None and not isinstance(value, str) and abs(value) <= MAX_NUMBER
        ]
        return cls(
            numbers=np.array(finite, dtype=np.float64),
            num_integral=sum(isinstance(number, int) for number in finite),
            texts=texts,
            num_missing=len(values) - len(texts) - len(finite),
        )

    @classmethod
    def _of_numbers(cls, numbers: NDArray[np.float64], *, num_integral: int) -> Self:
        is_number = np.abs(numbers) <= MAX_NUMBER
        num_numbers = int(np.count_nonzero(is_number))
        return cls(
            numbers=numbers if num_numbers == numbers.size else numbers[is_number],
            num_integral=num_integral,
            texts=(),
            num_missing=numbers.size - num_numbers,
        )


class FeatureAccumulator:
    """What is known of one feature after any number of blocks of values.

    Args:
        name: The feature's name.
        num_missing: Rows that went by before the feature occurred.
        known_texts: Texts that are counted one by one, whatever else comes.
        also: Receives the finite numbers too, in runs in ascending order.
    """

    def __init__(
        self,
        name: str,
        *,
        num_missing: int = 0,
        known_texts: Iterable[str] = (),
        also: Callable[[NDArray[np.float64]], None] | None = None,
    ) -> None:
        self.name = name
        self.num_missing = num_missing
        self.texts = TextCounts(known_texts)
        self._numbers = NumberAccumulator()
        self._receivers = [self._numbers.update, *([also] if also else [])]
        self._run = np.empty(RUN_LENGTH)
        self._num_waiting = 0
        """Numbers of the current run, at the start of its array."""

    @property
    def numbers(self) -> "NumberAccumulator":
        """What is known of the numbers so far."""
        self.finish_run()
        return self._numbers

    @property
    def num_present(self) -> int:
        """Values that are there, of either kind."""
        return self.numbers.num_present + self.texts.total

    @property
    def num_values(self) -> int:
        """Rows, whether the feature is there or not."""
        return self.num_present + self.num_missing

    def update(self, block: Block) -> None:
        """Add a block of values."""
        self.num_missing += block.num_missing
        self.texts.update(block.texts)
        self._numbers.num_integral += block.num_integral
        start = 0
        while start < block.numbers.size:
            part = block.numbers[start : start + RUN_LENGTH - self._num_waiting]
            self._run[self._num_waiting : self._num_waiting + part.size] = part
            self._num_waiting += part.size
            start += part.size
            if self._num_waiting == RUN_LENGTH:
                self.finish_run()

    def statistics(self) -> FeatureStatistics:
        """The feature's entry in `statistics.json`.

        Of numbers and texts the more frequent kind is described, and the other one counts as
        missing: there is no distribution of both.
        """
        num_numbers, num_texts = self.numbers.num_present, self.texts.total
        if num_numbers > num_texts:
            numerical = self.numbers.statistics(self.num_values - num_numbers)
            kind = InferredType.FRACTIONAL
            if self.numbers.num_integral == num_numbers:
                kind = InferredType.INTEGRAL
            return {"name": self.name, "inferred_type": kind, "numerical_statistics": numerical}
        kind = InferredType.STRING if num_texts else InferredType.UNKNOWN
        return {"name": self.name, "inferred_type": kind, "string_statistics": self._string()}

    def finish_run(self) -> None:
        """Hand on the numbers that wait for their run to become long."""
        if self._num_waiting:
            run = self._run[: self._num_waiting]
            run.sort()
            for receive in self._receivers:
                receive(run)
            self._num_waiting = 0

    def _string(self) -> StringStatistics:
        # A part of the texts would look like all of them.
        counts = {} if self.texts.num_unlisted else self.texts.listed
        buckets: list[CategoryCount] = [
            {"value": text, "count": count} for text, count in sorted(counts.items())
        ]
        num_texts = self.texts.total
        return {
            "common": {"num_present": num_texts, "num_missing": self.num_values - num_texts},
            "distinct_count": self.texts.num_distinct,
            "distribution": {"categorical": {"buckets": buckets}},
        }


class NumberAccumulator:
    """Moments, range and sketch of the finite numbers seen."""

    def __init__(self) -> None:
        self.num_present = 0
        self.num_integral = 0
        """How many of them are whole numbers by type."""
        self.num_negative = 0
        self._mean = 0.0
        self._squares = 0.0
        """Sum of squared distances from the mean."""
        self._sum = 0.0
        self._min = math.inf
        self._max = -math.inf
        self._sketch = Sketch()

    def update(self, values: NDArray[np.float64]) -> None:
        """Add finite numbers in ascending order, shape (N,), at least one.

        Moments of blocks merge without cancellation:
        M2 = M2_a + M2_b + (mean_b - mean_a)^2 * n_a * n_b / (n_a + n_b).

        Source: T. Chan, G. Golub, R. LeVeque, "Updating Formulae and a Pairwise Algorithm for
            Computing Sample Variances", Stanford University STAN-CS-79-773, 1979
        """
        block_sum = float(values.sum())
        block_mean = block_sum / values.size
        # No dot product: the linear algebra library would start threads for it, which take longer.
        block_squares = float(np.square(values - block_mean).sum())
        total = self.num_present + values.size
        change = block_mean - self._mean
        self._squares += block_squares + change**2 * self.num_present * values.size / total
        self._mean += change * values.size / total
        self._sum += block_sum
        self._min = min(self._min, float(values[0]))
        self._max = max(self._max, float(values[-1]))
        self._sketch.update(values)
        self.num_present = total
        self.num_negative += int(np.searchsorted(values, 0.0))

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
