"""Reads executions back from their records, those that still run and those that died too."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines.definition import Json
from pipelines.execution import FailedJob, Status, StepExecution
from pipelines.local.execution import LOCK_FILE, LocalExecution
from pipelines.local.locks import is_locked


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """An execution and its record."""

    execution: LocalExecution
    """The execution; its steps are without properties, which the record does not hold."""
    document: Mapping[str, Json]
    """Content of `execution.json`."""
    is_running: bool
    """Whether a process runs it."""

    @property
    def has_died(self) -> bool:
        """Whether its process ended before it did."""
        return self.execution.status is Status.EXECUTING and not self.is_running


def executions(root: Path, *, pipeline: str = "*") -> list[Recorded]:
    """All executions, of all pipelines or of one, newest first."""
    paths = (root.resolve() / "executions").glob(f"{pipeline}/*/execution.json")
    found = [read_execution(path) for path in paths]
    return sorted(found, key=lambda recorded: recorded.execution.started, reverse=True)


def read_execution(path: Path) -> Recorded:
    """The execution whose `execution.json` this is."""
    # Asked first: an execution that ends meanwhile has not died.
    is_running = is_locked(path.parent / LOCK_FILE)
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    execution = LocalExecution(
        id=path.parent.name,
        pipeline=record["PipelineName"],
        path=path.parent,
        status=Status(record["PipelineExecutionStatus"]),
        started=datetime.fromisoformat(record["StartTime"]),
        ended=_time(record.get("EndTime")),
        parameters={item["Name"]: item["Value"] for item in record["PipelineParameters"]},
        definition_digest=record["DefinitionDigest"],
        steps=tuple(map(_step, record["PipelineExecutionSteps"])),
        failure_reason=record.get("FailureReason"),
    )
    return Recorded(execution=execution, document=record, is_running=is_running)


def _step(record: Mapping[str, Any]) -> StepExecution:
    job = record.get("FailedJob")
    return StepExecution(
        name=record["StepName"],
        type=record["StepType"],
        status=Status(record["StepStatus"]),
        started=_time(record.get("StartTime")),
        ended=_time(record.get("EndTime")),
        attempts=record["AttemptCount"],
        cache_source=record.get("CacheHitResult", {}).get("SourcePipelineExecutionArn"),
        failure_reason=record.get("FailureReason"),
        metadata=record["Metadata"],
        summary=record["Summary"],
        failed_job=_job(job) if job else None,
    )


def _job(record: Mapping[str, Any]) -> FailedJob:
    return FailedJob(
        name=record["Name"],
        log=record["Log"],
        log_lines=tuple(record["LogLines"]),
        repeat=record["Repeat"],
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
