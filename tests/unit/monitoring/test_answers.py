"""Tests of reading recorded answers."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.answers import AnswerError, answer_files, parse_answers

VALUES = (
    st.none()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
RECORDS = st.lists(
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), VALUES), min_size=1
)


@given(RECORDS, st.sampled_from(["", "\n", "\r\n", " \n\n"]), st.sampled_from([None, 2]))
def test_answers_read_back(
    records: list[dict[str, float | str | None]], separator: str, indent: int | None
) -> None:
    """One object, JSON Lines and indented objects give the records that were written."""
    text = separator.join(json.dumps(record, indent=indent) for record in records) + separator
    assert parse_answers(text) == records
    assert parse_answers(text.encode()) == records


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "it is empty", id="empty"),
        pytest.param(b" \n", "it is empty", id="blank"),
        pytest.param(b"\xff\xd8\xff", "it is no UTF-8 text", id="bytes"),
        pytest.param(b"cat,0.9\n", "object 1 is not JSON", id="csv"),
        pytest.param(b'{"a": 1}\n{"a":', "object 2 is not JSON", id="cut-off"),
        pytest.param(b"[" * 100_000, "object 1 is not JSON", id="deep"),
        pytest.param(b'{"a": NaN}', "object 1 is not JSON", id="nan"),
        pytest.param(b'{"a": -Infinity}', "object 1 is not JSON", id="infinity"),
        pytest.param(b'{"a": 1' + b"0" * 5000 + b"}", "object 1 is not JSON", id="endless-number"),
        pytest.param(b"[1, 2]", "object 1 is a list, no JSON object", id="list"),
        pytest.param(b'"cat"', "object 1 is a str, no JSON object", id="text"),
        pytest.param(
            b'{"a": {"b": 1}}',
            "field 'a' of object 1 is no finite number, text or null",
            id="nested",
        ),
        pytest.param(
            b'{"a": 1}\n{"a": true}',
            "field 'a' of object 2 is no finite number, text or null",
            id="truth-value",
        ),
        pytest.param(
            b'{"a": 1e999}', "field 'a' of object 1 is no finite number, text or null", id="large"
        ),
        pytest.param(
            b'{"a": 1' + b"0" * 400 + b"}",
            "field 'a' of object 1 is no finite number, text or null",
            id="large-whole",
        ),
        pytest.param(
            rb'{"a": "\ud800"}',
            "field 'a' of object 1 is no finite number, text or null",
            id="half-a-character",
        ),
        pytest.param(
            rb'{"\ud800": 1}',
            r"field '\ud800' of object 1 is no finite number, text or null",
            id="half-a-character-in-a-name",
        ),
    ],
)
def test_what_is_no_answer(content: bytes, message: str) -> None:
    """Whatever is not flat JSON is refused with the reason, by one error."""
    with pytest.raises(AnswerError) as caught:
        parse_answers(content)
    assert str(caught.value) == message


@given(st.binary(max_size=60) | st.text(max_size=60))
def test_no_other_error(content: bytes | str) -> None:
    """Any bytes and any text are answers, or refused by the one error."""
    try:
        records = parse_answers(content)
    except AnswerError:
        return
    assert records


def test_files_of_a_transform(tmp_path: Path) -> None:
    """Outputs are found in every folder, by their suffix."""
    for name in ("b.png.out", "a/c.png.out", "a/c.png", "out/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    assert [path.relative_to(tmp_path).as_posix() for path in answer_files(tmp_path)] == [
        "a/c.png.out",
        "b.png.out",
    ]
