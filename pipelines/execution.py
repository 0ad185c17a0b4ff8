"""What an execution of a pipeline came to, wherever it ran, in the words of the service."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from pipelines.definition import Json
from pipelines.diagnosis import Diagnosis, diagnose

NUM_LOG_LINES = 100
"""How many of the last lines of a failed job's log are kept."""


class Status(StrEnum):
    """Status of an execution or of a step."""

    STARTING = "Starting"
    """Of a step alone."""
    EXECUTING = "Executing"
    STOPPING = "Stopping"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    STOPPED = "Stopped"
    COMPLETED_WITH_FAILURES = "CompletedWithFailures"
    """Of an execution alone: every step that failed had a step that ran because of it."""
    SKIPPED = "Skipped"
    """Of a step alone: it did not run, for its branch was not taken or an earlier step failed.

    The service does not list such steps.
    """

    @property
    def is_under_way(self) -> bool:
        """Whether it will change by itself."""
        return self in {Status.STARTING, Status.EXECUTING, Status.STOPPING}


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedJob:
    """The job of a step that failed: where somebody looks for the cause."""

    name: str
    """Its name; on this machine, its folder."""
    reason: str = ""
    """Its failure reason, where that says more than the step's."""
    log: str = ""
    """Where its log is; empty where it has none."""
    log_lines: tuple[str, ...] = ()
    """The last lines of the log."""
    note: str = ""
    """Why there are no lines, as a sentence."""
    repeat: str = ""
    """A command that runs it again, alone."""

    def to_json(self) -> dict[str, Json]:
        """The job as a member of a step's document."""
        return {
            "Name": self.name,
            "FailureReason": self.reason,
            "Log": self.log,
            "LogLines": list(self.log_lines),
            "Note": self.note,
            "Repeat": self.repeat,
        }


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
    reference: str | None = None
    """ARN of the execution whose result a selective execution takes for a step it leaves out."""
    failure_reason: str | None = None
    metadata: Mapping[str, Json] = field(default_factory=dict)
    """As the member Metadata of PipelineExecutionStep."""
    properties: Mapping[str, Json] = field(default_factory=dict)
    """What later steps can refer to: the response that describes the job."""
    summary: str = ""
    """The step's result in a few words, for a person."""
    failed_job: FailedJob | None = None
    """The job that failed; None without one."""

    @property
    def failure(self) -> str:
        """That it failed, and why, in words; of a step that did."""
        return f"Step '{self.name}' failed: {self.failure_reason}"

    @property
    def is_cache_hit(self) -> bool:
        """Whether an earlier result stood in for running the step."""
        return self.cache_source is not None

    @property
    def diagnosis(self) -> Diagnosis | None:
        """What made it fail; None if it did not, or the cause is not known."""
        if self.failure_reason is None or self.type == "Fail":
            return None
        job = self.failed_job
        reasons = (self.failure_reason, job.reason if job else "")
        return diagnose("\n".join(reasons), job.log_lines if job else ())

    @property
    def seconds(self) -> float | None:
        """Wall time from start to end; None for a step that has not both."""
        if self.started is None or self.ended is None:
            return None
        return (self.ended - self.started).total_seconds()

    def to_json(self) -> dict[str, Json]:
        """The step as an element of PipelineExecutionSteps, and why it failed."""
        diagnosis = self.diagnosis
        optional: dict[str, Json] = {
            "StartTime": self.started and self.started.isoformat(),
            "EndTime": self.ended and self.ended.isoformat(),
            "FailureReason": self.failure_reason,
            "CacheHitResult": _source(self.cache_source),
            "SelectiveExecutionResult": _source(self.reference),
            "FailedJob": self.failed_job and self.failed_job.to_json(),
            "Diagnosis": diagnosis and {"Cause": diagnosis.cause, "Advice": diagnosis.advice},
        }
        return {
            "StepName": self.name,
            "StepType": self.type,
            "StepStatus": str(self.status),
            "AttemptCount": self.attempts,
            "Metadata": self.metadata,
            "Summary": self.summary,
            **{name: value for name, value in optional.items() if value},
        }


def _source(arn: str | None) -> Json:
    return arn and {"SourcePipelineExecutionArn": arn}


@dataclass(frozen=True, kw_only=True, slots=True)
class Execution:
    """One execution of a pipeline."""

    id: str
    pipeline: str
    """Name of the pipeline."""
    status: Status
    started: datetime
    ended: datetime | None
    parameters: Mapping[str, Json]
    """Values of the pipeline parameters."""
    definition_digest: str
    """First digits of the SHA-256 of the definition."""
    steps: tuple[StepExecution, ...]
    """Every step of the definition, in document order."""
    failure_reason: str | None = None

    @property
    def diagnosis(self) -> Diagnosis | None:
        """What made it fail where no step did; None otherwise, or if the cause is not known."""
        if self.failure_reason is None or first_failure(self.steps) is not None:
            return None
        return diagnose(self.failure_reason)

    @property
    def place(self) -> str:
        """Where a person finds it, for the last line about it; empty where the id says it."""
        return ""

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


def utc_now() -> datetime:
    """The present, in UTC."""
    return datetime.fromtimestamp(time.time(), UTC)


def first_failure(steps: Sequence[StepExecution]) -> StepExecution | None:
    """The step that failed, the first in document order; None if none did."""
    return next((step for step in steps if step.status is Status.FAILED), None)
