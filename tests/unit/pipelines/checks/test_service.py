"""The service model: patterns written for Java, read by Python."""

import pytest

from pipelines.checks.service import pattern


@pytest.mark.parametrize(
    ("form", "text", "is_match"),
    [
        pytest.param(r"[A-Za-z0-9\-_]+", "Train-1", True, id="plain"),
        pytest.param(r"[A-Za-z0-9\-_]+", "Train 1", False, id="plain_and_wrong"),
        pytest.param(r"([\p{L}\p{N}_.]*)", "größe.1", True, id="letters_of_any_script"),
        pytest.param(r"([\p{L}_]*)${1,256}", '{"a": 1}', False, id="length_after_the_end"),
    ],
)
def test_pattern(form: str, text: str, is_match: bool) -> None:
    """A pattern matches what Java's does, or a little more."""
    expression = pattern(form)
    assert expression is not None
    assert (expression.fullmatch(text) is not None) == is_match


def test_pattern_that_python_cannot_say() -> None:
    """Unicode classes without a neighbour in Python are not checked."""
    assert pattern(r"[\p{S}\p{P}]*") is None
