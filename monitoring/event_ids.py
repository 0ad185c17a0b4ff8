"""Remembers which events were seen, in 8 bytes for each.

Nothing shorter can tell a repeated event from a new one: of all that a check of captured records
keeps this alone grows with their number.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_GROWTH = 4
"""A run that is less than so many times as long as the next one is merged with it."""


class EventIds:
    """The events seen so far: sorted runs of 64-bit hashes, each run far longer than the next.

    A million ids take 8 MB, and up to 24 MB for the moment in which runs are merged. Two different
    ids have the same hash with a probability of n^2 / 2^65 among n: 3 in 10^8 for a million.
    """

    def __init__(self) -> None:
        self._runs: list[NDArray[np.int64]] = []

    def add(self, ids: Sequence[str]) -> NDArray[np.bool_]:
        """Add ids; returns which of them are new, shape (N,): of equal ones the first."""
        # Python's hashes have a secret key of the process: nobody can prepare equal ones.
        hashes = np.fromiter(map(hash, ids), dtype=np.int64, count=len(ids))
        distinct, first = np.unique(hashes, return_index=True)
        is_known = np.zeros(distinct.size, dtype=np.bool_)
        for run in self._runs:
            places = np.minimum(np.searchsorted(run, distinct), run.size - 1)
            is_known |= run[places] == distinct
        is_new = np.zeros(len(ids), dtype=np.bool_)
        is_new[first[~is_known]] = True
        self._insert(distinct[~is_known])
        return is_new

    def _insert(self, run: NDArray[np.int64]) -> None:
        if not run.size:
            return
        while self._runs and self._runs[-1].size < _GROWTH * run.size:
            run = np.concatenate([self._runs.pop(), run])
            run.sort(kind="stable")
        self._runs.append(run)
