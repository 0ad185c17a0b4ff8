"""Tests of how JSON documents are written."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.documents import document_text, number_text

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), JSON_VALUES))
def test_document_reads_back_as_it_was(document: dict[str, object]) -> None:
    """Whatever the standard library can parse survives being written and read."""
    assert json.loads(document_text(document)) == document


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_have_no_exponent(number: float) -> None:
    """Every finite number is written in full, and reads back as the same float."""
    text = number_text(number)
    assert "e" not in text.lower()
    assert float(text) == number
    assert isinstance(json.loads(text), float)


@pytest.mark.parametrize(
    ("number", "text"),
    [(1e-05, "0.00001"), (1e22, "10000000000000000000000.0"), (0.1, "0.1"), (-0.0, "-0.0")],
    ids=["small", "large", "plain", "negative-zero"],
)
def test_number_examples(number: float, text: str) -> None:
    """Small and large floats are written out, and stay floats."""
    assert number_text(number) == text


def test_layout() -> None:
    """Keys are sorted, the indent is two spaces, and a list of numbers stays on one line."""
    text = document_text({"b": [1, 2.5], "a": {"y": [], "x": ["é", None]}})
    assert text == (
        '{\n  "a": {\n    "x": [\n      "é",\n      null\n    ],\n    "y": []\n  },\n'
        '  "b": [1, 2.5]\n}\n'
    )


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf], ids=str)
def test_numbers_that_json_lacks(number: float) -> None:
    """NaN and the infinities are refused, with what to do instead."""
    with pytest.raises(ValueError, match=r"^JSON has no number") as caught:
        document_text({"a": [number]})
    assert str(caught.value) == (
        f"JSON has no number {number}; write the string or leave the entry out."
    )


def test_values_that_json_lacks() -> None:
    """A value without a JSON form is named with its type."""
    with pytest.raises(TypeError) as caught:
        document_text({"a": {1}})
    assert str(caught.value) == "A value of type 'set' has no JSON form: {1}."
