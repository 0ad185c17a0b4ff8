"""The commands that run pipelines, as a person calls them."""

import json
from pathlib import Path

import pytest

from pipelines.cli import main
from tests.local.conftest import QUICK

pytestmark = pytest.mark.local

SETTINGS = [word for name, value in QUICK.items() for word in ("-p", f"{name}={value}")]


def test_the_demonstration_ends_with_its_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`demo` runs the whole training pipeline on the digits and sums it up on standard output."""
    assert main(["demo", "--root", str(tmp_path)]) == 0
    captured = capsys.readouterr()
    figures = dict(line.split(maxsplit=1) for line in captured.out.splitlines() if line)
    assert figures["Tuned"].startswith("dropout=")
    accuracy, _, rest = figures["Test"].removeprefix("accuracy").strip().partition(" ")
    assert float(accuracy) > 0.95
    assert rest == "on 248 images"
    assert Path(figures["Report"]).is_file()
    assert figures["Gate"].startswith("passed: accuracy ")
    assert figures["Model"].endswith("image-classification/1 PendingManualApproval")
    for step in ("Preprocess", "Tune", "Train", "Evaluate"):
        assert f"{step} " in captured.err
    assert "7/7" in captured.err


def test_run_prints_the_folder_and_exits_by_the_status(
    tmp_path: Path, images_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`run` exits with 1 when the gate holds; `--resume` with an open gate registers the model."""
    words = ["run", "retraining", "--root", str(tmp_path), "--images", str(images_dir), *SETTINGS]
    assert main([*words, "-p", "AccuracyThreshold=2"]) == 1
    folder = Path(capsys.readouterr().out.strip())
    record = json.loads((folder / "execution.json").read_bytes())
    assert record["PipelineExecutionStatus"] == "Failed"
    assert main([*words, "--resume", folder.name]) == 0
    captured = capsys.readouterr()
    assert Path(captured.out.strip()) == folder
    assert list((tmp_path / "model-packages" / "image-classification").glob("*.json"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(
            ["-p", "Epoch=3"],
            "pipelines: Parameter 'Epoch' is not declared by pipeline 'retraining'.",
            id="unknown parameter",
        ),
        pytest.param(
            ["-p", "Epochs=three"],
            "pipelines: Parameter 'Epochs' expects an Integer, got 'three'.",
            id="wrong type",
        ),
        pytest.param(
            ["--resume", "yesterday"],
            "pipelines: Pipeline 'retraining' has no execution 'yesterday' to resume.",
            id="nothing to resume",
        ),
    ],
)
def test_run_refuses_what_cannot_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    """A wrong parameter or execution is wrong use, said before anything runs."""
    assert main(["run", "retraining", "--root", str(tmp_path), *words]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(message)
    assert captured.out == ""
    assert not (tmp_path / "executions").exists()
