"""Executions that are interrupted: nothing is left running, and what was done is not lost."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipelines.local.execution import Status
from tests.local.conftest import QUICK, Machine

pytestmark = pytest.mark.local

LONG = {**QUICK, "Epochs": "120", "Patience": "1000"}
"""Parameters under which Train takes some seconds on any machine."""


def _wait_until(is_true: Callable[[], bool], *, seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


@contextmanager
def _command(root: Path, images_dir: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """`pipelines run retraining` as a process; killed if the test fails."""
    settings = [word for name, value in LONG.items() for word in ("-p", f"{name}={value}")]
    command = [sys.executable, "-m", "pipelines", "run", "retraining", "--root", str(root)]
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


def _wait_for_epoch(root: Path, epoch: int) -> Path:
    """Wait until Train has reported an epoch; returns the execution's folder."""

    def is_reported() -> bool:
        logs = root.glob("executions/retraining/*/steps/Train/log.txt")
        return any(f"epoch={epoch} " in log.read_text() for log in logs)

    _wait_until(is_reported)
    [folder] = (root / "executions" / "retraining").iterdir()
    return folder


def _processes_naming(text: str) -> list[str]:
    """Commands and environments of running processes that hold a text."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            content = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:
            continue
        if text.encode() in content and folder.name != str(os.getpid()):
            found.append(content.decode(errors="replace"))
    return found


def test_ctrl_c_stops_the_execution_and_leaves_nothing_running(
    tmp_path: Path, images_dir: Path
) -> None:
    """SIGINT ends the command with 1, the record says Stopped, and no process is left."""
    root = tmp_path / "root"
    with _command(root, images_dir) as process:
        folder = _wait_for_epoch(root, 3)
        process.send_signal(signal.SIGINT)
        _, talk = process.communicate(timeout=30)
    assert process.returncode == 1, talk
    record = json.loads((folder / "execution.json").read_bytes())
    assert record["PipelineExecutionStatus"] == "Stopped"
    assert "Traceback" not in talk
    _wait_until(lambda: not _processes_naming(str(root)), seconds=5)


def test_a_killed_training_resumes_to_the_same_artifact(
    machine: Machine, images_dir: Path, tmp_path: Path
) -> None:
    """After SIGKILL of the whole runner, `--resume` continues from the checkpoint, bit for bit."""
    whole, talk = machine.run("retraining", images_dir, **LONG)
    assert whole.status is Status.SUCCEEDED, talk
    root = tmp_path / "killed"
    with _command(root, images_dir) as process:
        folder = _wait_for_epoch(root, 10)
    _wait_until(lambda: not _processes_naming(str(root)), seconds=10)
    with _command(root, images_dir, "--resume", folder.name) as process:
        _, talk = process.communicate(timeout=120)
    assert process.returncode == 0, talk
    log = (folder / "steps" / "Train" / "attempt-2" / "log.txt").read_text()
    assert "Resuming after epoch " in log
    [artifact] = root.glob("s3/**/output/model.tar.gz")
    assert artifact.read_bytes() == machine.artifact(whole).read_bytes()
