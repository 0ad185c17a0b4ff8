"""The KLL sketch of a column of numbers, in the levels that `statistics.json` publishes.

A sketch keeps all values while they are few, and then ever fewer of the older ones: an item of
level h stands for 2^h values. The memory is bounded by the parameters, not by the number of
values, so that a reader of any length of file needs one pass.

Source: Z. Karnin, K. Lang, E. Liberty, "Optimal Quantile Approximation in Streams", FOCS 2016,
https://arxiv.org/abs/1603.05346; capacities as in Deequ 2.0.2, `QuantileNonSample.scala`,
https://github.com/awslabs/deequ
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

SKETCH_SIZE = 2048
SHRINKING_FACTOR = 0.64


@dataclass(slots=True)
class Sketch:
    """Levels of kept values; `update` is the only way in."""

    levels: list[NDArray[np.float64]] = field(default_factory=lambda: [np.empty(0)])
    """Level h holds values of weight 2^h, unordered."""
    _offsets: list[int] = field(default_factory=lambda: [0])
    """Which of each pair of neighbours the next compaction of a level keeps."""

    def update(self, values: NDArray[np.float64]) -> None:
        """Add finite values in ascending order, shape (N,); the total weight grows by exactly N.

        Of more values than a level holds every 2^h-th one goes to level h at once, the middle one
        of those that it stands for: no compaction of unordered values is as exact. The few largest
        that are left over stay on level 0.
        """
        height = (values.size // (capacity(0) + 1)).bit_length()
        num_thinned = values.size >> height << height
        self._append(height, values[(1 << height) // 2 : num_thinned : 1 << height])
        if height:
            self._append(0, values[num_thinned:])
        while self._is_full():
            self._compact()

    def weighted(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The kept values in ascending order, shape (M,), and how many values each stands for."""
        return weighted(self.levels)

    def _compact(self) -> None:
        """Halve the lowest full level: of each pair of neighbours one goes up, twice as heavy.

        A sketch over its total capacity has a full level. Alternating between the lower and the
        upper neighbour lets the errors of successive compactions cancel, and needs no random
        numbers.
        """
        height = next(h for h, level in enumerate(self.levels) if level.size >= capacity(h))
        values = np.sort(self.levels[height])
        num_paired = values.size - values.size % 2
        promoted = values[self._offsets[height] : num_paired : 2]
        self._offsets[height] ^= 1
        self.levels[height] = values[num_paired:]
        self._append(height + 1, promoted)

    def _is_full(self) -> bool:
        num_items = sum(level.size for level in self.levels)
        return num_items > sum(map(capacity, range(len(self.levels))))

    def _append(self, height: int, values: NDArray[np.float64]) -> None:
        while height >= len(self.levels):
            self.levels.append(np.empty(0))
            self._offsets.append(0)
        self.levels[height] = np.concatenate([self.levels[height], values])


def weighted(
    levels: Sequence[NDArray[np.float64]],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Values of a sketch's levels in ascending order, shape (M,), and what each one stands for."""
    values = np.concatenate(levels)
    weights = np.repeat(
        np.left_shift(1, np.arange(len(levels), dtype=np.int64)),
        [level.size for level in levels],
    )
    order = np.argsort(values, kind="stable")
    return values[order], weights[order]


def capacity(height: int) -> int:
    """Number of items from which a level counts as full: 2 * (ceil(k * c^h / 2) + 1)."""
    return 2 * (math.ceil(SKETCH_SIZE * SHRINKING_FACTOR**height / 2) + 1)
