"""Patterns of texts, compared with all the texts that are short enough to list."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.permissions.patterns import arn_covers, covers, is_pattern, overlaps

ALPHABET = "ab"
TEXTS = ["".join(letters) for size in range(6) for letters in product(ALPHABET, repeat=size)]
PATTERNS = st.text(alphabet="ab*?", max_size=4)


def naive(pattern: str, text: str) -> bool:
    """Whether a pattern covers a text, letter by letter."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(naive(pattern[1:], text[index:]) for index in range(len(text) + 1))
    return bool(text) and pattern[0] in {"?", text[0]} and naive(pattern[1:], text[1:])


@given(pattern=PATTERNS)
def test_a_pattern_covers_the_texts_that_it_spells(pattern: str) -> None:
    """Of all short texts, a pattern covers those that a comparison letter by letter finds."""
    assert [text for text in TEXTS if covers(pattern, text)] == [
        text for text in TEXTS if naive(pattern, text)
    ]


@given(pattern=PATTERNS, other=PATTERNS)
def test_a_pattern_that_covers_another_covers_its_texts(pattern: str, other: str) -> None:
    """Nothing that the covered pattern stands for is outside of the one that covers it."""
    if covers(pattern, other):
        assert all(naive(pattern, text) for text in TEXTS if naive(other, text))


@given(first=PATTERNS, second=PATTERNS)
def test_patterns_overlap_that_share_a_text(first: str, second: str) -> None:
    """Two patterns overlap, either way round, exactly where one of all texts fits both."""
    # Two patterns of four characters that share a text share one of at most eight; wildcards are
    # used up earlier.
    texts = ["".join(letters) for size in range(8) for letters in product("ab", repeat=size)]
    expected = any(naive(first, text) and naive(second, text) for text in texts)
    assert overlaps(first, second) is overlaps(second, first) is expected


@pytest.mark.parametrize(
    ("pattern", "arn", "expected"),
    [
        pytest.param("*", "arn:aws:s3:::bucket/key", True, id="everything"),
        pytest.param("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/a:b/c", True, id="end"),
        pytest.param("arn:aws:logs:*:1:x", "arn:aws:logs:us-east-1:1:x", True, id="segment"),
        pytest.param("arn:aws:l*s:r:1:x", "arn:aws:logs:r:1:x", True, id="inside"),
        pytest.param("arn:aws:l*x", "arn:aws:logs:r:1:x", False, id="across"),
        pytest.param("arn:aws:s3:::bucket/a*c", "arn:aws:s3:::bucket/a*", False, id="wider"),
    ],
)
def test_stars_of_arns_end_with_their_segment(pattern: str, arn: str, expected: bool) -> None:
    """A star inside a segment covers no colon; one at its end does."""
    assert arn_covers(pattern, arn) is expected


def test_wildcards_make_a_pattern() -> None:
    """A text with a star or a question mark stands for others."""
    assert [is_pattern(text) for text in ("a", "a*", "?a")] == [False, True, True]
