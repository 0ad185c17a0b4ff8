"""Tests of pipelines.local.history."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipelines.execution import Status, StepExecution
from pipelines.local.execution import LocalExecution, failed_job, hold
from pipelines.local.history import executions

START = datetime(2026, 11, 21, 9, tzinfo=UTC)


def execution(root: Path, **more: object) -> LocalExecution:
    """An execution with a step of every kind of ending."""
    path = root / "executions" / "training" / "a"
    path.mkdir(parents=True, exist_ok=True)
    steps = (
        StepExecution(
            name="Find",
            type="Lambda",
            status=Status.SUCCEEDED,
            started=START,
            ended=START + timedelta(seconds=1),
            attempts=1,
            cache_source="arn",
            metadata={"Lambda": {"Arn": "arn"}},
            summary="found",
        ),
        StepExecution(
            name="Train",
            type="Training",
            status=Status.FAILED,
            started=START,
            ended=START + timedelta(seconds=2),
            attempts=2,
            failure_reason="no",
            failed_job=failed_job(path / "steps" / "Train"),
        ),
        StepExecution(name="Evaluate", type="Processing", status=Status.SKIPPED),
    )
    recorded = LocalExecution(
        id="a",
        pipeline="training",
        path=path,
        status=Status.FAILED,
        started=START,
        ended=START + timedelta(seconds=3),
        parameters={"Epochs": 2, "LearningRate": 0.5, "Name": "x"},
        definition_digest="9c41d07",
        steps=steps,
        failure_reason="no",
    )
    return replace(recorded, **more)  # type: ignore[arg-type]


def test_an_execution_is_read_as_it_was_saved(tmp_path: Path) -> None:
    """Nothing of an execution's record is lost but the properties, which are not in it."""
    saved = execution(tmp_path)
    saved.save()
    [recorded] = executions(tmp_path)
    assert recorded.execution == saved
    assert recorded.document["PipelineExecutionArn"] == saved.arn
    assert (recorded.is_running, recorded.has_died) == (False, False)


def test_an_execution_without_its_process_has_died(tmp_path: Path) -> None:
    """As long as a process holds the lock, an execution runs."""
    saved = execution(tmp_path, status=Status.EXECUTING, ended=None)
    saved.save()
    [without_lock] = executions(tmp_path)
    with hold(saved.path):
        [running] = executions(tmp_path)
    [dead] = executions(tmp_path)
    assert without_lock.has_died
    assert (running.is_running, running.has_died) == (True, False)
    assert (dead.is_running, dead.has_died) == (False, True)
