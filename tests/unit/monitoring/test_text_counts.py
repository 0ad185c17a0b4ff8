"""Tests of counting texts in bounded memory."""

import subprocess
import sys
import tracemalloc
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring import text_counts
from monitoring.text_counts import MAX_TEXTS, TextCounts

TEXTS = st.lists(st.text("abc", max_size=3), max_size=60)


def count(texts: list[str], cuts: list[int] = [], known: str = "") -> TextCounts:  # noqa: B006
    """The counts of texts that come in blocks."""
    counts = TextCounts(known)
    for block in np.split(np.array(texts, dtype=object), sorted(cuts)):
        counts.update(block.tolist())
    return counts


@given(TEXTS, st.lists(st.integers(0, 60), max_size=3))
def test_few_texts_are_counted_exactly(texts: list[str], cuts: list[int]) -> None:
    """Every text is listed with its count, as a counter of the standard library has it."""
    counts = count(texts, cuts)
    assert (counts.listed, counts.total) == (Counter(texts), len(texts))
    assert (counts.num_unlisted, counts.num_distinct) == (0, len(set(texts)))


@given(st.data(), TEXTS, st.lists(st.integers(0, 60), max_size=3), st.integers(1, 5))
def test_neither_order_nor_blocks_matter(
    data: st.DataObject, texts: list[str], cuts: list[int], max_texts: int
) -> None:
    """Of more texts than can be listed the same ones are, with their counts, in any order."""
    shuffled = data.draw(st.permutations(texts))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_counts, "MAX_TEXTS", max_texts)
        one, other = count(texts, known="a"), count(shuffled, cuts, known="a")
        assert one.listed == other.listed
        assert one.num_distinct == other.num_distinct
        assert one.num_unlisted == other.num_unlisted
        exact = Counter(texts)
        assert one.listed.items() <= exact.items()
        assert one.num_unlisted == len(texts) - sum(one.listed.values())
        assert len(one.listed) == min(len(exact.keys() - {"a"}), max_texts) + ("a" in exact)


def test_many_texts() -> None:
    """200,000 different texts take the memory of half as many, and are counted within 3 %.

    Known ones are counted exactly among them.
    """
    counts = TextCounts(["cat"])
    peaks = []
    blocks = [
        [f"text {number}" for number in range(start, start + 10_000)] + ["cat"] * 3
        for start in range(0, 200_000, 10_000)
    ]
    tracemalloc.start()
    try:
        for block in blocks:
            counts.update(block)
            peaks.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
    assert peaks[-1] < 1.1 * peaks[9] < 10e6
    assert (counts.total, counts.listed["cat"], len(counts.listed)) == (200_060, 60, 10_001)
    assert counts.num_unlisted == 200_000 - MAX_TEXTS
    assert counts.num_distinct == pytest.approx(200_001, rel=0.03)


def test_long_texts_are_shortened() -> None:
    """Long texts that begin alike stay different ones, and take little memory; known ones stay."""
    counts = TextCounts(["a" * 1000])
    counts.update(["a" * 1000, "a" * 999, "a" * 998, "a" * 998, "a" * 256])
    shortened = [text for text in counts.listed if "..." in text]
    assert sorted(counts.listed[text] for text in shortened) == [1, 2]
    assert all(text.startswith("a" * 256 + "... (") for text in shortened)
    assert max(map(len, shortened)) < 300
    assert (counts.listed["a" * 1000], counts.listed["a" * 256]) == (1, 1)


def test_other_processes_list_the_same_texts() -> None:
    """Which texts are listed does not depend on the secret key of Python's hashes."""
    program = (
        "from monitoring import text_counts as t; t.MAX_TEXTS = 3; c = t.TextCounts();"
        "c.update([*map(str, range(100)), chr(0xD800)]); print(sorted(c.listed), c.num_distinct)"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True, check=True, env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(outputs) == 1
