"""Tests of pipelines.local.execution."""

import secrets
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.execution import Status, StepExecution
from pipelines.local.execution import create_folder

NOW = datetime(2026, 11, 21, 10, 4, 5, tzinfo=UTC)


def test_ids_are_unique_also_within_one_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The id is the time and a number that no other execution has."""
    numbers = iter(["3f2a", "3f2a", "0b1c"])
    monkeypatch.setattr(secrets, "token_hex", lambda _: next(numbers))

    folders = [create_folder(tmp_path, "training", now=NOW) for _ in range(2)]

    assert folders == [
        tmp_path / "executions" / "training" / name
        for name in ("20261121-100405-3f2a", "20261121-100405-0b1c")
    ]


def test_a_step_that_has_not_ended_has_no_duration() -> None:
    """Seconds need both ends."""
    step = StepExecution(name="S", type="Fail", status=Status.EXECUTING, started=NOW)

    assert step.seconds is None
