"""The commands that run pipelines, as a person calls them."""

import json
from pathlib import Path

import pytest

from pipelines.cli import main
from tests.local.conftest import QUICK

pytestmark = pytest.mark.local

SETTINGS = [word for name, value in QUICK.items() for word in ("-p", f"{name}={value}")]


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_the_demonstration_ends_with_its_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`demo` goes from the digits to an endpoint, to drift and to a new model, and sums that up."""
    try:
        assert main(["demo", "--root", str(tmp_path)]) == 0
        captured = capsys.readouterr()
    finally:
        main(["endpoints", "stop", "--all", "--root", str(tmp_path)])
    lines = [line for line in captured.out.splitlines() if line]
    figures = {line[:18].rstrip(): line[18:] for line in lines}
    assert figures["Tuned"].startswith("dropout=")
    accuracy, _, rest = figures["Test accuracy"].partition(" ")
    assert float(accuracy) > 0.95
    assert rest == "on 248 images"
    assert Path(figures["Report"]).is_file()
    assert figures["Gate"].startswith("passed: accuracy ")
    assert figures["Model package"] == "image-classification/2 PendingManualApproval"
    assert [line[18:].partition(",")[0] for line in lines if line.startswith("Traffic")] == [
        "400 test images as they are",
        "400 test images half as bright",
    ]
    drift = [line[18:] for line in lines if line.startswith("Data quality")]
    assert [words.startswith("violations=0 ") for words in drift] == [True, True, False]
    assert "brightness" in drift[-1]
    assert " failed in DriftDetected: calling start_retraining." in captured.err
    requests = figures["Requests"]
    assert requests.startswith("248 test images, ")
    assert ", 248 answers as in the evaluation, " in requests
    assert captured.err.endswith(
        "\nEndpoint 'image-classification' goes on running; end it with "
        f"'pipelines endpoints stop image-classification --root {tmp_path}'.\n"
    )
    for step in ("Preprocess", "Tune", "Train", "Evaluate", "CreateEndpoint", "Transform"):
        assert f" {step} " in captured.err


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


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_person_takes_a_model_from_images_to_an_endpoint(
    tmp_path: Path, images_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command finds what the one before left: run, approve, run, status, endpoints, stop."""
    root = ["--root", str(tmp_path)]
    assert main(["run", "retraining", *root, "--images", str(images_dir), *SETTINGS]) == 0
    assert main(["run", "deployment", *root]) == 1
    assert "approve one with 'pipelines approve image-cl" in capsys.readouterr().err
    assert main(["approve", "latest", *root]) == 0
    assert capsys.readouterr().out == "image-classification/1 Approved\n"
    assert main(["run", "deployment", *root]) == 0
    folder = Path(capsys.readouterr().out.strip())
    try:
        assert main(["status", *root]) == 0
        statuses = [line.split()[:3] for line in capsys.readouterr().out.splitlines()[1:]]
        assert statuses[0] == ["deployment", folder.name, "Succeeded"]
        assert [status for _, _, status in statuses] == ["Succeeded", "Failed", "Succeeded"]
        assert main(["status", "latest", *root]) == 0
        assert capsys.readouterr().out.splitlines()[-1].endswith(f" s. {folder}")
        assert main(["endpoints", *root]) == 0
        captured = capsys.readouterr()
        name, status, package, url, *_ = captured.out.splitlines()[1].split()
        assert [name, status, package] == [
            "image-classification",
            "InService",
            "image-classification/1",
        ]
        assert url.startswith("http://127.0.0.1:")
        assert captured.err == ""
        assert main(["endpoints", "logs", name, *root]) == 0
        assert capsys.readouterr().out
    finally:
        assert main(["endpoints", "stop", "--all", *root]) == 0
    assert capsys.readouterr().out.endswith("image-classification\n")
    assert list((tmp_path / "endpoints").iterdir()) == []


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
def test_run_refuses_wrong_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    """A wrong parameter or execution is wrong use, said before anything runs."""
    assert main(["run", "retraining", "--root", str(tmp_path), *words]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(message)
    assert captured.out == ""
    assert not (tmp_path / "executions").exists()


@pytest.mark.parametrize(
    ("setting", "rule"),
    [
        pytest.param("TrainInstanceType=ml.nope", "D044", id="instance type"),
        pytest.param("PreprocessInstanceCount=0", "D046", id="count"),
        pytest.param("MaxTuningJobs=1", "D064", id="contradiction"),
        pytest.param("Epochs=0", "D077", id="hyperparameter"),
    ],
)
def test_values_are_checked_like_defaults(
    tmp_path: Path,
    images_dir: Path,
    capsys: pytest.CaptureFixture[str],
    setting: str,
    rule: str,
) -> None:
    """What `check` refuses as a default, `run` refuses as a value, before anything runs."""
    words = ["run", "training", "--root", str(tmp_path), "--images", str(images_dir)]
    assert main([*words, "-p", setting]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("pipelines: Pipeline 'training' has mistakes; nothing was done.")
    assert f" {rule} " in captured.err
    assert captured.out == ""
    assert not (tmp_path / "executions").exists()


def test_missing_images_are_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing to read is said before anything runs, in the words of the command."""
    root, empty = tmp_path / "root", tmp_path / "empty"
    empty.mkdir()
    assert main(["run", "retraining", "--root", str(root)]) == 2
    assert capsys.readouterr().err == (
        "pipelines: There is nothing at RawDataUri "
        "'s3://sagemaker-us-east-1-111122223333/image-classification/raw/' in the local store; "
        "name a folder of images, on the command line with --images DIR.\n"
    )
    assert main(["run", "retraining", "--root", str(root), "--images", str(empty)]) == 2
    assert capsys.readouterr().err == (
        f"pipelines: Folder '{empty}' holds no files; expected images.\n"
    )
    assert not (root / "executions").exists()


def test_a_root_that_is_no_folder_is_wrong_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A root that cannot hold anything is refused at once."""
    path = tmp_path / "file"
    path.touch()
    assert main(["demo", "--root", str(path)]) == 2
    assert capsys.readouterr().err == (
        f"pipelines: --root '{path}' is no folder that can be used: File exists.\n"
    )
