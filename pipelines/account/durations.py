"""How long the jobs of a pipeline ran in an account: better to go by than their time limits."""

from collections.abc import Mapping
from typing import Any

from pipelines.account.clients import Clients
from pipelines.account.errors import explained
from pipelines.account.executions import list_executions, step_records
from pipelines.execution import Status
from steps.site import Site

_NUM_EXECUTIONS = 5
_JOBS = {"ProcessingJob", "TrainingJob", "TransformJob"}
"""Members of a step's metadata. A tuning job runs several training jobs, and their times are not
among what the service tells of the step."""


@explained()
def job_seconds(pipeline: str, site: Site, clients: Clients) -> dict[str, float]:
    """Seconds that a job of each step ran when the step last succeeded, by step.

    The time is the step's, so that the start of the instances is in it. Steps that ran no job of
    their own in the last executions are left out.

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
            if _has_run(record):
                time = record["EndTime"] - record["StartTime"]
                found.setdefault(record["StepName"], time.total_seconds())
    return found


def _has_run(record: Mapping[str, Any]) -> bool:
    """Whether a step succeeded by a job of this execution."""
    is_taken = record.get("CacheHitResult") or record.get("SelectiveExecutionResult")
    is_job = not _JOBS.isdisjoint(record.get("Metadata", {}))
    return is_job and not is_taken and record["StepStatus"] == Status.SUCCEEDED
