"""The command `scheduler`: runs what is due on this machine, and ends cleanly."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import pipelines.run
import pipelines.summary
from pipelines.cli import main
from pipelines.definition import DefinitionError
from pipelines.execution import Status, utc_now
from pipelines.local.execution import LocalExecution
from pipelines.local.locks import locked
from pipelines.local.registry import ApprovalStatus, Registry
from steps.errors import DeclarationError
from tests.waiting import SECONDS

NEVER = "cron(0 0 1 1 ? 2020)"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Mapping[str, Any]]:
    """What pipelines were run with; each execution has the status that `end` says."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SITE_MONITORING_SCHEDULE", NEVER)
    monkeypatch.setenv("SITE_RETRAINING_SCHEDULE", "rate(7 days)")
    monkeypatch.setattr(pipelines.summary, "print_figures", lambda *_: None)
    made: list[Mapping[str, Any]] = []
    end(monkeypatch, made, Status.SUCCEEDED)
    return made


def end(
    monkeypatch: pytest.MonkeyPatch, made: list[Mapping[str, Any]], result: Status | Exception
) -> None:
    """Let executions end like this, or not start."""

    def run_pipeline(name: str, _site: object, **options: Any) -> LocalExecution:
        made.append({"name": name, **options})
        if isinstance(result, Exception):
            raise result
        return LocalExecution(
            id="20261121-090000-abcd",
            pipeline=name,
            path=Path("executions") / name / "20261121-090000-abcd",
            status=result,
            started=datetime(2026, 11, 21, 9, tzinfo=UTC),
            ended=datetime(2026, 11, 21, 10, tzinfo=UTC),
            parameters={},
            definition_digest="0123456",
            steps=(),
        )

    monkeypatch.setattr(pipelines.run, "run_pipeline", run_pipeline)


def test_what_is_due_runs_once(
    calls: list[Mapping[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Standard output has the folder of each execution; a second call has nothing to do."""
    assert main(["scheduler", "--once"]) == 0
    assert main(["scheduler", "--once"]) == 0

    captured = capsys.readouterr()
    assert captured.out == "executions/retraining/20261121-090000-abcd\n"
    assert f"monitoring: {NEVER}, never again\n" in captured.err
    assert calls == [
        {"name": "retraining", "parameters": {}, "root": Path(".local"), "images_dir": None}
    ]


def test_images_are_what_is_trained_on(calls: list[Mapping[str, Any]], tmp_path: Path) -> None:
    """The folder is used by the pipelines that train."""
    assert main(["scheduler", "--once", "--images", str(tmp_path)]) == 0
    assert calls[0]["images_dir"] == tmp_path


def test_images_go_before_those_of_the_approved_model(
    calls: list[Mapping[str, Any]], tmp_path: Path
) -> None:
    """A folder on the command line replaces the one that is known; all else is repeated."""
    registry = Registry(Path(".local"))
    metadata = {"raw_data_uri": "s3://bucket/pictures/", "hyperparameter.learning_rate": "0.003"}
    package = registry.register(
        {
            "ModelPackageGroupName": "image-classification",
            "CustomerMetadataProperties": metadata,
        },
        now=utc_now(),
    )
    registry.set_approval(
        package["ModelPackageArn"], ApprovalStatus.APPROVED, description="", now=utc_now()
    )
    assert main(["scheduler", "--once", "--images", str(tmp_path)]) == 0
    (call,) = [call for call in calls if call["name"] == "retraining"]
    assert (call["parameters"], call["images_dir"]) == ({"LearningRate": "0.003"}, tmp_path)


def test_a_pipeline_that_reads_no_folder_gets_none(
    calls: list[Mapping[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Monitoring has images of its own."""
    monkeypatch.setenv("SITE_MONITORING_SCHEDULE", "rate(1 hour)")
    monkeypatch.setenv("SITE_RETRAINING_SCHEDULE", "off")
    assert main(["scheduler", "--once", "--images", str(tmp_path)]) == 0
    assert [(call["name"], call["images_dir"]) for call in calls] == [("monitoring", None)]


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (Status.FAILED, ""),
        (DeclarationError("It is not declared."), "was not started: It is not declared."),
        (DefinitionError({"retraining": []}), "was not started: "),
    ],
)
def test_a_failure_is_told_and_is_the_exit_code(
    calls: list[Mapping[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    result: Status | Exception,
    words: str,
) -> None:
    """An execution that fails, or cannot start, makes `--once` exit with 1."""
    end(monkeypatch, calls, result)
    assert main(["scheduler", "--once"]) == 1
    assert words in capsys.readouterr().err


def test_an_execution_that_is_stopped_ends_it(
    calls: list[Mapping[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Ctrl-C while an execution runs stops both; the last lines say how to go on."""
    end(monkeypatch, calls, Status.STOPPED)
    assert main(["scheduler"]) == 0
    assert capsys.readouterr().err.endswith(
        "Go on with 'pipelines run retraining --resume 20261121-090000-abcd'.\n"
        "The scheduler has ended.\n"
    )


@pytest.mark.usefixtures("calls")
def test_a_folder_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing begins with a folder of images that is not there."""
    assert main(["scheduler", "--images", "nowhere"]) == 2
    assert capsys.readouterr().err == "pipelines: 'nowhere' is not a folder of images.\n"


@pytest.mark.usefixtures("calls")
def test_a_second_scheduler_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Two under one root would start everything twice."""
    directory = tmp_path / ".local" / "scheduler"
    directory.mkdir(parents=True)
    with locked(directory / "lock"):
        assert main(["scheduler"]) == 2
    assert capsys.readouterr().err == (
        "pipelines: Another scheduler runs under '.local'; end it, or name another root.\n"
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("words", [[], ["--once"]])
def test_a_signal_ends_it(tmp_path: Path, number: signal.Signals, words: list[str]) -> None:
    """Between executions it ends at once: as a person wants it to, or interrupted in its work."""
    program = (
        "import os, signal, sys\n"
        "from pipelines.cli import main\n"
        "from pipelines.local.scheduler import Scheduler\n"
        "number, *words = sys.argv[1:]\n"
        "wait = lambda self, *, is_once: os.kill(os.getpid(), int(number)) or signal.pause()\n"
        "Scheduler.run = wait\n"
        "sys.exit(main(['scheduler', *words]))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, str(int(number)), *words],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    if words:
        assert (result.returncode, result.stderr) == (130, "pipelines: Interrupted.\n")
    else:
        assert (result.returncode, result.stderr) == (0, "\nThe scheduler has ended.\n")
