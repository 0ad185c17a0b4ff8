"""Atomic writes."""

from pathlib import Path

import pytest

from inference.files import write_atomically, write_json


def test_json_is_sorted_indented_and_ends_with_a_newline(tmp_path: Path) -> None:
    """The text is the same however the value was put together."""
    write_json(tmp_path / "new" / "value.json", {"b": [1], "a": "é"})
    text = (tmp_path / "new" / "value.json").read_text()
    assert text == '{\n  "a": "\\u00e9",\n  "b": [\n    1\n  ]\n}\n'


def test_nan_is_refused(tmp_path: Path) -> None:
    """A number that JSON cannot hold is an error, and leaves no file."""
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "value.json", float("nan"))
    assert list(tmp_path.iterdir()) == []


def test_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    """What breaks halfway changes nothing that a reader sees, and leaves nothing behind."""
    path = tmp_path / "value.txt"
    path.write_text("old")

    def fail(temporary: Path) -> None:
        temporary.write_text("ne")
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        write_atomically(path, fail)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("value.txt", "old")]
