"""Reads what the service says of a schedule of Model Monitor."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitoring.schedules.errors import ScheduleError


@dataclass(frozen=True, kw_only=True, slots=True)
class Execution:
    """The last execution of a schedule."""

    status: str
    """`Completed`, `CompletedWithViolations`, `Failed`, `InProgress`, `Pending`, ..."""
    scheduled_time: datetime
    reason: str
    """Why it failed, or what the job said at its end; empty where neither is known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Description:
    """A schedule as the service has it."""

    name: str
    status: str
    """`Pending`, `Scheduled`, `Stopped` or `Failed`."""
    reason: str
    """Why the schedule failed; empty where it did not."""
    monitoring_type: str
    endpoint_name: str
    expression: str
    job_definition_name: str
    """Empty where the schedule was made with a definition of its own inside."""
    last_execution: Execution | None


def describe(name: str, *, sagemaker: Any) -> Description:
    """What the service says of a schedule and of its last execution.

    Args:
        name: Its name.
        sagemaker: A SageMaker client.

    Raises:
        ScheduleError: It does not exist.
    """
    found = find_schedule(name, sagemaker)
    config = found["MonitoringScheduleConfig"]
    summary = found.get("LastMonitoringExecutionSummary")
    return Description(
        name=found["MonitoringScheduleName"],
        status=found["MonitoringScheduleStatus"],
        reason=found.get("FailureReason", ""),
        monitoring_type=found.get("MonitoringType", ""),
        endpoint_name=found.get("EndpointName", ""),
        # Without one, the service chooses a time of the day.
        expression=config.get("ScheduleConfig", {}).get("ScheduleExpression", ""),
        job_definition_name=config.get("MonitoringJobDefinitionName", ""),
        last_execution=_execution(summary, sagemaker) if summary else None,
    )


def find_schedule(name: str, sagemaker: Any) -> Mapping[str, Any]:
    """The service's description of a schedule.

    Raises:
        ScheduleError: It does not exist.
    """
    try:
        found: Mapping[str, Any] = sagemaker.describe_monitoring_schedule(
            MonitoringScheduleName=name
        )
    except sagemaker.exceptions.ResourceNotFound as error:
        raise absent(name) from error
    return found


def absent(name: str) -> ScheduleError:
    """The error of a schedule that does not exist."""
    return ScheduleError(f"Schedule '{name}' does not exist; create it first.")


def _execution(summary: Mapping[str, Any], sagemaker: Any) -> Execution:
    reason = summary.get("FailureReason", "")
    if not reason and "ProcessingJobArn" in summary:
        job = sagemaker.describe_processing_job(
            ProcessingJobName=summary["ProcessingJobArn"].rpartition("/")[2]
        )
        reason = job.get("FailureReason") or job.get("ExitMessage", "")
    return Execution(
        status=summary["MonitoringExecutionStatus"],
        scheduled_time=summary["ScheduledTime"],
        reason=reason,
    )
