"""Tests of parsing many decimal texts at once."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.decimals import parse_decimals


def same(texts: list[bytes]) -> None:
    """Hold the numbers, to the last bit and sign, against those of the interpreter."""
    found = parse_decimals(texts).tolist()
    assert list(map(repr, found)) == [repr(float(text)) for text in texts]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_floats_read_back(numbers: list[float]) -> None:
    """Every double is read back from its shortest text."""
    assert parse_decimals([repr(number).encode() for number in numbers]).tolist() == numbers


@given(st.lists(st.from_regex(rb"-?(0|[1-9][0-9]{0,9})\.[0-9]{1,20}", fullmatch=True), min_size=1))
def test_any_decimal_is_rounded_as_the_interpreter_rounds_it(texts: list[bytes]) -> None:
    """Texts of more digits than a double has give the nearest double."""
    same(texts)


def test_middles_of_two_doubles() -> None:
    """What lies next to the middle of two doubles goes to the right side."""
    generator = np.random.default_rng(1)
    texts = []
    for number in generator.uniform(2**-3, 2**3, size=5000):
        middle = (Decimal(float(number)) + Decimal(float(np.nextafter(number, 9)))) / 2
        texts += [f"{middle:.17f}".encode(), f"{middle:.16f}".encode()]
    # Exact middles of neighbours, which are even numbers: ties go to the even one.
    texts += [b"9007199254740993.0", b"9007199254740995.0", b"-9007199254740997.0"]
    same(texts)


@pytest.mark.parametrize(
    "text",
    [
        b"0.0", b"-0.0", b"5.", b".5", b"7", b"-7", b"1e-7", b"2.5e-07", b"1.5E+10", b"1.0e999",
        b"0.00012345678901234567", b"123456789012345678.5", b"999999999999999999.9",
        b"0.0000000000000000000001", b"1." + b"0" * 40 + b"1", b"9" * 400 + b".0",
    ],
)  # fmt: skip
def test_unusual_numbers(text: bytes) -> None:
    """Forms that need the usual way give what it gives."""
    same([b"0.5", text, b"-0.25"])


@pytest.mark.parametrize("text", [b"", b".", b"-", b"-.", b"1.2.3", b"1-.5", b"cat", b"0x1.8"])
def test_no_number(text: bytes) -> None:
    """What is no number is refused."""
    with pytest.raises(ValueError, match="could not convert string to float"):
        parse_decimals([b"0.5", text])


def test_no_texts() -> None:
    """Nothing gives nothing."""
    assert parse_decimals([]).shape == (0,)
