"""Tests of pipelines.plan.text."""

from typing import Any

import pytest

from pipelines.plan.changes import Change
from pipelines.plan.code import CodeChange
from pipelines.plan.difference import ABSENT, Difference
from pipelines.plan.text import Line, as_text, change_lines, difference_line, shown
from pipelines.plan.verb import Verb

URI = "s3://sagemaker-us-east-1-111122223333/image-classification/a/rather/long/prefix"


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        pytest.param(1, "a", '1 -> "a"', id="scalars"),
        pytest.param(ABSENT, None, "null", id="added"),
        pytest.param([1], ABSENT, "[1]", id="removed"),
        pytest.param(
            {"Get": "Parameters.A"}, {"Get": "Steps.B.C"}, "{Parameters.A} -> {Steps.B.C}", id="get"
        ),
        pytest.param(
            ABSENT,
            {"Std:Join": {"On": "/", "Values": ["s3:/", {"Get": "Parameters.A"}, 3]}},
            '"s3://{Parameters.A}/3"',
            id="join",
        ),
        pytest.param(
            ABSENT,
            {"Std:JsonGet": {"Path": "a"}},
            '{"Std:JsonGet": {"Path": "a"}}',
            id="json-get",
        ),
        pytest.param(ABSENT, {"Std:Join": 3}, '{"Std:Join": 3}', id="join-of-nothing"),
        pytest.param(
            f"{URI}/one", f"{URI}/two", '...long/prefix/one" -> ...long/prefix/two"', id="alike"
        ),
        pytest.param(
            "a/b/c/d/e/f/g/1",
            "a/b/c/d/e/f/g/2",
            '"a/b/c/d/e/f/g/1" -> "a/b/c/d/e/f/g/2"',
            id="short",
        ),
        pytest.param("x" * 70, ABSENT, '"' + "x" * 59 + "...", id="long"),
    ],
)
def test_values_are_short_and_readable(old: Any, new: Any, text: str) -> None:
    """Expressions are written out, and long values are cut where they are alike."""
    assert shown(Difference(path="x", old=old, new=new)) == text


@pytest.mark.parametrize(
    ("old", "new", "verb"),
    [(ABSENT, 1, Verb.ADDED), (1, ABSENT, Verb.REMOVED), (1, 2, Verb.CHANGED)],
)
def test_a_line_says_what_becomes_of_a_member(old: Any, new: Any, verb: Verb) -> None:
    """A member may come and go by itself."""
    assert difference_line(Difference(path="x", old=old, new=new)).verb is verb


def test_another_configuration_of_the_same_files_is_told() -> None:
    """A function may change in nothing but its role."""
    code = CodeChange(name="f", old_digest="0" * 12, new_digest="1" * 12, files=())
    change = Change(verb=Verb.CHANGED, kind="step", name="S", code=(code,))
    assert as_text(change_lines(change), has_colour=False) == (
        "~ step S\n    ~ code f  000000000000 -> 111111111111, same files, another configuration\n"
    )


def test_a_line_without_a_verb_has_no_mark() -> None:
    """It is indented like the others."""
    assert as_text([Line(text="a", level=1)], has_colour=True) == "    a\n"
