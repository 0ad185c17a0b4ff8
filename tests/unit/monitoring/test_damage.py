"""Tests of counting what cannot be read."""

from pathlib import Path

from monitoring.damage import Damage, Reason


def test_all_are_counted_and_the_first_are_listed() -> None:
    """The frequent reason comes first; details are short and can be written."""
    damage = Damage()
    damage.add(Reason.BAD_TIME, Path("b"), 1, "\ud800" + "x" * 300)
    for line in range(1, 8):
        damage.add(Reason.NOT_JSON, Path("a"), line)
    assert damage.num_items == 8
    first, second = damage.to_document()
    assert first["reason"] == "the line is not JSON"
    assert first["count"] == 7
    assert [place["line"] for place in first["places"]] == [1, 2, 3, 4, 5]
    assert second["places"] == [{"file": "b", "line": 1, "detail": "\\ud800" + "x" * 199}]


def test_no_damage() -> None:
    """Nothing is an empty list."""
    assert Damage().to_document() == []
    assert Damage().num_items == 0
