"""Creates, updates, pauses, resumes and deletes schedules of Model Monitor.

Nothing is created before the pre-flight checks pass, and no job definition stays that no schedule
uses. Clients are boto3's, made by the caller.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from monitoring.schedules.definitions import delete_definitions, job_definition
from monitoring.schedules.description import absent, find_schedule
from monitoring.schedules.errors import ScheduleError, refusals
from monitoring.schedules.objects import read_constraints
from monitoring.schedules.preflight import constraints_problems, schedule_problems
from monitoring.schedules.requests import schedule_config, schedule_request
from monitoring.schedules.schedule import MonitoringType, Schedule

POLL_SECONDS = 5.0
MAX_POLLS = 36
"""A change of a schedule takes effect within minutes; until then it is Pending."""


def create(schedule: Schedule, *, sagemaker: Any, s3: Any) -> str:
    """Create a schedule and its job definition.

    Args:
        schedule: The schedule.
        sagemaker: A SageMaker client.
        s3: An S3 client, to read the constraints with.

    Returns:
        The schedule's ARN.

    Raises:
        ModelMonitorUnavailableError: The account may not use Model Monitor.
        ScheduleError: The schedule has problems, exists already, or is refused.
    """
    _check(schedule, s3)
    with refusals(sagemaker), job_definition(schedule, sagemaker):
        try:
            response = sagemaker.create_monitoring_schedule(**schedule_request(schedule))
        except sagemaker.exceptions.ResourceInUse as error:
            raise ScheduleError(
                f"Schedule '{schedule.name}' exists already; update it, or choose another name."
            ) from error
    return str(response["MonitoringScheduleArn"])


def update(
    schedule: Schedule,
    *,
    sagemaker: Any,
    s3: Any,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Change a schedule to what it should be, and delete the job definitions that it had.

    Args:
        schedule: The schedule, under the name of one that exists.
        sagemaker: A SageMaker client.
        s3: An S3 client, to read the constraints with.
        sleep: Waits some seconds.

    Raises:
        ModelMonitorUnavailableError: The account may not use Model Monitor.
        ScheduleError: The schedule has problems, does not exist or watches something else, or the
            change is refused or fails.
    """
    _check(schedule, s3)
    name, kind = schedule.name, schedule.monitoring_type
    found = find_schedule(name, sagemaker).get("MonitoringType", kind)
    if found != kind:
        raise ScheduleError(
            f"Schedule '{name}' is of type {found} and cannot become {kind}; delete it first, or "
            "choose another name."
        )
    config = schedule_config(schedule)
    with refusals(sagemaker), job_definition(schedule, sagemaker):
        sagemaker.update_monitoring_schedule(
            MonitoringScheduleName=name, MonitoringScheduleConfig=config
        )
    # As long as the change is pending, the definition from before is locked.
    changed = _wait(name, _is_settled, sagemaker, sleep)
    if changed is None:
        raise absent(name)
    if changed["MonitoringScheduleStatus"] == "Failed":
        reason = changed.get("FailureReason", "the service gives no reason")
        raise ScheduleError(f"Schedule '{name}' failed after its update: {reason.rstrip('.')}.")
    delete_definitions(name, [kind], sagemaker, keep=config["MonitoringJobDefinitionName"])


def pause(name: str, *, sagemaker: Any) -> None:
    """Let a schedule start no more executions.

    Raises:
        ScheduleError: It does not exist.
    """
    try:
        sagemaker.stop_monitoring_schedule(MonitoringScheduleName=name)
    except sagemaker.exceptions.ResourceNotFound as error:
        raise absent(name) from error


def resume(name: str, *, sagemaker: Any) -> None:
    """Let a paused schedule start executions again.

    Raises:
        ScheduleError: It does not exist.
    """
    try:
        sagemaker.start_monitoring_schedule(MonitoringScheduleName=name)
    except sagemaker.exceptions.ResourceNotFound as error:
        raise absent(name) from error


def delete(name: str, *, sagemaker: Any, sleep: Callable[[float], None] = time.sleep) -> bool:
    """Delete a schedule and its job definitions, also those that an interrupted deletion left.

    The reports and the history of its executions stay.

    Args:
        name: Its name.
        sagemaker: A SageMaker client.
        sleep: Waits some seconds.

    Returns:
        Whether there was such a schedule.

    Raises:
        ScheduleError: It is still there after some minutes.
    """
    is_there = True
    try:
        sagemaker.delete_monitoring_schedule(MonitoringScheduleName=name)
    except sagemaker.exceptions.ResourceNotFound:
        is_there = False
    else:
        # As long as the schedule is there, its definition is locked.
        _wait(name, lambda found: found is None, sagemaker, sleep)
    delete_definitions(name, MonitoringType, sagemaker)
    return is_there


def _check(schedule: Schedule, s3: Any) -> None:
    problems = schedule_problems(schedule)
    if not problems:
        uri = schedule.quality.constraints_uri
        problems = constraints_problems(uri, read_constraints(uri, s3=s3))
    if problems:
        raise ScheduleError(" ".join(problems))


def _wait(
    name: str,
    is_done: Callable[[Mapping[str, Any] | None], bool],
    sagemaker: Any,
    sleep: Callable[[float], None],
) -> Mapping[str, Any] | None:
    """Wait for a change of a schedule; its description then, None where there is none any more."""
    for _ in range(MAX_POLLS):
        found: Mapping[str, Any] | None
        try:
            found = find_schedule(name, sagemaker)
        except ScheduleError:
            found = None
        if is_done(found):
            return found
        sleep(POLL_SECONDS)
    raise ScheduleError(
        f"The change of schedule '{name}' has not taken effect within "
        f"{MAX_POLLS * POLL_SECONDS:.0f} s; wait, then do it again to remove its job definitions."
    )


def _is_settled(found: Mapping[str, Any] | None) -> bool:
    return found is None or found["MonitoringScheduleStatus"] != "Pending"
