"""Leaves the records of executions."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipelines.execution import Status, StepExecution
from pipelines.local.execution import LocalExecution

START = datetime(2026, 11, 21, 9, tzinfo=UTC)
ARN = "arn:aws:sagemaker:local-machine:000000000000:pipeline"


def record(
    root: Path, pipeline: str, number: int, status: Status, *steps: StepExecution
) -> LocalExecution:
    """Leave the record of an execution that was started so many hours after START."""
    path = root / "executions" / pipeline / str(number)
    path.mkdir(parents=True)
    execution = LocalExecution(
        id=path.name,
        pipeline=pipeline,
        path=path,
        status=status,
        started=START + timedelta(hours=number),
        ended=None,
        parameters={},
        definition_digest="0123456",
        steps=steps,
    )
    execution.save()
    return execution
