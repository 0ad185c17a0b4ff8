"""How messages name what is wrong, and what would have been right."""

import pytest

from pipelines.wording import alternatives, file_error, more_places, quote


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        pytest.param(
            "tests", ["train", "test"], "Known: test, train. Did you mean 'test'?", id="near"
        ),
        pytest.param("tests", ["val"], "Known: val.", id="nothing_near"),
        pytest.param("tests", [], "Known: none.", id="nothing_known"),
        pytest.param(
            "item-03",
            [f"item-{index:02}" for index in range(30)],
            "Known: item-03, item-05, item-06, item-07, item-08, item-09, item-10, item-13, "
            "item-20, item-23 and 20 more. Did you mean 'item-03'?",
            id="the_ten_nearest_of_many",
        ),
    ],
)
def test_alternatives(name: str, known: list[str], expected: str) -> None:
    """Known names are sorted, at most ten are listed, and the nearest is suggested."""
    assert alternatives(name, known) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("it", "'it'", id="string"),
        pytest.param(None, "null", id="null"),
        pytest.param({"a": [True]}, '{"a": [true]}', id="object"),
        pytest.param("x" * 100, "'" + "x" * 76 + "...", id="cut_at_80_characters"),
    ],
)
def test_quote(value: object, expected: str) -> None:
    """Values are shown as JSON, strings in single quotes."""
    assert quote(value) == expected


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        pytest.param(0, "", id="none"),
        pytest.param(1, " (1 more place in the document.)", id="one"),
        pytest.param(2, " (2 more places in the document.)", id="several"),
    ],
)
def test_more_places(count: int, expected: str) -> None:
    """A mistake that shows in several places is counted."""
    assert more_places(count) == expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(FileNotFoundError(2, "No such file", "a.json"), "No such file", id="system"),
        pytest.param(OSError("It is encrypted"), "It is encrypted", id="own words"),
        pytest.param(
            UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
            "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
            id="content",
        ),
    ],
)
def test_a_file_is_named_once(error: OSError | ValueError, expected: str) -> None:
    """The system's own message ends with the file's name, which ours has already."""
    assert file_error(error) == expected
