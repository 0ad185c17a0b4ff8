"""Executions that are interrupted: nothing is left running, and what was done is not lost."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipelines.execution import Status
from tests.local.conftest import QUICK, Machine
from tests.unit.pipelines.local.definitions import has_ended
from tests.waiting import SECONDS, wait_until

pytestmark = pytest.mark.local

LONG = {**QUICK, "Epochs": "120", "Patience": "1000"}
"""Parameters under which Train takes some seconds on any machine."""

ENDLESS = {**LONG, "Epochs": "1000"}
"""Parameters under which it takes minutes."""

ENDLESS_SEARCH = {**LONG, "MaxTuningJobs": "4", "TuningEpochs": "1000"}
"""Parameters under which each trial does."""


@contextmanager
def _command(
    root: Path,
    images_dir: Path,
    *words: str,
    pipeline: str = "retraining",
    parameters: Mapping[str, str] = LONG,
) -> Iterator[subprocess.Popen[str]]:
    """`pipelines run` as a process; killed if the test fails."""
    settings = [word for name, value in parameters.items() for word in ("-p", f"{name}={value}")]
    command = [sys.executable, "-m", "pipelines", "run", pipeline, "--root", str(root)]
    with subprocess.Popen(
        [*command, "--images", str(images_dir), *settings, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _wait_for_epoch(
    process: subprocess.Popen[str], root: Path, epoch: int, *, logs: str = "Train/log.txt"
) -> Path:
    """Wait until a job of a command has reported an epoch; returns the execution's folder."""

    def is_reported() -> bool:
        assert process.poll() is None, process.communicate()[1]
        found = root.glob(f"executions/*/*/steps/{logs}")
        return any(f"epoch={epoch} " in log.read_text() for log in found)

    wait_until(is_reported)
    [folder] = root.glob("executions/*/*")
    return folder


def _left_running(root: Path) -> list[str]:
    """Commands and environments of processes that name a root, and do not end in good time."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            content = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:
            continue
        is_ours = str(root).encode() in content and folder.name != str(os.getpid())
        if is_ours and not has_ended(int(folder.name)):
            found.append(content.decode(errors="replace"))
    return found


@pytest.mark.parametrize(
    ("pipeline", "parameters", "logs"),
    [
        pytest.param("retraining", ENDLESS, "Train/log.txt", id="training"),
        pytest.param("training", ENDLESS_SEARCH, "Tune/001/log.txt", id="trials"),
    ],
)
def test_ctrl_c_stops_the_execution_and_leaves_nothing_running(
    tmp_path: Path, images_dir: Path, pipeline: str, parameters: Mapping[str, str], logs: str
) -> None:
    """SIGINT ends the command with 1 and the command to go on with; no process is left."""
    root = tmp_path / "root"
    with _command(root, images_dir, pipeline=pipeline, parameters=parameters) as process:
        folder = _wait_for_epoch(process, root, 3, logs=logs)
        process.send_signal(signal.SIGINT)
        _, talk = process.communicate(timeout=SECONDS)
    assert process.returncode == 1, talk
    record = json.loads((folder / "execution.json").read_bytes())
    assert record["PipelineExecutionStatus"] == "Stopped"
    assert "Traceback" not in talk
    again = f"run {pipeline} --resume {folder.name} --root {root}"
    assert talk.endswith(f" s. {folder}\nGo on with 'pipelines {again}'.\n")
    assert _left_running(root) == []


def test_a_killed_training_resumes_to_the_same_artifact(
    machine: Machine, images_dir: Path, tmp_path: Path
) -> None:
    """After SIGKILL of the whole runner, `--resume` continues from the checkpoint, bit for bit."""
    whole, talk = machine.run("retraining", images_dir, **LONG)
    assert whole.status is Status.SUCCEEDED, talk
    root = tmp_path / "killed"
    with _command(root, images_dir) as process:
        folder = _wait_for_epoch(process, root, 10)
    assert _left_running(root) == []
    with _command(root, images_dir, "--resume", folder.name) as process:
        _, talk = process.communicate(timeout=2 * SECONDS)
    assert process.returncode == 0, talk
    log = (folder / "steps" / "Train" / "attempt-2" / "log.txt").read_text()
    assert "Resuming after epoch " in log
    [artifact] = root.glob("s3/**/output/model.tar.gz")
    assert artifact.read_bytes() == machine.artifact(whole).read_bytes()


def test_executions_at_once_share_a_root(tmp_path: Path, images_dir: Path) -> None:
    """Two commands in one fresh root both succeed, and register two versions."""
    root = tmp_path / "root"
    with (
        _command(root, images_dir, parameters=QUICK) as first,
        _command(root, images_dir, parameters={**QUICK, "Seed": "1"}) as second,
    ):
        talks = [process.communicate(timeout=2 * SECONDS)[1] for process in (first, second)]
        codes = [process.returncode for process in (first, second)]
    assert codes == [0, 0], talks
    packages = root / "model-packages" / "image-classification"
    versions = [json.loads(path.read_bytes()) for path in sorted(packages.glob("*.json"))]
    assert [package["ModelPackageVersion"] for package in versions] == [1, 2]
    seeds = {package["CustomerMetadataProperties"]["hyperparameter.seed"] for package in versions}
    assert seeds == {"0", "1"}
    assert len(list((root / "executions" / "retraining").iterdir())) == 2
