"""The record of an execution on this machine, and how it is resumed.

The record is `<root>/executions/<pipeline>/<id>/execution.json`, in the words of
DescribePipelineExecution and ListPipelineExecutionSteps; beside it stand `definition.json` and one
folder per step.
"""

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines.definition import Json
from pipelines.execution import NUM_LOG_LINES, Execution, FailedJob, Status
from pipelines.local.errors import ResumeError, choices
from pipelines.local.files import write_json
from pipelines.local.jobs.machine import arn
from pipelines.local.locks import locked

LOCK_FILE = "lock"
"""In the folder of an execution: locked as long as a process runs it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalExecution(Execution):
    """One execution of a pipeline on this machine."""

    path: Path
    """The execution's folder."""

    @property
    def arn(self) -> str:
        """The execution's ARN."""
        return execution_arn(self.pipeline, self.id)

    @property
    def place(self) -> str:
        """The execution's folder."""
        return str(self.path)

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


def failed_job(job_dir: Path) -> FailedJob:
    """The job that failed in a folder with `log.txt` and `repeat.sh`."""
    log = job_dir / "log.txt"
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    return FailedJob(
        name=str(job_dir),
        log=str(log),
        log_lines=tuple(text.splitlines()[-NUM_LOG_LINES:]),
        repeat=f"sh {job_dir / 'repeat.sh'}",
    )


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
