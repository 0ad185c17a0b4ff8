"""Tests of pipelines.account.delete."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from botocore.stub import Stubber

from pipelines.account.delete import delete
from pipelines.account.errors import AccountError
from tests.aws import SITE, Account, Call, Crash, Fault
from tests.unit.pipelines.account.conftest import Version
from tests.unit.pipelines.account.leases import end_lease

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

Versions = Callable[[int], Version]


def deleted(account: Account, name: str) -> list[str]:
    """Delete a pipeline, and return what is said."""
    said: list[str] = []
    delete(name, SITE, account.clients, owner="anna@laptop", say=said.append)
    return said


def left(account: Account) -> list[str]:
    """What there is of pipelines, functions, schedules and rules."""
    clients = account.clients
    return [
        *(item["PipelineName"] for item in clients.sagemaker.list_pipelines()["PipelineSummaries"]),
        *(item["FunctionName"] for item in clients.lambda_.list_functions()["Functions"]),
        *(item["Name"] for item in clients.scheduler.list_schedules()["Schedules"]),
        *(item["Name"] for item in clients.events.list_rules()["Rules"]),
    ]


def test_what_starts_a_pipeline_goes_before_it(with_monitoring: Account, version: Versions) -> None:
    """The functions that nothing calls then go after it; objects stay."""
    account = with_monitoring
    version(0).upsert(account.clients)
    objects = account.clients.s3.list_objects_v2(Bucket=SITE.bucket)["KeyCount"]
    account.forget()
    assert deleted(account, "retraining") == [
        "deleted schedule dogs.retraining",
        "deleted rule dogs.drift",
        "deleted pipeline dogs-retraining",
        "removed function dogs-find_approved_model",
        "removed function dogs-start_retraining",
    ]
    assert account.writes == [
        "s3:PutObject",
        "scheduler:DeleteSchedule",
        "events:RemoveTargets",
        "events:DeleteRule",
        "s3:PutObject",
        "sagemaker:DeletePipeline",
        "s3:PutObject",
        "lambda:DeleteFunction",
        "lambda:DeleteFunction",
        "s3:DeleteObject",
    ]
    assert left(account) == ["dogs-monitoring", "dogs.monitoring"]
    assert account.clients.s3.list_objects_v2(Bucket=SITE.bucket)["KeyCount"] == objects


def test_what_starts_other_pipelines_stays_as_it_is(
    with_monitoring: Account, version: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the code of a function has changed, of which nothing is published yet."""
    account, clients = with_monitoring, with_monitoring.clients
    version(0).upsert(clients)
    (before,) = clients.events.list_targets_by_rule(Rule="dogs.drift")["Targets"]
    create_scoring(account)
    account.forget()
    monkeypatch.setattr("steps.lambda_function.TIMEOUT_SECONDS", 60)
    assert deleted(account, "scoring") == ["deleted pipeline dogs-scoring"]
    (after,) = clients.events.list_targets_by_rule(Rule="dogs.drift")["Targets"]
    assert after == before
    _, name, alias = after["Arn"].rsplit(":", 2)
    assert clients.lambda_.get_alias(FunctionName=name, Name=alias)


def create_scoring(account: Account) -> None:
    """Create a pipeline that nothing starts."""
    account.clients.sagemaker.create_pipeline(
        PipelineName="dogs-scoring", PipelineDefinition='{"Steps": []}', RoleArn=SITE.role_arn
    )


def test_a_pipeline_that_is_not_there(account: Account) -> None:
    """Deleting it again is no mistake."""
    assert deleted(account, "training") == ["pipeline dogs-training is not deployed"]


def test_an_execution_under_way_is_not_cut_off(account: Account, version: Versions) -> None:
    """Nothing is deleted, and the message names the execution."""
    version(0).upsert(account.clients)
    before, client = left(account), account.clients.sagemaker
    arn = SITE.pipeline_arn("retraining")
    with Stubber(client) as stub:
        pipelines = [{"PipelineName": "dogs-retraining", "PipelineArn": arn}]
        for _ in range(2):  # whose account it is, and again under the lease
            stub.add_response("list_pipelines", {"PipelineSummaries": pipelines})
        execution = {
            "PipelineExecutionArn": f"{arn}/execution/abc123",
            "StartTime": datetime(2026, 11, 21, tzinfo=UTC),
            "PipelineExecutionStatus": "Executing",
        }
        stub.add_response("list_pipeline_executions", {"PipelineExecutionSummaries": [execution]})
        with pytest.raises(AccountError) as caught:
            deleted(account, "retraining")
    assert str(caught.value) == (
        "Pipeline 'dogs-retraining' has an execution under way, 'abc123'; wait for its end, or "
        "stop it with 'pipelines stop'."
    )
    assert left(account) == before


def test_a_fault_of_every_single_call(with_monitoring: Account, version: Versions) -> None:
    """What is gone already, although nobody was told, is gone."""
    account = with_monitoring
    version(0).upsert(account.clients)
    account.faults = lambda _, attempts: Fault.TIMED_OUT if attempts == 0 else None
    deleted(account, "retraining")
    account.faults = None
    assert left(account) == ["dogs-monitoring", "dogs.monitoring"]


def test_a_crash_after_every_single_write(with_monitoring: Account, version: Versions) -> None:
    """No schedule or rule is left without its pipeline, and the next attempt goes on."""
    account = with_monitoring
    version(0).upsert(account.clients)
    number_of_crashes = 0
    while True:
        account.forget()

        def fault(call: Call, _: int) -> Fault | None:
            is_lease = call.service == "s3"
            return None if call.is_read or is_lease else Fault.CRASH_AFTER

        account.faults = fault
        try:
            deleted(account, "retraining")
        except Crash:
            number_of_crashes += 1
            account.forget()
            end_lease(account)
            if "dogs-retraining" not in left(account):
                assert not {"dogs.retraining", "dogs.drift"} & set(left(account))
        else:
            break
    assert number_of_crashes == 6
    assert left(account) == ["dogs-monitoring", "dogs.monitoring"]
