"""Tests of pipelines.local.events; pipelines.local.scheduler's have more of them."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pipelines.execution import Status, StepExecution
from pipelines.local.events import Event, Events
from pipelines.local.execution import LocalExecution

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_an_end_right_after_a_look_is_seen(tmp_path: Path) -> None:
    """A record that changes within one tick of the file system's clock is read again."""
    path = tmp_path / "executions" / "monitoring" / "01"
    path.mkdir(parents=True)
    failed = StepExecution(name="DriftDetected", type="Fail", status=Status.FAILED, started=NOON)
    running = LocalExecution(
        id="01",
        pipeline="monitoring",
        path=path,
        status=Status.EXECUTING,
        started=NOON,
        ended=None,
        parameters={},
        definition_digest="0123456",
        steps=(failed,),
    )
    events = Events(tmp_path, since=NOON)
    running.save()
    os.utime(path / "execution.json", ns=(0, 0))
    assert events.step_failures("monitoring", "DriftDetected") == []

    replace(running, status=Status.FAILED, ended=NOON).save()
    os.utime(path / "execution.json", ns=(0, 0))
    (event,) = events.step_failures("monitoring", "DriftDetected")
    assert event == Event(time=NOON, arn=running.arn)
