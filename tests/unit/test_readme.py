"""What the README says of the project, held against the project."""

import re
from pathlib import Path

import pytest

from pipelines.checks import RULES
from pipelines.cli import main

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_the_number_of_rules_is_right() -> None:
    """The README counts the rules as they are."""
    assert f"applies {len(RULES)} rules" in README


def test_commands_are_those_that_there_are(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table of commands lists each command of the help, and no other."""
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main(["--help"])
    helped = re.findall(r"^    (\w+) {2,}", capsys.readouterr().out, flags=re.MULTILINE)
    assert re.findall(r"^\| `pipelines (\w+)", README, flags=re.MULTILINE) == helped


def test_files_that_are_named_exist() -> None:
    """Every path in the README's tables leads to something."""
    root = Path(__file__).parents[2]
    named = re.findall(r"`((?:pipelines|steps|inference|monitoring|tests)/[\w*/.]+)`", README)
    assert named
    missing = [path for path in named if not list(root.glob(path.rstrip("/")))]
    assert missing == []
