"""The command `graph`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.compile import Compiled


@pytest.fixture(autouse=True)
def _snapshots(
    monkeypatch: pytest.MonkeyPatch, compiled_snapshot: Callable[[str], Compiled]
) -> None:
    monkeypatch.setattr(
        "pipelines.compile.compile_pipeline", lambda name, _: compiled_snapshot(name)
    )


def test_mermaid_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """Without options, the steps and their edges are text on standard output."""
    assert main(["graph", "scoring"]) == 0
    assert capsys.readouterr().out == (
        "flowchart TD\n"
        "    accTitle: scoring\n"
        '    s1["FindModelPackage<br/><i>Lambda</i>"]\n'
        '    s2{{"CheckApproval<br/><i>Condition</i>"}}\n'
        '    s3["CreateModel<br/><i>Model</i>"]\n'
        '    s4(["PackageNotApproved<br/><i>Fail</i>"])\n'
        '    s5["Transform<br/><i>Transform</i>"]\n'
        '    s6["SummarizeBatch<br/><i>Processing</i>"]\n'
        '    s7["CheckBatch<br/><i>Processing</i>"]\n'
        "    s1 --> s2\n"
        "    s2 -->|True| s3\n"
        "    s2 -->|False| s4\n"
        "    s3 --> s5\n"
        "    s5 -.->|Any| s6\n"
        "    s5 -.->|Any| s7\n"
    )


def test_a_picture_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With a file for the picture nothing is printed, unless it is asked for."""
    path = tmp_path / "training.svg"
    assert main(["graph", "training", "--svg", str(path)]) == 0
    assert path.read_text().startswith("<svg ")
    assert capsys.readouterr().out == ""
    assert main(["graph", "training", "--svg", str(path), "--mermaid"]) == 0
    assert capsys.readouterr().out.startswith("flowchart TD\n")


def test_a_picture_that_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reason is the system's."""
    path = tmp_path / "missing" / "training.svg"
    assert main(["graph", "training", "--svg", str(path)]) == 2
    assert capsys.readouterr().err == (
        f"pipelines: The picture '{path}' cannot be written: No such file or directory.\n"
    )
