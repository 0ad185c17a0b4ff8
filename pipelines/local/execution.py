"""What one execution of a pipeline came to, and its record on disk.

The record is `<root>/executions/<pipeline>/<id>/execution.json`, in the words of
DescribePipelineExecution and ListPipelineExecutionSteps; beside it stand `definition.json` and one
folder per step.
"""

import json
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from pipelines.definition import Json
from pipelines.local.errors import ResumeError, choices
from pipelines.local.files import write_json
from pipelines.local.jobs.machine import arn
from pipelines.local.locks import locked

LOCK_FILE = "lock"
"""In the folder of an execution: locked as long as a process runs it."""


class Status(StrEnum):
    """Status of an execution or of a step."""

    EXECUTING = "Executing"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    STOPPED = "Stopped"
    COMPLETED_WITH_FAILURES = "CompletedWithFailures"
    """Of an execution alone: every step that failed had a step that ran because of it."""
    SKIPPED = "Skipped"
    """Of a step alone: it did not run, for its branch was not taken or an earlier step failed.

    The service does not list such steps.
    """


@dataclass(frozen=True, kw_only=True, slots=True)
class StepExecution:
    """One step of an execution."""

    name: str
    type: str
    """Step type, for example `Processing`."""
    status: Status
    started: datetime | None = None
    ended: datetime | None = None
    attempts: int = 0
    cache_source: str | None = None
    """ARN of the execution whose result stood in for running the step."""
    failure_reason: str | None = None
    metadata: Mapping[str, Json] = field(default_factory=dict)
    """As the member Metadata of PipelineExecutionStep."""
    properties: Mapping[str, Json] = field(default_factory=dict)
    """What later steps can refer to: the response that describes the job."""
    summary: str = ""
    """The step's result in a few words, for a person."""
    job_dir: Path | None = None
    """Folder of the job that failed, with `log.txt` and `repeat.sh`; None without one."""

    @property
    def is_cache_hit(self) -> bool:
        """Whether an earlier result stood in for running the step."""
        return self.cache_source is not None

    @property
    def seconds(self) -> float | None:
        """Wall time from start to end; None for a step that has not both."""
        if self.started is None or self.ended is None:
            return None
        return (self.ended - self.started).total_seconds()

    def to_json(self) -> dict[str, Json]:
        """The step as an element of PipelineExecutionSteps."""
        step: dict[str, Json] = {
            "StepName": self.name,
            "StepType": self.type,
            "StepStatus": str(self.status),
            "AttemptCount": self.attempts,
            "Metadata": self.metadata,
            "Summary": self.summary,
        }
        optional = {
            "StartTime": self.started and self.started.isoformat(),
            "EndTime": self.ended and self.ended.isoformat(),
            "FailureReason": self.failure_reason,
            "CacheHitResult": self.cache_source
            and {"SourcePipelineExecutionArn": self.cache_source},
            "JobDirectory": self.job_dir and str(self.job_dir),
        }
        return {**step, **{name: value for name, value in optional.items() if value}}


@dataclass(frozen=True, kw_only=True, slots=True)
class Execution:
    """One execution of a pipeline on this machine."""

    id: str
    pipeline: str
    path: Path
    """The execution's folder."""
    status: Status
    started: datetime
    ended: datetime | None
    parameters: Mapping[str, Json]
    """Values of all pipeline parameters."""
    definition_digest: str
    """First digits of the SHA-256 of the definition."""
    steps: tuple[StepExecution, ...]
    """Every step of the definition, in document order."""
    failure_reason: str | None = None

    @property
    def arn(self) -> str:
        """The execution's ARN."""
        return execution_arn(self.pipeline, self.id)

    @property
    def seconds(self) -> float:
        """Wall time from start to end; 0 before the end."""
        return (self.ended - self.started).total_seconds() if self.ended else 0.0

    def step(self, name: str) -> StepExecution:
        """The step with this name.

        Raises:
            KeyError: There is none.
        """
        return {step.name: step for step in self.steps}[name]

    def save(self) -> None:
        """Write `execution.json`, whole or not at all."""
        record = {
            "PipelineName": self.pipeline,
            "PipelineArn": pipeline_arn(self.pipeline),
            "PipelineExecutionArn": self.arn,
            "PipelineExecutionStatus": str(self.status),
            "DefinitionDigest": self.definition_digest,
            "StartTime": self.started.isoformat(),
            "EndTime": self.ended and self.ended.isoformat(),
            "FailureReason": self.failure_reason,
            "PipelineParameters": [
                {"Name": name, "Value": value} for name, value in sorted(self.parameters.items())
            ],
            "PipelineExecutionSteps": [step.to_json() for step in self.steps],
        }
        write_json(
            self.path / "execution.json",
            {name: value for name, value in record.items() if value is not None},
        )


def utc_now() -> datetime:
    """The present, in UTC."""
    return datetime.fromtimestamp(time.time(), UTC)


def pipeline_arn(pipeline: str) -> str:
    """ARN of a pipeline on this machine."""
    return arn(f"pipeline/{pipeline.lower()}")


def execution_arn(pipeline: str, execution_id: str) -> str:
    """ARN of an execution on this machine."""
    return f"{pipeline_arn(pipeline)}/execution/{execution_id}"


def create_folder(root: Path, pipeline: str, *, now: datetime) -> Path:
    """Make the folder of a new execution; its name is the id, which no other execution has."""
    parent = root.resolve() / "executions" / pipeline
    parent.mkdir(parents=True, exist_ok=True)
    while True:
        path = parent / f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Keep others from resuming an execution while it runs; the lock ends with this process.

    Raises:
        ResumeError: The execution runs in another process.
    """
    with locked(path / LOCK_FILE) as lock:
        if lock is None:
            raise ResumeError(
                f"Execution '{path.name}' is running in another process; wait for its end."
            )
        yield


@dataclass(frozen=True, kw_only=True, slots=True)
class Earlier:
    """What an execution to resume left behind."""

    path: Path
    parameters: Mapping[str, str]
    """Values of the pipeline parameters, as text."""
    attempts: Mapping[str, int]
    """Attempts of each step so far."""
    results: Mapping[str, Mapping[str, Json]]
    """Of each step that succeeded: Arguments, Properties, Metadata and Summary."""


def load_earlier(root: Path, pipeline: str, execution_id: str) -> Earlier:
    """Read the record of an execution to resume.

    Raises:
        ResumeError: There is no such execution, or it succeeded.
    """
    parent = root.resolve() / "executions" / pipeline
    path = parent / execution_id
    if not (path / "execution.json").is_file():
        known = [folder.name for folder in parent.iterdir()] if parent.is_dir() else []
        raise ResumeError(
            f"Pipeline '{pipeline}' has no execution '{execution_id}' to resume. "
            f"Executions: {choices(known)}."
        )
    record = _read(path / "execution.json")
    if record["PipelineExecutionStatus"] == Status.SUCCEEDED:
        raise ResumeError(
            f"Execution '{execution_id}' of pipeline '{pipeline}' has succeeded; "
            "there is nothing to resume."
        )
    results = {}
    for step in record["PipelineExecutionSteps"]:
        result = path / "steps" / step["StepName"] / "result.json"
        if step["StepStatus"] == Status.SUCCEEDED and result.is_file():
            results[step["StepName"]] = _read(result)
    return Earlier(
        path=path,
        parameters={item["Name"]: str(item["Value"]) for item in record["PipelineParameters"]},
        attempts={
            step["StepName"]: step["AttemptCount"] for step in record["PipelineExecutionSteps"]
        },
        results=results,
    )


def _read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def first_failure(steps: Sequence[StepExecution]) -> StepExecution | None:
    """The step that failed, the first in document order; None if none did."""
    return next((step for step in steps if step.status is Status.FAILED), None)
