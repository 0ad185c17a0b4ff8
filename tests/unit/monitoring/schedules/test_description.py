"""Tests of monitoring.schedules.description."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber

from monitoring.schedules.description import Description, Execution, describe
from monitoring.schedules.errors import ScheduleError

PREFIX = "arn:aws:sagemaker:us-east-1:111122223333"
TIME = datetime(2026, 11, 21, 9, tzinfo=UTC)
VIOLATIONS = "CompletedWithViolations: Job completed successfully with 60 violations."
JOB = "data-quality-monitoring-202611210900-0123456789abcdef01234567"


def add_schedule(stub: Stubber, **changes: Any) -> None:
    """Let the client describe the schedule."""
    description = {
        "MonitoringScheduleArn": f"{PREFIX}:monitoring-schedule/dogs-data",
        "MonitoringScheduleName": "dogs-data",
        "MonitoringScheduleStatus": "Scheduled",
        "CreationTime": TIME,
        "LastModifiedTime": TIME,
        "MonitoringScheduleConfig": {},
        **changes,
    }
    stub.add_response(
        "describe_monitoring_schedule", description, {"MonitoringScheduleName": "dogs-data"}
    )


def execution(status: str, **changes: str) -> dict[str, Any]:
    """What the service says of a last execution."""
    return {
        "MonitoringScheduleName": "dogs-data",
        "ScheduledTime": TIME,
        "CreationTime": TIME,
        "LastModifiedTime": TIME,
        "MonitoringExecutionStatus": status,
        **changes,
    }


def add_job(stub: Stubber, **changes: str) -> None:
    """Let the client describe the processing job of the last execution."""
    job = {
        "ProcessingJobName": JOB,
        "ProcessingJobArn": f"{PREFIX}:processing-job/{JOB}",
        "ProcessingJobStatus": "Completed",
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": 1,
                "InstanceType": "ml.m5.xlarge",
                "VolumeSizeInGB": 1,
            }
        },
        "AppSpecification": {"ImageUri": "image"},
        "CreationTime": TIME,
        **changes,
    }
    stub.add_response("describe_processing_job", job, {"ProcessingJobName": JOB})


def test_a_schedule_without_executions(sagemaker: Stubber) -> None:
    """What the service leaves out is empty."""
    add_schedule(sagemaker)
    assert describe("dogs-data", sagemaker=sagemaker.client) == Description(
        name="dogs-data",
        status="Scheduled",
        reason="",
        monitoring_type="",
        endpoint_name="",
        expression="",
        job_definition_name="",
        last_execution=None,
    )


def test_a_failed_execution(sagemaker: Stubber) -> None:
    """The reason of a failure is the service's own."""
    add_schedule(
        sagemaker,
        MonitoringScheduleStatus="Failed",
        FailureReason="No such role.",
        MonitoringType="DataQuality",
        EndpointName="dogs",
        MonitoringScheduleConfig={
            "ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"},
            "MonitoringJobDefinitionName": "dogs-data-0123456789ab",
        },
        LastMonitoringExecutionSummary=execution(
            "Failed",
            FailureReason="Job inputs had no data",
            ProcessingJobArn=f"{PREFIX}:processing-job/{JOB}",
        ),
    )
    assert describe("dogs-data", sagemaker=sagemaker.client) == Description(
        name="dogs-data",
        status="Failed",
        reason="No such role.",
        monitoring_type="DataQuality",
        endpoint_name="dogs",
        expression="cron(0 * ? * * *)",
        job_definition_name="dogs-data-0123456789ab",
        last_execution=Execution(
            status="Failed", scheduled_time=TIME, reason="Job inputs had no data"
        ),
    )


@pytest.mark.parametrize(
    ("job", "reason"),
    [
        (
            {"ExitMessage": VIOLATIONS},
            VIOLATIONS,
        ),
        ({"ExitMessage": "", "FailureReason": "It was killed."}, "It was killed."),
        ({}, ""),
    ],
)
def test_the_job_says_the_rest(sagemaker: Stubber, job: dict[str, str], reason: str) -> None:
    """An execution that did not fail has the words of its job."""
    arn = f"{PREFIX}:processing-job/{JOB}"
    summary = execution("CompletedWithViolations", ProcessingJobArn=arn)
    add_schedule(sagemaker, LastMonitoringExecutionSummary=summary)
    add_job(sagemaker, **job)
    found = describe("dogs-data", sagemaker=sagemaker.client).last_execution
    assert found == Execution(status="CompletedWithViolations", scheduled_time=TIME, reason=reason)


def test_an_execution_that_has_no_job_yet(sagemaker: Stubber) -> None:
    """Nothing is known of an execution that waits."""
    add_schedule(sagemaker, LastMonitoringExecutionSummary=execution("Pending"))
    found = describe("dogs-data", sagemaker=sagemaker.client).last_execution
    assert found == Execution(status="Pending", scheduled_time=TIME, reason="")


def test_a_schedule_that_does_not_exist(sagemaker: Stubber) -> None:
    """The error names it."""
    sagemaker.add_client_error("describe_monitoring_schedule", "ResourceNotFound")
    with pytest.raises(ScheduleError) as caught:
        describe("dogs-data", sagemaker=sagemaker.client)
    assert str(caught.value) == "Schedule 'dogs-data' does not exist; create it first."
