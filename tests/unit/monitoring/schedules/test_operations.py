"""Tests of monitoring.schedules.operations and definitions: the exact requests, in their order."""

from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from monitoring.schedules.errors import ModelMonitorUnavailableError, ScheduleError
from monitoring.schedules.operations import create, delete, pause, resume, update
from monitoring.schedules.requests import definition_request, schedule_config, schedule_request
from monitoring.schedules.schedule import Schedule
from monitoring.schedules.timing import daily

PREFIX = "arn:aws:sagemaker:us-east-1:111122223333"
ARN = f"{PREFIX}:monitoring-schedule/dogs-data"
NAMED = {"MonitoringScheduleName": "dogs-data"}
CLOSED = "Model Monitor is no longer available to new customers."


def add_constraints(s3: Stubber, content: bytes = b'{"features": []}', kind: str = "data") -> None:
    """Let the client have the baseline's constraints."""
    key = f"baseline/{kind}_quality/constraints.json"
    body = StreamingBody(BytesIO(content), len(content))
    s3.add_response("get_object", {"Body": body}, {"Bucket": "bucket", "Key": key})


def add_definition(stub: Stubber, schedule: Schedule, kind: str = "data") -> str:
    """Let a job definition be made; its name."""
    request = definition_request(schedule)
    name: str = request["JobDefinitionName"]
    arn = f"{PREFIX}:{kind}-quality-job-definition/{name}"
    stub.add_response(f"create_{kind}_quality_job_definition", {"JobDefinitionArn": arn}, request)
    return name


def add_schedule(stub: Stubber, status: str, **changes: Any) -> None:
    """Let the client describe the schedule."""
    description = {
        **NAMED,
        "MonitoringScheduleArn": ARN,
        "MonitoringScheduleStatus": status,
        "MonitoringType": "DataQuality",
        "CreationTime": 0,
        "LastModifiedTime": 0,
        "MonitoringScheduleConfig": {},
        **changes,
    }
    stub.add_response("describe_monitoring_schedule", description, NAMED)


def add_absence(stub: Stubber, operation: str = "describe_monitoring_schedule") -> None:
    """Let an operation find nothing under the schedule's name."""
    stub.add_client_error(operation, "ResourceNotFound", "Not found.", expected_params=NAMED)


def add_definitions(stub: Stubber, kind: str, *pages: list[str]) -> None:
    """Let the client list job definitions."""
    token: dict[str, str] = {}
    for number, names in enumerate(pages, start=1):
        page: dict[str, Any] = {
            "JobDefinitionSummaries": [
                {
                    "MonitoringJobDefinitionName": name,
                    "MonitoringJobDefinitionArn": f"{PREFIX}:x/{name}",
                    "CreationTime": 0,
                    "EndpointName": "dogs",
                }
                for name in names
            ]
        }
        request = {"NameContains": "dogs-data", **token}
        if number < len(pages):
            token = {"NextToken": f"page-{number}"}
            page |= token
        stub.add_response(f"list_{kind}_quality_job_definitions", page, request)


def add_removal(stub: Stubber, name: str, kind: str = "data") -> None:
    """Let a job definition be deleted."""
    stub.add_response(f"delete_{kind}_quality_job_definition", {}, {"JobDefinitionName": name})


def never(seconds: float) -> None:
    """A wait that must not happen."""
    raise AssertionError(seconds)


@pytest.mark.parametrize("kind", ["data", "model"])
def test_create(
    sagemaker: Stubber, s3: Stubber, data_quality: Schedule, model_quality: Schedule, kind: str
) -> None:
    """The constraints are read, then the definition is made, then the schedule."""
    schedule = {"data": data_quality, "model": model_quality}[kind]
    add_constraints(s3, kind=kind)
    add_definition(sagemaker, schedule, kind)
    sagemaker.add_response(
        "create_monitoring_schedule", {"MonitoringScheduleArn": ARN}, schedule_request(schedule)
    )
    assert create(schedule, sagemaker=sagemaker.client, s3=s3.client) == ARN


def test_problems_come_before_anything_is_read(
    sagemaker: Stubber, s3: Stubber, data_quality: Schedule
) -> None:
    """A schedule with problems reaches no service, and all of them are said."""
    schedule = replace(
        data_quality, name="-", job=replace(data_quality.job, max_runtime_seconds=3601)
    )
    for operation in (create, update):
        with pytest.raises(ScheduleError) as caught:
            operation(schedule, sagemaker=sagemaker.client, s3=s3.client)
        assert str(caught.value) == (
            "Schedule name '-' is malformed; expected letters, digits and hyphens, the first and "
            "the last of them no hyphen. The maximum run time is 3601 s; expected 1 to 3600 s, the "
            "schedule's period."
        )


def test_constraints_that_cannot_be_read_stop_the_creation(
    sagemaker: Stubber, s3: Stubber, data_quality: Schedule
) -> None:
    """Numbers with exponents are found before anything is created."""
    add_constraints(s3, b'{"completeness": 1e-3}')
    with pytest.raises(ScheduleError, match="1e-3 at /completeness; write them as decimals"):
        create(data_quality, sagemaker=sagemaker.client, s3=s3.client)


def test_missing_constraints_stop_the_creation(
    sagemaker: Stubber, s3: Stubber, data_quality: Schedule
) -> None:
    """A baseline that is not there is found before anything is created."""
    s3.add_client_error("get_object", "NoSuchKey", "No such key.")
    with pytest.raises(ScheduleError) as caught:
        create(data_quality, sagemaker=sagemaker.client, s3=s3.client)
    assert str(caught.value) == (
        "There are no constraints at s3://bucket/baseline/data_quality/constraints.json; register "
        "the model again with the training pipeline."
    )


def test_a_closed_service_leaves_nothing(
    sagemaker: Stubber, s3: Stubber, data_quality: Schedule
) -> None:
    """Where the account may make no schedule, its definition goes too and the error says why."""
    add_constraints(s3)
    name = add_definition(sagemaker, data_quality)
    sagemaker.add_client_error("create_monitoring_schedule", "ValidationException", CLOSED)
    add_removal(sagemaker, name)
    with pytest.raises(ModelMonitorUnavailableError, match="runs the pipeline 'monitoring'"):
        create(data_quality, sagemaker=sagemaker.client, s3=s3.client)


def test_a_closed_service_may_refuse_the_definition(
    sagemaker: Stubber, s3: Stubber, data_quality: Schedule
) -> None:
    """Where the account may make no definition, nothing has to be deleted."""
    add_constraints(s3)
    sagemaker.add_client_error(
        "create_data_quality_job_definition", "AccessDeniedException", CLOSED
    )
    with pytest.raises(ModelMonitorUnavailableError, match="CreateDataQualityJobDefinition"):
        create(data_quality, sagemaker=sagemaker.client, s3=s3.client)


def test_the_first_error_counts(sagemaker: Stubber, s3: Stubber, data_quality: Schedule) -> None:
    """A definition that cannot be deleted does not hide why the schedule was refused."""
    add_constraints(s3)
    add_definition(sagemaker, data_quality)
    sagemaker.add_client_error("create_monitoring_schedule", "ResourceLimitExceeded", "100 of 100.")
    sagemaker.add_client_error("delete_data_quality_job_definition", "ThrottlingException", "Slow.")
    with pytest.raises(ClientError, match=r"100 of 100\."):
        create(data_quality, sagemaker=sagemaker.client, s3=s3.client)


def test_a_schedule_that_exists_keeps_its_definition(
    sagemaker: Stubber, s3: Stubber, data_quality: Schedule
) -> None:
    """A definition of the same content is in use, so a second creation does not delete it."""
    add_constraints(s3)
    sagemaker.add_client_error(
        "create_data_quality_job_definition",
        "ResourceInUse",
        expected_params=definition_request(data_quality),
    )
    sagemaker.add_client_error("create_monitoring_schedule", "ResourceInUse", "It exists.")
    with pytest.raises(ScheduleError) as caught:
        create(data_quality, sagemaker=sagemaker.client, s3=s3.client)
    assert str(caught.value) == (
        "Schedule 'dogs-data' exists already; update it, or choose another name."
    )


def test_a_lost_connection_deletes_nothing(
    sagemaker: Stubber, s3: Stubber, data_quality: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The schedule may exist although its answer was lost, and needs its definition then."""
    add_constraints(s3)
    add_definition(sagemaker, data_quality)

    def lose(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://example.com")

    monkeypatch.setattr(sagemaker.client, "create_monitoring_schedule", lose)
    with pytest.raises(EndpointConnectionError):
        create(data_quality, sagemaker=sagemaker.client, s3=s3.client)


def test_update(sagemaker: Stubber, s3: Stubber, data_quality: Schedule) -> None:
    """The schedule gets the new definition, and all others of ours go when that took effect."""
    schedule = replace(data_quality, timing=daily(3))
    pauses: list[float] = []
    add_constraints(s3)
    add_schedule(sagemaker, "Scheduled")
    name = add_definition(sagemaker, schedule)
    sagemaker.add_response(
        "update_monitoring_schedule",
        {"MonitoringScheduleArn": ARN},
        {**NAMED, "MonitoringScheduleConfig": schedule_config(schedule)},
    )
    add_schedule(sagemaker, "Pending")
    add_schedule(sagemaker, "Scheduled")
    old, others = "dogs-data-0123456789ab", ["dogs-data", "my-dogs-data-0123456789ab"]
    add_definitions(sagemaker, "data", [name, *others], [old])
    add_removal(sagemaker, old)
    update(schedule, sagemaker=sagemaker.client, s3=s3.client, sleep=pauses.append)
    assert pauses == [5.0]


def test_update_of_what_is_not_there(
    sagemaker: Stubber, s3: Stubber, data_quality: Schedule
) -> None:
    """A schedule that does not exist is not updated."""
    add_constraints(s3)
    add_absence(sagemaker)
    with pytest.raises(ScheduleError) as caught:
        update(data_quality, sagemaker=sagemaker.client, s3=s3.client, sleep=never)
    assert str(caught.value) == "Schedule 'dogs-data' does not exist; create it first."


def test_update_to_another_type(sagemaker: Stubber, s3: Stubber, data_quality: Schedule) -> None:
    """A schedule does not change what it watches."""
    add_constraints(s3)
    add_schedule(sagemaker, "Scheduled", MonitoringType="ModelBias")
    with pytest.raises(ScheduleError) as caught:
        update(data_quality, sagemaker=sagemaker.client, s3=s3.client, sleep=never)
    assert str(caught.value) == (
        "Schedule 'dogs-data' is of type ModelBias and cannot become DataQuality; delete it first, "
        "or choose another name."
    )


def test_an_update_that_is_refused(sagemaker: Stubber, s3: Stubber, data_quality: Schedule) -> None:
    """The schedule stays as it was, and the definition made for it goes."""
    add_constraints(s3)
    add_schedule(sagemaker, "Scheduled")
    name = add_definition(sagemaker, data_quality)
    sagemaker.add_client_error("update_monitoring_schedule", "ValidationException", "No role.")
    add_removal(sagemaker, name)
    with pytest.raises(
        ScheduleError,
        match=r"^Model Monitor refused UpdateMonitoringSchedule: ValidationException: No role\. ",
    ):
        update(data_quality, sagemaker=sagemaker.client, s3=s3.client, sleep=never)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"FailureReason": "No role."}, "No role"), ({}, "the service gives no reason")],
)
def test_an_update_that_fails_later(
    sagemaker: Stubber, s3: Stubber, data_quality: Schedule, changes: Any, reason: str
) -> None:
    """The service's reason is said, and the definition from before stays."""
    add_constraints(s3)
    add_schedule(sagemaker, "Scheduled")
    add_definition(sagemaker, data_quality)
    sagemaker.add_response("update_monitoring_schedule", {"MonitoringScheduleArn": ARN})
    add_schedule(sagemaker, "Failed", **changes)
    with pytest.raises(ScheduleError) as caught:
        update(data_quality, sagemaker=sagemaker.client, s3=s3.client, sleep=never)
    assert str(caught.value) == f"Schedule 'dogs-data' failed after its update: {reason}."


def test_a_schedule_that_is_deleted_during_its_update(
    sagemaker: Stubber, s3: Stubber, data_quality: Schedule
) -> None:
    """Somebody else deleted it meanwhile."""
    add_constraints(s3)
    add_schedule(sagemaker, "Scheduled")
    add_definition(sagemaker, data_quality)
    sagemaker.add_response("update_monitoring_schedule", {"MonitoringScheduleArn": ARN})
    add_absence(sagemaker)
    with pytest.raises(ScheduleError, match="'dogs-data' does not exist"):
        update(data_quality, sagemaker=sagemaker.client, s3=s3.client, sleep=never)


def test_pause_and_resume(sagemaker: Stubber) -> None:
    """Pausing stops the schedule, and resuming starts it."""
    sagemaker.add_response("stop_monitoring_schedule", {}, NAMED)
    pause("dogs-data", sagemaker=sagemaker.client)
    sagemaker.add_response("start_monitoring_schedule", {}, NAMED)
    resume("dogs-data", sagemaker=sagemaker.client)


def test_what_is_not_there_is_neither_paused_nor_resumed(sagemaker: Stubber) -> None:
    """The error names the schedule."""
    for operation, name in ((pause, "stop"), (resume, "start")):
        add_absence(sagemaker, f"{name}_monitoring_schedule")
        with pytest.raises(ScheduleError) as caught:
            operation("dogs-data", sagemaker=sagemaker.client)
        assert str(caught.value) == "Schedule 'dogs-data' does not exist; create it first."


def test_delete(sagemaker: Stubber) -> None:
    """The definitions go when the schedule is gone, of either type, and nobody else's."""
    pauses: list[float] = []
    sagemaker.add_response("delete_monitoring_schedule", {}, NAMED)
    add_schedule(sagemaker, "Pending")
    add_absence(sagemaker)
    add_definitions(sagemaker, "data", ["dogs-data-0123456789ab", "dogs-data-2-0123456789ab"])
    add_removal(sagemaker, "dogs-data-0123456789ab")
    add_definitions(sagemaker, "model", [])
    assert delete("dogs-data", sagemaker=sagemaker.client, sleep=pauses.append)
    assert pauses == [5.0]


def test_a_deletion_that_was_interrupted_is_finished(sagemaker: Stubber) -> None:
    """Definitions without their schedule go, and one that is gone meanwhile is no error."""
    add_absence(sagemaker, "delete_monitoring_schedule")
    add_definitions(sagemaker, "data", [])
    add_definitions(sagemaker, "model", ["dogs-data-0123456789ab", "dogs-data-ba9876543210"])
    sagemaker.add_client_error("delete_model_quality_job_definition", "ResourceNotFound")
    add_removal(sagemaker, "dogs-data-ba9876543210", "model")
    assert not delete("dogs-data", sagemaker=sagemaker.client, sleep=never)


def test_waiting_has_an_end(sagemaker: Stubber) -> None:
    """After three minutes the error says what to do, and no definition in use was deleted."""
    pauses: list[float] = []
    sagemaker.add_response("delete_monitoring_schedule", {}, NAMED)
    for _ in range(36):
        add_schedule(sagemaker, "Pending")
    with pytest.raises(ScheduleError) as caught:
        delete("dogs-data", sagemaker=sagemaker.client, sleep=pauses.append)
    assert str(caught.value) == (
        "The change of schedule 'dogs-data' has not taken effect within 180 s; wait, then do it "
        "again to remove its job definitions."
    )
    assert sum(pauses) == 180
