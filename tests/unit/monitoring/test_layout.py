"""Tests of layouts of lines; what they read is tested with the reader of captured records."""

import pytest

from monitoring.layout import Layout, unescape

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
    match = layout.pattern.fullmatch(
        LINE.replace(rb"M\\u00f6we", b"cat").replace(b"0.5", b"-1.25e-07").replace(b"a-1", b"b")
    )
    assert match is not None
    assert match.groups() == (b"cat", b"-1.25e-07", b"b", b"t=1", b"2026")


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
    assert layout.pattern.fullmatch(LINE.replace(old, new)) is None


def test_a_name_that_occurs_twice_has_no_layout() -> None:
    """Which of two values counts only the parser knows."""
    assert Layout.of(LINE.replace(b"label", b"x")) is None
    assert Layout.of(LINE.replace(b"customAttributes", b"eventId")) is None


def test_letters_beyond_ascii() -> None:
    """A text that was escaped twice is read back."""
    assert unescape("M\\\\u00f6we") == "M\u00f6we"
