"""Tests of layouts of lines; what they read is tested with the reader of captured records."""

import json

import pytest

from monitoring.layout import MAX_LAYOUT_BYTES, Layout, unescape

LINE = (
    rb'{"captureData":{"endpointOutput":{"data":"{\"label\": \"M\\u00f6we\", \"x\": 0.5}"}},'
    rb'"eventMetadata":{"eventId":"a-1","customAttributes":["t=1"],"inferenceTime":"2026"}}'
)


def test_values_are_groups() -> None:
    """Every value of the answer and of the metadata has a group, and its kind is known."""
    layout = Layout.of(LINE)
    assert layout is not None
    assert layout.metadata == {"eventId": 2, "customAttributes": 3, "inferenceTime": 4}
    assert layout.numbers == {"x": 1}
    assert layout.texts == {"label": 0}
    other = LINE.replace(rb"M\\u00f6we", b"cat").replace(b"0.5", b"-1.25e-07").replace(b"a-1", b"b")
    assert layout.values(other) == (b"cat", b"-1.25e-07", b"b", b"t=1", b"2026")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b"0.5", b"00.5", id="leading-zero"),
        pytest.param(b"0.5", b"5", id="whole"),
        pytest.param(b"0.5", b"5.", id="no-digits"),
        pytest.param(b"0.5", b"1.5e+300", id="large"),
        pytest.param(b"0.5", b"1" * 20 + b".5", id="long"),
        pytest.param(b"0.5", b"NaN", id="nan"),
        pytest.param(b"0.5", b"null", id="null"),
        pytest.param(rb"\\u00f6", rb"\\ud800", id="half-character"),
        pytest.param(rb"\\u00f6", rb"\u00f6", id="outer-escape"),
        pytest.param(rb"\\u00f6", rb"\\n", id="short-escape"),
        pytest.param(rb"\\u00f6", b"\xc3\xb6", id="utf-8"),
        pytest.param(b"a-1", b"", id="no-id"),
        pytest.param(b"a-1", rb"\u0061", id="escaped-id"),
        pytest.param(b'"x', b'"y', id="field"),
        pytest.param(b"}}", b"}} ", id="end"),
    ],
)
def test_other_lines_do_not_match(old: bytes, new: bytes) -> None:
    """What is no plain value, or differs beside the values, is left to the parser."""
    layout = Layout.of(LINE)
    assert layout is not None
    assert old in LINE
    assert layout.values(LINE.replace(old, new)) is None


def with_input(text: bytes, content_type: bytes = b"image/jpeg") -> bytes:
    """The line with what was asked, as it stands between quotes."""
    asked = b'"endpointInput":{"observedContentType":"%b","data":"%b"},' % (content_type, text)
    return LINE.replace(b'"endpointOutput"', asked + b'"endpointOutput"')


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"/9j/4AAQ==", id="short"),
        pytest.param(b"/9j/4AAQ" * 1000, id="long"),
        pytest.param(rb"{\"image\": \"/9j/4AAQ==\"}", id="json"),
        pytest.param(rb"{\"image\": \"" + b"/9j/4AAQ" * 1000 + rb"\"}", id="long-json"),
        pytest.param(rb"caf\u00e9 \ud83d\n\\", id="escapes"),
        pytest.param(rb"{\"x\": 0.5, \"eventId\": \"b\"}", id="like-an-answer"),
    ],
)
def test_what_was_asked_may_be_any_text(text: bytes) -> None:
    """The text of the request has no group, whatever its length."""
    layout = Layout.of(with_input(b"abc"))
    assert layout is not None
    assert json.loads(with_input(text)) is not None
    for learned in (layout, Layout.of(with_input(text))):
        assert learned is not None
        assert learned.values(with_input(text)) == (rb"M\\u00f6we", b"0.5", b"a-1", b"t=1", b"2026")


@pytest.mark.parametrize("length", [8, 8000])
@pytest.mark.parametrize(
    "junk",
    [
        pytest.param(b'"', id="quote"),
        pytest.param(b"\\", id="backslash"),
        pytest.param(rb"\x", id="no-escape"),
        pytest.param(rb"\u00g0", id="no-digits"),
        pytest.param(b"\t", id="control"),
        pytest.param(b"\x00", id="zero"),
        pytest.param(b"\xff", id="no-utf-8"),
        pytest.param(b"\xc3\xa9", id="utf-8"),
    ],
)
def test_what_was_asked_must_be_a_text(junk: bytes, length: int) -> None:
    """What is no text of ASCII letters, or never ends, is left to the parser."""
    layout = Layout.of(with_input(b"abc"))
    assert layout is not None
    line = with_input(b"a" * length + junk + b"z")
    for bad in (line, line[: line.index(b"z")]):
        assert layout.values(bad) is None


def test_another_content_type_is_another_layout() -> None:
    """All that stands before the request's text is part of the layout."""
    layout = Layout.of(with_input(b"abc"))
    assert layout is not None
    assert layout.values(with_input(b"abc", b"image/png")) is None
    assert layout.values(LINE) is None


def test_a_request_after_the_answer_has_no_layout() -> None:
    """Its text would be part of the layout, which no other line had."""
    asked = b'}},"endpointInput":{"data":"abc"},"eventMetadata"'
    assert Layout.of(LINE.replace(b'}},"eventMetadata"', asked)) is None


def test_long_lines_have_no_layout() -> None:
    """A layout is as long as its line, but for what was asked, and has a limit."""
    assert Layout.of(LINE.replace(b"2026", b"2" * MAX_LAYOUT_BYTES)) is None


def test_a_name_that_occurs_twice_has_no_layout() -> None:
    """Which of two values counts only the parser knows."""
    assert Layout.of(LINE.replace(b"label", b"x")) is None
    assert Layout.of(LINE.replace(b"customAttributes", b"eventId")) is None


def test_letters_beyond_ascii() -> None:
    """A text that was escaped twice is read back."""
    assert unescape("M\\\\u00f6we") == "M\u00f6we"
