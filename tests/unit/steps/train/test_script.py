"""Train as a job: options, artifact, checkpoints."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from inference.artifact import ArtifactError
from inference.handler import model_fn
from inference.serving import input_fn, predict_fn
from steps.dataset import DatasetError
from steps.train import script
from steps.train.contract import Metric
from steps.train.trainer import Trainer

REPOSITORY = Path(script.__file__).parents[2]


@pytest.fixture
def argv(splits: Path, tmp_path: Path) -> Callable[..., list[str]]:
    """Builds the options of a short job that writes below a folder."""

    def argv(name: str, **hyperparameters: object) -> list[str]:
        values = {"epochs": 3, "batch_size": 12, **hyperparameters}
        options = {
            "train-dir": splits / "train",
            "validation-dir": splits / "validation",
            "model-dir": tmp_path / name / "model",
            "output-data-dir": tmp_path / name / "data",
            "checkpoint-dir": tmp_path / "checkpoints",
            **values,
        }
        return [part for key, value in options.items() for part in (f"--{key}", str(value))]

    return argv


def content(directory: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in files}


def test_job_writes_an_artifact_that_serves(
    argv: Callable[..., list[str]], tmp_path: Path, encode_flat: Callable[[int], bytes]
) -> None:
    """The artifact answers through the handler, and tells how it came about."""
    script.main(argv("job", epochs=8))
    model_dir = tmp_path / "job" / "model"
    artifact = model_fn(str(model_dir))
    answers = predict_fn(
        [input_fn(encode_flat(value), "image/png")[0] for value in (220, 80)], artifact
    )
    assert [answer["predicted_label"] for answer in answers] == ["bright", "dark"]
    training = json.loads((model_dir / "training.json").read_text())
    assert training["data_digest"] == "0f"
    assert training["hyperparameters"]["epochs"] == 8
    assert training["num_images"] == {"train": 48, "validation": 15}
    assert len(training["history"]) == 8
    assert Metric.IMAGES_PER_SECOND not in training["history"][0]
    history = json.loads((tmp_path / "job" / "data" / "history.json").read_text())
    assert [metrics["epoch"] for metrics in history] == list(range(8))
    assert history[0]["images_per_second"] > 0


def test_each_epoch_is_one_metric_line(
    argv: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Standard output holds the metric lines and nothing else."""
    script.main(argv("job"))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["epoch=0", "epoch=1", "epoch=2"]


def test_same_seed_gives_the_same_bytes(argv: Callable[..., list[str]], tmp_path: Path) -> None:
    """Two jobs that know nothing of each other write equal artifacts."""
    script.main(argv("first"))
    arguments = argv("second")
    arguments[arguments.index("--checkpoint-dir") + 1] = str(tmp_path / "elsewhere")
    script.main(arguments)
    assert content(tmp_path / "first" / "model") == content(tmp_path / "second" / "model")


KILLED_IN_THE_THIRD_EPOCH = """
import os, signal, sys
from steps.train import script
from steps.train.trainer import Trainer

train_step = Trainer._train_step

def train_or_die(self, step, *batch):
    if step == 9:
        os.kill(os.getpid(), signal.SIGKILL)
    return train_step(self, step, *batch)

Trainer._train_step = train_or_die
script.main(sys.argv[1:])
"""


def test_killed_job_resumes_to_the_same_bytes(
    argv: Callable[..., list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A job killed amid its third epoch, and started again, ends as one that was left alone."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY)}
    environment |= {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    job = subprocess.run(
        [sys.executable, "-c", KILLED_IN_THE_THIRD_EPOCH, *argv("killed", epochs=5)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert job.returncode == -signal.SIGKILL
    assert [line.split()[0] for line in job.stdout.splitlines()] == ["epoch=0", "epoch=1"]
    assert not (tmp_path / "killed" / "model").exists()
    script.main(argv("killed", epochs=5))
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == job.stdout.splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["epoch=2", "epoch=3", "epoch=4"]
    whole = argv("whole", epochs=5)
    whole[whole.index("--checkpoint-dir") + 1] = str(tmp_path / "elsewhere")
    script.main(whole)
    assert content(tmp_path / "killed" / "model") == content(tmp_path / "whole" / "model")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("data", id="data"),
        pytest.param("code", id="code"),
        pytest.param("hyperparameter", id="hyperparameter"),
        pytest.param("threads", id="threads"),
    ],
)
def test_changed_training_starts_anew_beside_the_old_checkpoints(
    change: str,
    argv: Callable[..., list[str]],
    splits: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever decides the weights decides what is resumed; the old state is left untouched."""
    script.main(argv("old"))
    before = content(tmp_path / "checkpoints")
    if change == "data":
        for name in ("train", "validation"):
            path = splits / name / "dataset.json"
            path.write_text(path.read_text().replace("0f", "1f"))
    if change == "code":
        monkeypatch.setenv("CODE_DIGEST", "new")
    if change == "threads":
        num_threads = torch.get_num_threads()
        monkeypatch.setattr(torch, "get_num_threads", lambda: num_threads + 1)
    script.main(argv("new", **({"dropout": 0.2} if change == "hyperparameter" else {})))
    after = content(tmp_path / "checkpoints")
    assert len(after) == 2
    assert before.items() <= after.items()


def test_finished_job_is_not_trained_again(
    argv: Callable[..., list[str]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same job again takes its weights from the checkpoint and prints the same lines."""
    script.main(argv("first"))
    first = capsys.readouterr().out
    monkeypatch.setattr(Trainer, "train_epoch", None)
    script.main(argv("second"))
    assert capsys.readouterr().out == first
    assert content(tmp_path / "first" / "model") == content(tmp_path / "second" / "model")


def test_device_decides_what_is_resumed() -> None:
    """A GPU never goes on from a CPU's state; its own threads do not matter to it."""
    assert script.device_facts(torch.device("cuda")) == {"device": "cuda", "num_threads": None}
    assert script.device_facts(torch.device("cpu")) == {
        "device": "cpu",
        "num_threads": torch.get_num_threads(),
    }


def test_matrix_products_are_deterministic_on_a_gpu(
    argv: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The script asks for it itself, unless its environment says otherwise."""
    monkeypatch.setattr(script, "Trainer", None)
    for given, expected in (("", ""), (None, ":4096:8")):
        monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")
        if given is None:
            monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG")
        with pytest.raises(TypeError):
            script.main(argv("job"))
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == expected


def test_options_of_the_service_are_ignored(argv: Callable[..., list[str]], tmp_path: Path) -> None:
    """The service passes hyperparameters of its own, such as a tuning job's."""
    others = ["--_tuning_objective_metric", "loss", "--sagemaker_job_name", "x"]
    script.main([*argv("job", epochs=1), *others])
    assert (tmp_path / "job" / "model" / "weights.pt").is_file()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        pytest.param(
            ["--epoch", "3", "--learning-rate=0.1"], "--epoch, --learning-rate", id="name"
        ),
        pytest.param(["--_tuning", "x", "-e", "3"], "-e", id="letter"),
        pytest.param(["3"], "3", id="value"),
    ],
)
def test_misspelt_hyperparameters_are_refused(
    options: list[str], named: str, argv: Callable[..., list[str]], tmp_path: Path
) -> None:
    """Training with a default in the place of what was asked for would go unnoticed."""
    with pytest.raises(SystemExit) as caught:
        script.main([*argv("job"), *options])
    assert caught.value.code == f"Wrong options: unknown: {named}."
    assert not (tmp_path / "job").exists()


def test_paths_come_from_the_toolkits_variables(
    splits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without options for paths, a job reads and writes where `SM_*` says."""
    monkeypatch.setenv("SM_CHANNEL_TRAIN", str(splits / "train"))
    monkeypatch.setenv("SM_CHANNEL_VALIDATION", str(splits / "validation"))
    for name in ("SM_MODEL_DIR", "SM_OUTPUT_DATA_DIR", "CHECKPOINT_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    script.main(["--epochs", "1", "--max-batches", "1"])
    assert (tmp_path / "SM_MODEL_DIR" / "weights.pt").is_file()
    assert (tmp_path / "SM_OUTPUT_DATA_DIR" / "history.json").is_file()
    assert list((tmp_path / "CHECKPOINT_DIR").rglob("checkpoint.pt"))


def test_pretrained_channel_is_the_start(argv: Callable[..., list[str]], tmp_path: Path) -> None:
    """Weights of the channel enter the training, and its fingerprint."""
    script.main(argv("first", epochs=1))
    weights = tmp_path / "first" / "model"
    script.main([*argv("second", epochs=1), "--pretrained-dir", str(weights)])
    first, second = (content(tmp_path / name / "model") for name in ("first", "second"))
    assert first["weights.pt"] != second["weights.pt"]
    assert len(content(tmp_path / "checkpoints")) == 2


def test_artifact_that_answers_otherwise_fails_the_job(
    argv: Callable[..., list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written is asked before the job ends, as an endpoint would be."""

    def answer(*_: object) -> list[dict[str, object]]:
        return [{"predicted_label": "dark", "probability": 0.25}]

    monkeypatch.setattr(script, "predict_fn", answer)
    with pytest.raises(ArtifactError) as caught:
        script.main(argv("job", epochs=8))
    assert str(caught.value).startswith(
        f"Artifact {tmp_path}/job/model answers ('dark', 0.25) for 'bright/000.png'; "
        "the trained network answers ('bright', 0."
    )


def test_splits_of_two_jobs_are_refused(argv: Callable[..., list[str]], splits: Path) -> None:
    """Training on one data set and validating on another is a mistake."""
    path = splits / "validation" / "dataset.json"
    path.write_text(path.read_text().replace('"0f"', '"1f"'))
    with pytest.raises(DatasetError) as caught:
        script.main(argv("job"))
    assert str(caught.value) == (
        "The train split is of data 0f and the validation split of 1f; "
        "expected two splits of one Preprocess job."
    )
