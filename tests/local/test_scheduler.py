"""The command `scheduler`, over whole executions of this machine."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pipelines.cli import main
from pipelines.execution import Status, StepExecution, utc_now
from pipelines.local.history import Recorded, executions
from tests.local.conftest import QUICK
from tests.waiting import SECONDS, wait_until

pytestmark = pytest.mark.local

SETTINGS = [word for name, value in QUICK.items() for word in ("-p", f"{name}={value}")]


def parameters(recorded: Recorded) -> dict[str, Any]:
    """The parameters that an execution ran with."""
    return dict(recorded.execution.parameters)


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_an_approval_deploys_and_drift_trains_anew(
    tmp_path: Path, images_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package that is approved is deployed; drift repeats its training on the same folder."""
    monkeypatch.setenv("SITE_MONITORING_SCHEDULE", "off")
    monkeypatch.setenv("SITE_RETRAINING_SCHEDULE", "off")
    root = ["--root", str(tmp_path)]
    assert main(["scheduler", "--once", *root]) == 0
    train = ["run", "retraining", "--images", str(images_dir), *SETTINGS, "-p", "Seed=7"]
    assert main([*train, *root]) == 0
    assert main(["approve", "latest", *root]) == 0

    try:
        assert main(["scheduler", "--once", *root]) == 0
        (deployment,) = executions(tmp_path, pipeline="deployment")
        assert deployment.execution.status is Status.SUCCEEDED
        package = (
            "arn:aws:sagemaker:local-machine:000000000000:model-package/image-classification/1"
        )
        assert parameters(deployment)["ModelPackageArn"] == package
    finally:
        assert main(["endpoints", "stop", "--all", *root]) == 0

    (first,) = executions(tmp_path, pipeline="retraining")
    _forget_start(first)
    _leave_drift(tmp_path)
    main(["scheduler", "--once", *root])
    second, _ = executions(tmp_path, pipeline="retraining")
    repeated = ("Epochs", "ImageSize", "LearningRate", "RawDataUri", "Seed")
    assert {name: parameters(second)[name] for name in repeated} == {
        name: parameters(first)[name] for name in repeated
    }
    assert second.execution.step("Evaluate").status is Status.SUCCEEDED


def _forget_start(recorded: Recorded) -> None:
    """Let an execution have been started two days ago, before the cool-down."""
    path = recorded.execution.path / "execution.json"
    document = {**recorded.document, "StartTime": "2026-01-01T00:00:00+00:00"}
    path.write_text(json.dumps(document), encoding="utf-8")


def _leave_drift(root: Path) -> None:
    """Leave the record of a monitoring execution that found drift now."""
    (deployment,) = executions(root, pipeline="deployment")
    path = root / "executions" / "monitoring" / "drifted"
    path.mkdir(parents=True)
    failed = StepExecution(
        name="DriftDetected",
        type="Fail",
        status=Status.FAILED,
        started=utc_now(),
        metadata={"Fail": {"ErrorMessage": "Violations: data 1. The worst"}},
    )
    replace(
        deployment.execution,
        id=path.name,
        pipeline="monitoring",
        path=path,
        status=Status.FAILED,
        ended=utc_now(),
        steps=(failed,),
    ).save()


@pytest.fixture
def large_images_dir(tmp_path: Path) -> Path:
    """So many images, and so large, that it takes minutes to decode them."""
    image = tmp_path / "large.png"
    Image.new("1", (4000, 4000)).save(image)
    for label in ("green", "red"):
        folder = tmp_path / "large" / label
        folder.mkdir(parents=True)
        for number in range(500):
            (folder / f"{number}.png").hardlink_to(image)
    return tmp_path / "large"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_execution_too(
    tmp_path: Path, large_images_dir: Path, number: signal.Signals
) -> None:
    """Ctrl-C while an execution runs leaves it Stopped, and no process behind."""
    environ = {
        **os.environ,
        "SITE_MONITORING_SCHEDULE": "off",
        "SITE_RETRAINING_SCHEDULE": "rate(7 days)",
    }
    words = ["scheduler", "--images", str(large_images_dir), "--root", str(tmp_path)]
    process = subprocess.Popen(
        [sys.executable, "-m", "pipelines", *words],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until(lambda: executions(tmp_path) or process.poll() is not None)
        assert process.returncode is None
        process.send_signal(number)
        out, err = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
        process.wait()
    (stopped,) = executions(tmp_path)
    assert process.returncode == 0
    assert stopped.execution.status is Status.STOPPED
    assert not stopped.is_running
    assert out == f"{stopped.execution.path}\n"
    words = f"run retraining --resume {stopped.execution.id} --root {tmp_path}"
    assert err.endswith(f"Go on with 'pipelines {words}'.\nThe scheduler has ended.\n")
