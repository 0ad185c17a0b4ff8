"""Counts texts, in memory that does not depend on how many different ones come.

Up to `MAX_TEXTS` different texts are all listed with their counts, which is exact. Of more, those
with the smallest hashes are listed: a text among them at the end was among them from its first
occurrence on, so its count is exact too, and neither the order of the texts nor the blocks that
they come in make a difference. How many different texts there are then follows from how small the
hashes are. Texts that are known beforehand are listed whatever else comes.

Deequ's profiler, too, counts different texts approximately and lists those of columns with few.

Source: K. Beyer, R. Gemulla, P. Haas, B. Reinwald, Y. Sismanis, "Distinct-Value Synopses for
Multiset Operations", Communications of the ACM 52, 2009,
https://cacm.acm.org/research/distinct-value-synopses-for-multiset-operations/
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import blake2b

MAX_TEXTS = 10_000
"""Different texts that are listed, besides the known ones; the number of all is then known within
1 %.
"""

MAX_TEXT_CHARACTERS = 256
"""Texts that are longer, and not known, are listed by their beginnings and their hashes."""

_HASH_BYTES = 8


class TextCounts:
    """How often each text occurred.

    Args:
        known: Texts that are listed whenever they occur.
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        self.total = 0
        """Number of texts, equal ones included."""
        self._known = dict.fromkeys(known, 0)
        self._others: dict[str, int] = {}
        self._largest = 1 << 8 * _HASH_BYTES
        """No text with a larger hash is listed any more."""

    def update(self, texts: Sequence[str]) -> None:
        """Add texts."""
        self.total += len(texts)
        for whole, count in Counter(texts).items():
            if whole in self._known:
                self._known[whole] += count
                continue
            text = _shortened(whole)
            if text in self._others:
                self._others[text] += count
            elif not self._is_thinned or _hash(text) <= self._largest:
                self._others[text] = count
                if len(self._others) == 2 * MAX_TEXTS:
                    self._thin()

    @property
    def listed(self) -> dict[str, int]:
        """The texts that are listed, and how often each one occurred."""
        self._thin()
        return {
            **{text: count for text, count in self._known.items() if count},
            **self._others,
        }

    @property
    def num_unlisted(self) -> int:
        """Texts, equal ones included, that are not listed; 0 if there are no more than can be."""
        return self.total - sum(self.listed.values())

    @property
    def num_distinct(self) -> float:
        """Number of different texts; exact if all are listed, else (k - 1) / (k-th smallest hash).

        k is the number of those listed, and a hash a number in (0, 1].
        """
        num_listed = len(self.listed)
        if not self._is_thinned:
            return float(num_listed)
        num_known = num_listed - len(self._others)
        largest = (self._largest + 1) / (1 << 8 * _HASH_BYTES)
        return num_known + (len(self._others) - 1) / largest

    @property
    def _is_thinned(self) -> bool:
        return self._largest < 1 << 8 * _HASH_BYTES

    def _thin(self) -> None:
        """List no more than the texts with the smallest hashes, if there are too many."""
        if len(self._others) > MAX_TEXTS:
            smallest = heapq.nsmallest(MAX_TEXTS, self._others, key=_hash)
            self._others = {text: self._others[text] for text in smallest}
            self._largest = _hash(smallest[-1])


def _shortened(text: str) -> str:
    if len(text) <= MAX_TEXT_CHARACTERS:
        return text
    return f"{text[:MAX_TEXT_CHARACTERS]}... ({_hash(text):016x})"


def _hash(text: str) -> int:
    """The same in every process, unlike Python's."""
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_HASH_BYTES)
    return int.from_bytes(digest.digest())
