"""Tests of pipelines.local.files."""

import stat
from pathlib import Path

import pytest

from pipelines.local.files import create_text, write_json, write_text
from tests.unit.pipelines.local.definitions import full_disk


def test_json_has_one_form(tmp_path: Path) -> None:
    """Sorted keys, two spaces, a newline at the end, and folders on the way."""
    write_json(tmp_path / "deep" / "a.json", {"b": 1, "a": [True]})

    text = (tmp_path / "deep" / "a.json").read_text()
    assert text == '{\n  "a": [\n    true\n  ],\n  "b": 1\n}\n'


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    """A document that cannot be written changes nothing and leaves nothing behind."""
    write_json(tmp_path / "a.json", 1)

    with pytest.raises(ValueError, match="Out of range float values are not JSON compliant"):
        write_json(tmp_path / "a.json", float("nan"))

    assert (tmp_path / "a.json").read_text() == "1\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_full_disk_gets_no_fuller(tmp_path: Path) -> None:
    """What could be written of a text is removed, and the old text stays."""
    write_text(tmp_path / "a", "old")

    with full_disk(), pytest.raises(OSError, match="File too large"):
        write_text(tmp_path / "a", "x" * 11)

    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_text_gets_its_mode(tmp_path: Path) -> None:
    """A script can be made executable."""
    write_text(tmp_path / "run.sh", "", mode=0o755)

    assert stat.S_IMODE((tmp_path / "run.sh").stat().st_mode) == 0o755


def test_a_file_is_created_once(tmp_path: Path) -> None:
    """The second to create a file learns that it exists, and nothing is left behind."""
    create_text(tmp_path / "a", "one")

    with pytest.raises(FileExistsError):
        create_text(tmp_path / "a", "two")

    assert [path.read_text() for path in tmp_path.iterdir()] == ["one"]
