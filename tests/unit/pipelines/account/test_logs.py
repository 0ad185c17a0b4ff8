"""Tests of pipelines.account.logs, against CloudWatch Logs of moto's and exact requests."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.stub import Stubber

from pipelines.account.logs import failed_job
from pipelines.execution import FailedJob, Status, StepExecution, utc_now
from tests.aws import Account
from tests.unit.pipelines.account.executing import complete
from tests.unit.stubs import stubbed

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

START = utc_now().replace(microsecond=0) - timedelta(days=1)
"""A time of the last 14 days: CloudWatch Logs ignores events that are older."""
PERMISSIONS = (
    "'pipelines permissions' prints the policies that are needed, and with '--role ROLE --compare "
    "FILE' what a policy lacks."
)
JOB = "pipelines-abc-Train-xyz"
DESCRIBE = {"TrainingJobName": JOB}
TUNING = {"HyperParameterTuningJobName": "abc-Tune"}
ARN = f"arn:aws:sagemaker:us-east-1:111122223333:training-job/{JOB}"


@pytest.fixture
def sagemaker() -> Iterator[Stubber]:
    """A stubbed SageMaker client."""
    yield from stubbed("sagemaker")


@pytest.fixture
def logs() -> Iterator[Stubber]:
    """A stubbed client of CloudWatch Logs."""
    yield from stubbed("logs")


def step(kind: str, arn: str, reason: str = "AlgorithmError") -> StepExecution:
    """A step of a minute that failed."""
    return StepExecution(
        name="Train",
        type="Training",
        status=Status.FAILED,
        started=START,
        ended=START + timedelta(minutes=1),
        failure_reason=reason,
        metadata={kind: {"Arn": arn}},
    )


def answer(stub: Stubber, operation: str, request: dict[str, Any], **members: Any) -> None:
    """Let a stubbed client answer with these members, the name asked for, and what else must be."""
    stub.add_response(operation, complete(stub.client, operation, {**request, **members}), request)


def write(account: Account, group: str, stream: str, *lines: str, start: datetime = START) -> None:
    """Write lines to a log stream, a second apart."""
    logs = account.clients.logs
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    events = [
        {"timestamp": int(start.timestamp() + number) * 1000, "message": line}
        for number, line in enumerate(lines)
    ]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


@pytest.mark.parametrize(
    ("kind", "noun", "operation", "name", "group"),
    [
        pytest.param(
            "ProcessingJob",
            "processing-job",
            "describe_processing_job",
            "ProcessingJobName",
            "ProcessingJobs",
            id="processing",
        ),
        pytest.param(
            "TrainingJob",
            "training-job",
            "describe_training_job",
            "TrainingJobName",
            "TrainingJobs",
            id="training",
        ),
        pytest.param(
            "TransformJob",
            "transform-job",
            "describe_transform_job",
            "TransformJobName",
            "TransformJobs",
            id="transform",
        ),
    ],
)
def test_the_log_of_a_job_is_its_newest_stream(
    account: Account,
    sagemaker: Stubber,
    *,
    kind: str,
    noun: str,
    operation: str,
    name: str,
    group: str,
) -> None:
    """Of several instances, the one that wrote last; others' streams and data logs are left out.

    Streams have the job's name as it is, and ARNs may have it in small letters.
    """
    place = f"/aws/sagemaker/{group}"
    write(account, place, f"{JOB}/algo-1-1700", "begin", "end")
    later = START + timedelta(minutes=5)
    write(account, place, f"{JOB}/algo-2-1700", "Traceback\n  line 1", "Error", start=later)
    write(account, place, f"{JOB}/algo-2-1700/data-log", "data", start=later + timedelta(hours=1))
    write(account, place, f"{JOB}2/algo-1-1700", "other", start=later + timedelta(hours=2))
    reason = "AlgorithmError: no, exit code: 1"
    members: dict[str, Any] = {name: JOB, "FailureReason": reason}
    answer(sagemaker, operation, {name: JOB.lower()}, **members)
    clients: Any = SimpleNamespace(sagemaker=sagemaker.client, logs=account.clients.logs)
    arn = f"arn:aws:sagemaker:us-east-1:111122223333:{noun}/{JOB.lower()}"
    assert failed_job(step(kind, arn), clients) == FailedJob(
        name=JOB,
        reason=reason,
        log=f"{place}/{JOB}/algo-2-1700",
        log_lines=("Traceback", "  line 1", "Error"),
    )


def test_a_stream_that_has_just_begun_is_newer_than_old_events(
    sagemaker: Stubber, logs: Stubber
) -> None:
    """Of a job that began anew, CloudWatch does not know yet when it wrote last."""
    group = "/aws/sagemaker/TrainingJobs"
    answer(sagemaker, "describe_training_job", DESCRIBE)
    streams = [
        {"logStreamName": f"{JOB}/algo-1-1", "creationTime": 1, "lastEventTimestamp": 5},
        {"logStreamName": f"{JOB}/algo-1-2", "creationTime": 7},
        {"logStreamName": f"{JOB}/algo-1-0", "creationTime": 0, "lastEventTimestamp": 6},
    ]
    logs.add_response("describe_log_streams", {"logStreams": streams})
    logs.add_response("get_log_events", {"events": [{"message": "end"}]})
    clients: Any = SimpleNamespace(sagemaker=sagemaker.client, logs=logs.client)
    found = failed_job(step("TrainingJob", ARN), clients)
    assert found is not None
    assert (found.log, found.log_lines) == (f"{group}/{JOB}/algo-1-2", ("end",))


def test_the_last_hundred_lines_are_kept(account: Account, sagemaker: Stubber) -> None:
    """A reason that the step has already is not said twice."""
    lines = [f"line {number}" for number in range(150)]
    write(account, "/aws/sagemaker/TrainingJobs", f"{JOB}/algo-1", *lines)
    answer(sagemaker, "describe_training_job", DESCRIBE, FailureReason="AlgorithmError")
    clients: Any = SimpleNamespace(sagemaker=sagemaker.client, logs=account.clients.logs)
    found = failed_job(step("TrainingJob", ARN, "ClientError: AlgorithmError: no"), clients)
    assert found is not None
    assert found.reason == ""
    assert found.log_lines == tuple(lines[50:])


def test_the_failed_training_job_of_a_tuning_job_is_found(
    account: Account, sagemaker: Stubber
) -> None:
    """It says more than the tuning job, which only counts them."""
    write(account, "/aws/sagemaker/TrainingJobs", "abc-Tune-002-x/algo-1", "CUDA out of memory")
    answer(
        sagemaker, "describe_hyper_parameter_tuning_job", TUNING, FailureReason="All jobs failed"
    )
    summary = {
        "TrainingJobName": "abc-Tune-002-x",
        "FailureReason": "AlgorithmError: , exit code: 1",
    }
    answer(
        sagemaker,
        "list_training_jobs_for_hyper_parameter_tuning_job",
        {**TUNING, "StatusEquals": "Failed", "MaxResults": 1},
        TrainingJobSummaries=[summary],
    )
    clients: Any = SimpleNamespace(sagemaker=sagemaker.client, logs=account.clients.logs)
    arn = "arn:aws:sagemaker:us-east-1:111122223333:hyper-parameter-tuning-job/abc-Tune"
    assert failed_job(step("TuningJob", arn), clients) == FailedJob(
        name="abc-Tune-002-x",
        reason="AlgorithmError: , exit code: 1",
        log="/aws/sagemaker/TrainingJobs/abc-Tune-002-x/algo-1",
        log_lines=("CUDA out of memory",),
    )


def test_a_tuning_job_without_a_failed_one_says_its_own_reason(
    account: Account, sagemaker: Stubber
) -> None:
    """The newest log of its training jobs is shown."""
    write(account, "/aws/sagemaker/TrainingJobs", "abc-Tune-001-x/algo-1", "epoch=1")
    lower = {"HyperParameterTuningJobName": "abc-tune"}
    members: dict[str, Any] = {**TUNING, "FailureReason": "Stopped"}
    answer(sagemaker, "describe_hyper_parameter_tuning_job", lower, **members)
    answer(
        sagemaker,
        "list_training_jobs_for_hyper_parameter_tuning_job",
        {**lower, "StatusEquals": "Failed", "MaxResults": 1},
        TrainingJobSummaries=[],
    )
    clients: Any = SimpleNamespace(sagemaker=sagemaker.client, logs=account.clients.logs)
    arn = "arn:aws:sagemaker:us-east-1:111122223333:hyper-parameter-tuning-job/abc-tune"
    found = failed_job(step("TuningJob", arn), clients)
    assert found is not None
    assert (found.name, found.reason, found.log_lines) == ("abc-Tune", "Stopped", ("epoch=1",))


@pytest.mark.parametrize("status", ["MaxRuntimeExceeded", "MaxWaitTimeExceeded", "Interrupted"])
def test_a_job_that_was_ended_by_a_limit_says_which(
    account: Account, sagemaker: Stubber, status: str
) -> None:
    """It has no failure reason: the service has stopped it."""
    transition = {"Status": status, "StartTime": START, "StatusMessage": "It took too long."}
    answer(
        sagemaker,
        "describe_training_job",
        DESCRIBE,
        SecondaryStatus=status,
        SecondaryStatusTransitions=[transition],
    )
    clients: Any = SimpleNamespace(sagemaker=sagemaker.client, logs=account.clients.logs)
    found = failed_job(step("TrainingJob", ARN), clients)
    assert found is not None
    assert found.reason == f"{status}: It took too long."


def test_the_log_of_a_function_is_that_of_the_step_time(account: Account) -> None:
    """Its streams do not name the step; what was written earlier or later is left out."""
    group = "/aws/lambda/dogs-select_window"
    write(account, group, "2026/11/21/[7]a", "before", start=START - timedelta(minutes=1))
    write(account, group, "2026/11/21/[7]b", "START", "[ERROR] ValueError: no")
    write(account, group, "2026/11/21/[7]c", "after", start=START + timedelta(minutes=3))
    arn = "arn:aws:lambda:us-east-1:111122223333:function:dogs-select_window:code-0123456789ab"
    assert failed_job(step("Lambda", arn), account.clients) == FailedJob(
        name="dogs-select_window", log=group, log_lines=("START", "[ERROR] ValueError: no")
    )


def test_a_function_that_never_began_has_no_lines(account: Account) -> None:
    """Without times nothing can be looked for."""
    arn = "arn:aws:lambda:us-east-1:111122223333:function:f:code-0123456789ab"
    never = StepExecution(
        name="S", type="Lambda", status=Status.FAILED, metadata={"Lambda": {"Arn": arn}}
    )
    found = failed_job(never, account.clients)
    assert found is not None
    assert found.note == "There is no log in '/aws/lambda/f'."


def test_an_endpoint_has_a_log_group_of_its_own(sagemaker: Stubber, logs: Stubber) -> None:
    """Its streams are one for each variant and instance."""
    group = "/aws/sagemaker/Endpoints/Dogs-A"
    reason = "The primary container did not pass the ping health check."
    answer(
        sagemaker,
        "describe_endpoint",
        {"EndpointName": "dogs-a"},
        EndpointName="Dogs-A",
        FailureReason=reason,
    )
    logs.add_response(
        "describe_log_streams",
        {"logStreams": [{"logStreamName": "AllTraffic/i-1", "lastEventTimestamp": 5}]},
        {"logGroupName": group, "limit": 50, "orderBy": "LastEventTime", "descending": True},
    )
    logs.add_response(
        "get_log_events",
        {"events": [{"message": "no model\n"}]},
        {
            "logGroupName": group,
            "logStreamName": "AllTraffic/i-1",
            "limit": 100,
            "startFromHead": False,
        },
    )
    clients: Any = SimpleNamespace(sagemaker=sagemaker.client, logs=logs.client)
    arn = "arn:aws:sagemaker:us-east-1:111122223333:endpoint/dogs-a"
    assert failed_job(step("Endpoint", arn), clients) == FailedJob(
        name="Dogs-A",
        reason=reason,
        log=f"{group}/AllTraffic/i-1",
        log_lines=("no model",),
    )


def test_what_may_not_be_read_is_said(sagemaker: Stubber, logs: Stubber) -> None:
    """Nothing ends with an error because the person who looks lacks a permission."""
    sagemaker.add_client_error("describe_training_job", "AccessDeniedException", "", 400)
    logs.add_client_error("describe_log_streams", "AccessDeniedException", "", 400)
    clients: Any = SimpleNamespace(sagemaker=sagemaker.client, logs=logs.client)
    assert failed_job(step("TrainingJob", ARN), clients) == FailedJob(
        name=JOB,
        log="/aws/sagemaker/TrainingJobs",
        note=(
            f"The credentials in use do not allow DescribeTrainingJob; {PERMISSIONS} "
            f"The credentials in use do not allow DescribeLogStreams; {PERMISSIONS}"
        ),
    )


@pytest.mark.parametrize("has_group", [True, False])
def test_a_job_without_a_log_is_said(
    account: Account, sagemaker: Stubber, *, has_group: bool
) -> None:
    """It never began, or the group was deleted."""
    if has_group:
        write(account, "/aws/sagemaker/TrainingJobs", "other/algo-1", "other")
    answer(sagemaker, "describe_training_job", DESCRIBE, FailureReason="CapacityError: none")
    clients: Any = SimpleNamespace(sagemaker=sagemaker.client, logs=account.clients.logs)
    assert failed_job(step("TrainingJob", ARN), clients) == FailedJob(
        name=JOB,
        reason="CapacityError: none",
        log="/aws/sagemaker/TrainingJobs",
        note="There is no log in '/aws/sagemaker/TrainingJobs'.",
    )


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param({}, id="nothing was started"),
        pytest.param({"Fail": {"ErrorMessage": "no"}}, id="fail"),
        pytest.param({"Model": {"Arn": "arn:model/m"}}, id="no log"),
        pytest.param({"TrainingJob": {}}, id="refused"),
    ],
)
def test_a_step_without_a_job_has_none(metadata: dict[str, Any]) -> None:
    """No call is made."""
    failed = StepExecution(name="S", type="Fail", status=Status.FAILED, metadata=metadata)
    assert failed_job(failed, None) is None  # type: ignore[arg-type]
