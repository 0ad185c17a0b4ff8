"""How long the jobs of a pipeline ran in an account: better to go by than their time limits."""

from collections.abc import Mapping
from statistics import mean
from typing import Any

from pipelines.account.clients import Clients
from pipelines.account.errors import explained
from pipelines.account.executions import (
    cache_source,
    is_absence,
    list_executions,
    reference,
    step_records,
)
from pipelines.execution import Status
from steps.site import Site

_NUM_EXECUTIONS = 5
_JOBS = frozenset({"ProcessingJob", "TrainingJob", "TransformJob"})
_SEARCH = "TuningJob"
"""Members of a step's metadata."""
_PAGE_SIZE = 100


@explained()
def job_seconds(pipeline: str, site: Site, clients: Clients) -> dict[str, float]:
    """Seconds that a job of each step ran when the step last succeeded, by step.

    The time is the step's, so that the start of the instances is in it. A tuning step runs several
    training jobs: its time is the mean of what these are billed for. Steps that ran no job of their
    own in the last executions are left out.

    Args:
        pipeline: Its name in the catalogue.
        site: The site.
        clients: Clients of its account.

    Raises:
        AccountError: The pipeline is not deployed, or the credentials are another account's.
    """
    found: dict[str, float] = {}
    for execution in list_executions(pipeline, site, clients, num_executions=_NUM_EXECUTIONS):
        for record in step_records(execution.arn, clients.sagemaker):
            if record["StepName"] not in found and _has_run(record):
                seconds = _seconds(record, clients.sagemaker)
                if seconds is not None:
                    found[record["StepName"]] = seconds
    return found


def _has_run(record: Mapping[str, Any]) -> bool:
    """Whether a step succeeded by a job of this execution."""
    is_taken = cache_source(record) is not None or reference(record) is not None
    is_job = not (_JOBS | {_SEARCH}).isdisjoint(record.get("Metadata", {}))
    return is_job and not is_taken and record["StepStatus"] == Status.SUCCEEDED


def _seconds(record: Mapping[str, Any], sagemaker: Any) -> float | None:
    search = record["Metadata"].get(_SEARCH)
    if search is not None:
        return _mean_seconds(search["Arn"].rpartition("/")[2], sagemaker)
    time = record["EndTime"] - record["StartTime"]
    return float(time.total_seconds())


def _mean_seconds(name: str, sagemaker: Any) -> float | None:
    """Mean of what the training jobs of a tuning job are billed for; None where none is known.

    Those that failed or were stopped early are billed as well.

    Source: Amazon SageMaker AI API Reference, HyperParameterTrainingJobSummary,
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HyperParameterTrainingJobSummary.html
    """
    from botocore.exceptions import ClientError

    pages = sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
        HyperParameterTuningJobName=name, PaginationConfig={"PageSize": _PAGE_SIZE}
    )
    try:
        times = [
            job["TrainingEndTime"] - job["TrainingStartTime"]
            for page in pages
            for job in page["TrainingJobSummaries"]
            if "TrainingStartTime" in job and "TrainingEndTime" in job
        ]
    except ClientError as error:
        if not is_absence(error):
            raise
        return None  # It was deleted; an earlier one may be there.
    return mean(time.total_seconds() for time in times) if times else None
