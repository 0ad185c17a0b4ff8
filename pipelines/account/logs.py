"""Finds the job behind a step that failed: why the service says it did, and the end of its log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pipelines.account.clients import Clients
from pipelines.account.errors import AccountError, code, explained, without_account
from pipelines.execution import NUM_LOG_LINES, FailedJob, StepExecution
from pipelines.log_groups import JOBS, endpoint_group, function_group, job_group

_KINDS = (*(f"{step_type}Job" for step_type in JOBS), "Endpoint", "Lambda")
"""Members of a step's metadata that name what writes a log."""
_ENDED_BY_LIMIT = frozenset({"Interrupted", "MaxRuntimeExceeded", "MaxWaitTimeExceeded"})
"""Secondary statuses of a training job that was stopped, and has no failure reason.

Source: Amazon SageMaker AI API Reference, DescribeTrainingJob, SecondaryStatus,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html
"""
_ABSENT = "ResourceNotFoundException"
_NUM_STREAMS = 50
"""Of so many instances of a job the log is looked for."""
_RECORDS = "/data-log"
"""The end of the name of a stream that a transform job writes beside that of its container."""
_MAX_EVENTS = 1_000
_DELAY = timedelta(minutes=1)
"""A function's last lines may be stamped after its step has ended."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Job:
    """A job, or what else a step calls."""

    kind: str
    """Member of the step's metadata that names it."""
    name: str
    reason: str = ""

    @property
    def group(self) -> str:
        """Its log group."""
        match self.kind:
            case "Endpoint":
                return endpoint_group(self.name)
            case "Lambda":
                return function_group(self.name)
        return job_group(self.kind.removesuffix("Job"))

    @property
    def prefix(self) -> str:
        """What the names of its log streams begin with."""
        if self.kind == "TuningJob":  # It is in the names of its training jobs.
            return f"{self.name}-"
        return f"{self.name}/" if self.kind.endswith("Job") else ""


def failed_job(step: StepExecution, clients: Clients) -> FailedJob | None:
    """The job of a step that failed.

    What cannot be read, because it is not there or not allowed, is said in the job's note.

    Args:
        step: The step.
        clients: Clients of its account.

    Returns:
        The job; None for a step that starts none, or failed before it did.
    """
    kind = next((kind for kind in _KINDS if "Arn" in step.metadata.get(kind, {})), None)
    if kind is None:
        return None
    arn = str(step.metadata[kind]["Arn"])
    name = arn.split(":")[6] if kind == "Lambda" else arn.rpartition("/")[2]
    job = _Job(kind=kind, name=name)
    notes = []
    try:
        with explained():
            job = _described(job, clients.sagemaker)
    except AccountError as error:
        notes.append(str(error))
    place: str = job.group
    lines: tuple[str, ...] = ()
    try:
        with explained():
            place, lines = _read(job, step, clients.logs)
    except AccountError as error:
        notes.append(str(error))
    if not lines and not notes:
        notes.append(f"There is no log in '{place}'.")
    return FailedJob(
        name=job.name,
        reason="" if job.reason in (step.failure_reason or "") else job.reason,
        log=place,
        log_lines=lines,
        note=" ".join(notes),
    )


def _described(job: _Job, sagemaker: Any) -> _Job:
    """A job with its failure reason; of a tuning job, the training job that failed.

    Its name is the one that the answer gives: an ARN may have it in small letters only, which the
    service takes for the same, and CloudWatch Logs for another.

    Source: Amazon SageMaker AI Developer Guide, "Run a pipeline", the output of list_steps,
    https://docs.aws.amazon.com/sagemaker/latest/dg/run-pipeline.html
    """
    name = job.name
    match job.kind:
        case "ProcessingJob":
            answer = sagemaker.describe_processing_job(ProcessingJobName=name)
            name = answer["ProcessingJobName"]
        case "TrainingJob":
            answer = sagemaker.describe_training_job(TrainingJobName=name)
            name = answer["TrainingJobName"]
        case "TransformJob":
            answer = sagemaker.describe_transform_job(TransformJobName=name)
            name = answer["TransformJobName"]
        case "TuningJob":
            tuning = {"HyperParameterTuningJobName": name}
            answer = sagemaker.describe_hyper_parameter_tuning_job(**tuning)
            name = answer["HyperParameterTuningJobName"]
            failed = sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(
                **tuning, StatusEquals="Failed", MaxResults=1
            )["TrainingJobSummaries"]
            if failed:
                return _Job(
                    kind="TrainingJob",
                    name=failed[0]["TrainingJobName"],
                    reason=without_account(failed[0].get("FailureReason", "")),
                )
        case "Endpoint":
            answer = sagemaker.describe_endpoint(EndpointName=name)
            name = answer["EndpointName"]
        case _:  # A function's call is over, and its step has said why it failed.
            answer = {}
    reason = without_account(answer.get("FailureReason", ""))
    secondary = answer.get("SecondaryStatus")
    if not reason and secondary in _ENDED_BY_LIMIT:
        message = answer["SecondaryStatusTransitions"][-1].get("StatusMessage", "")
        reason = f"{secondary}: {message}"
    return _Job(kind=job.kind, name=name, reason=reason)


def _read(job: _Job, step: StepExecution, logs: Any) -> tuple[str, tuple[str, ...]]:
    """Where the log of a job is, and its last lines; no lines where there is none."""
    from botocore.exceptions import ClientError

    try:
        if job.kind == "Lambda":
            return job.group, _during(step, job.group, logs)
        return _newest_stream(job, logs)
    except ClientError as error:
        if code(error) != _ABSENT:
            raise
        return job.group, ()


def _newest_stream(job: _Job, logs: Any) -> tuple[str, tuple[str, ...]]:
    """The end of the stream that was written to last: what ends a job is said last."""
    request: dict[str, Any] = {"logGroupName": job.group, "limit": _NUM_STREAMS}
    if job.prefix:
        request["logStreamNamePrefix"] = job.prefix
    else:
        request |= {"orderBy": "LastEventTime", "descending": True}
    found = logs.describe_log_streams(**request)["logStreams"]
    streams = [stream for stream in found if not stream["logStreamName"].endswith(_RECORDS)]
    if not streams:
        return job.group, ()
    name = max(streams, key=_last_known)["logStreamName"]
    events = logs.get_log_events(
        logGroupName=job.group, logStreamName=name, limit=NUM_LOG_LINES, startFromHead=False
    )["events"]
    return f"{job.group}/{name}", _lines(events)


def _last_known(stream: Mapping[str, Any]) -> tuple[int, int]:
    """When a stream was written to last, in milliseconds, as far as CloudWatch knows.

    It may learn of events up to an hour late, and of a new stream at once: the stream of a job that
    began anew, after its spot instance was taken back, is newer than what is known of the old one.

    Source: Amazon CloudWatch Logs API Reference, LogStream,
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogStream.html
    """
    written = int(stream.get("lastEventTimestamp", 0))
    return max(written, int(stream.get("creationTime", 0))), written


def _during(step: StepExecution, group: str, logs: Any) -> tuple[str, ...]:
    """The last lines that were written while a step ran: its streams do not name it."""
    if step.started is None or step.ended is None:
        return ()
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group,
        startTime=_milliseconds(step.started),
        endTime=_milliseconds(step.ended + _DELAY),
        PaginationConfig={"MaxItems": _MAX_EVENTS},
    )
    return _lines([event for page in pages for event in page["events"]])


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)


def _lines(events: list[dict[str, Any]]) -> tuple[str, ...]:
    lines = [line for event in events for line in event["message"].splitlines()]
    return tuple(lines[-NUM_LOG_LINES:])
