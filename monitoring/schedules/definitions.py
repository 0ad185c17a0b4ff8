"""Keeps the job definitions of schedules: those that a schedule uses, and no others."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from monitoring.schedules.errors import ScheduleError
from monitoring.schedules.requests import definition_request, is_definition_of
from monitoring.schedules.schedule import MonitoringType, Schedule

_NAMES = {
    MonitoringType.DATA_QUALITY: "data_quality_job_definition",
    MonitoringType.MODEL_QUALITY: "model_quality_job_definition",
}
"""How the client's operations on job definitions are called."""


@contextmanager
def job_definition(schedule: Schedule, sagemaker: Any) -> Iterator[None]:
    """Have a schedule's job definition; one made for this is taken back if the schedule is refused.

    An error of another kind, such as a lost connection, may come after the schedule was made, so
    the definition stays.
    """
    request = definition_request(schedule)
    kind = schedule.monitoring_type
    is_new = True
    try:
        getattr(sagemaker, f"create_{_NAMES[kind]}")(**request)
    except sagemaker.exceptions.ResourceInUse:
        is_new = False  # The same name is the same content.
    try:
        yield
    except (ScheduleError, sagemaker.exceptions.ClientError):
        if is_new:
            # Why the schedule was refused matters more than what happens here.
            with suppress(sagemaker.exceptions.ClientError):
                _delete(kind, request["JobDefinitionName"], sagemaker)
        raise


def delete_definitions(
    schedule_name: str, kinds: Iterable[MonitoringType], sagemaker: Any, *, keep: str = ""
) -> None:
    """Delete our job definitions of a schedule, all or all but one.

    Args:
        schedule_name: Name of the schedule.
        kinds: Types of the definitions.
        sagemaker: A SageMaker client.
        keep: Name of the one that stays.
    """
    for kind in kinds:
        paginator = sagemaker.get_paginator(f"list_{_NAMES[kind]}s")
        # All pages are read first: a listing that shrinks meanwhile may leave some out.
        names = [
            summary["MonitoringJobDefinitionName"]
            for page in paginator.paginate(NameContains=schedule_name)
            for summary in page["JobDefinitionSummaries"]
        ]
        for name in names:
            if name != keep and is_definition_of(schedule_name, name):
                _delete(kind, name, sagemaker)


def _delete(kind: MonitoringType, name: str, sagemaker: Any) -> None:
    with suppress(sagemaker.exceptions.ResourceNotFound):
        getattr(sagemaker, f"delete_{_NAMES[kind]}")(JobDefinitionName=name)
