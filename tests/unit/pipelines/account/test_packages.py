"""Tests of pipelines.account.packages, against moto and, where it forgets, exact requests."""

import json
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.stub import Stubber

from pipelines.account.deployed import OTHER_ACCOUNT
from pipelines.account.errors import AccountError, LeaseError
from pipelines.account.lease import publishing
from pipelines.account.packages import (
    Package,
    find_package,
    list_packages,
    set_approval,
    train_as_approved,
)
from pipelines.reconcile import reconcile_triggers
from pipelines.trigger_requests import trigger_requests
from tests.aws import SITE, Account
from tests.unit.pipelines.account.executing import START, complete
from tests.unit.stubs import stubbed

GROUP = SITE.model_package_group
ARN = f"arn:aws:sagemaker:us-east-1:111122223333:model-package/{GROUP}"
LIST = {
    "ModelPackageGroupName": GROUP,
    "SortBy": "CreationTime",
    "SortOrder": "Descending",
    "MaxResults": 20,
}
PIPELINES = ("monitoring", "retraining")


def package(version: int, status: str = "PendingManualApproval") -> dict[str, Any]:
    """A package as the service lists it."""
    return {
        "ModelPackageArn": f"{ARN}/{version}",
        "ModelPackageGroupName": GROUP,
        "ModelPackageVersion": version,
        "ModelApprovalStatus": status,
        "CreationTime": START,
    }


@pytest.fixture
def sagemaker() -> Iterator[Stubber]:
    """A stubbed SageMaker client."""
    yield from stubbed("sagemaker")


def answer(stub: Stubber, operation: str, request: dict[str, Any], **members: Any) -> None:
    """Let a stubbed client answer with these members, and whatever else there must be."""
    stub.add_response(operation, complete(stub.client, operation, members), request)


def clients(sagemaker: Stubber, **others: Any) -> Any:
    """Clients of which SageMaker's is stubbed."""
    return SimpleNamespace(sagemaker=sagemaker.client, **others)


def test_packages_are_listed(sagemaker: Stubber) -> None:
    """Those of the site's group, newest first."""
    listed = [package(2, "Approved"), package(1)]
    answer(sagemaker, "list_model_packages", LIST, ModelPackageSummaryList=listed)
    second, first = list_packages(SITE, clients(sagemaker))
    assert (second.name, second.status) == (f"{GROUP}/2", "Approved")
    assert first.to_document() == {**package(1), "CreationTime": "2026-11-21T09:00:00+00:00"}


def test_no_group_is_said(sagemaker: Stubber) -> None:
    """A first training makes it."""
    sagemaker.add_client_error(
        "list_model_packages", "ValidationException", "ModelPackageGroup dogs does not exist.", 400
    )
    with pytest.raises(AccountError) as raised:
        list_packages(SITE, clients(sagemaker))
    assert str(raised.value) == (
        f"There is no model package group '{GROUP}'; 'pipelines start training' makes it, with a "
        "first package."
    )


@pytest.mark.parametrize("text", [f"{GROUP}/2", f"{ARN}/2"])
def test_a_package_is_found_by_its_name(sagemaker: Stubber, text: str) -> None:
    """The service takes both forms."""
    answer(sagemaker, "describe_model_package", {"ModelPackageName": text}, **package(2))
    assert find_package(text, SITE, clients(sagemaker)).arn == f"{ARN}/2"


@pytest.mark.parametrize("text", [f"{GROUP}/2", "latest"])
def test_a_package_of_another_account_is_not_decided_on(sagemaker: Stubber, text: str) -> None:
    """A group of another stage has the same name."""
    if text == "latest":
        answer(sagemaker, "list_model_packages", LIST, ModelPackageSummaryList=[package(2)])
    else:
        answer(sagemaker, "describe_model_package", {"ModelPackageName": text}, **package(2))
    with pytest.raises(AccountError) as raised:
        find_package(text, replace(SITE, account="444455556666"), clients(sagemaker))
    assert str(raised.value) == OTHER_ACCOUNT


def test_the_newest_package_is_found(sagemaker: Stubber) -> None:
    """Whatever its status."""
    listed = [package(2), package(1)]
    answer(sagemaker, "list_model_packages", LIST, ModelPackageSummaryList=listed)
    assert find_package("latest", SITE, clients(sagemaker)).version == 2


@pytest.mark.parametrize(
    ("text", "listed", "known"),
    [
        pytest.param(f"{GROUP}/3", [package(1)], f"{GROUP}/1", id="unknown"),
        pytest.param("latest", [], "none", id="none"),
        pytest.param("", [package(1)], f"{GROUP}/1", id="no name"),
    ],
)
def test_a_wrong_package_is_answered_with_the_right_ones(
    sagemaker: Stubber, text: str, listed: list[dict[str, Any]], known: str
) -> None:
    """The message lists what there is."""
    if text not in {"", "latest"}:
        sagemaker.add_client_error(
            "describe_model_package", "ValidationException", f"{text} does not exist.", 400
        )
    answer(sagemaker, "list_model_packages", LIST, ModelPackageSummaryList=listed)
    with pytest.raises(AccountError) as raised:
        find_package(text, SITE, clients(sagemaker))
    assert str(raised.value) == f"There is no model package '{text}'. Packages: {known}."


@pytest.mark.parametrize(
    ("note", "more"),
    [
        pytest.param("sharp", {"ApprovalDescription": "sharp"}, id="note"),
        pytest.param("", {}, id="none, so that an earlier one stays"),
    ],
)
def test_a_package_is_approved(sagemaker: Stubber, note: str, more: dict[str, str]) -> None:
    """Nothing else of it is sent."""
    request = {"ModelPackageArn": f"{ARN}/2", "ModelApprovalStatus": "Approved", **more}
    answer(sagemaker, "update_model_package", request, ModelPackageArn=f"{ARN}/2")
    found = Package(arn=f"{ARN}/2", group=GROUP, version=2, status="", created=START)
    set_approval(found, "Approved", clients(sagemaker), note=note)


def tell_approved(sagemaker: Stubber, **hyperparameters: str) -> None:
    """The newest approved package was trained with these."""
    deployed = [
        {"PipelineName": SITE.pipeline_name(name), "PipelineArn": SITE.pipeline_arn(name)}
        for name in PIPELINES
    ]
    answer(
        sagemaker,
        "list_pipelines",
        {"PipelineNamePrefix": SITE.project, "MaxResults": 100},
        PipelineSummaries=deployed,
    )
    listed = [package(2, "Approved")] if hyperparameters else []
    request = {key: value for key, value in LIST.items() if key != "MaxResults"}
    answer(
        sagemaker,
        "list_model_packages",
        {**request, "ModelApprovalStatus": "Approved"},
        ModelPackageSummaryList=listed,
    )
    if listed:
        answer(
            sagemaker,
            "describe_model_package",
            {"ModelPackageName": f"{ARN}/2"},
            **package(2),
            CustomerMetadataProperties={
                f"hyperparameter.{name}": value for name, value in hyperparameters.items()
            },
        )


def parameters(account: Account, pipeline: str) -> dict[str, str]:
    """What a schedule starts its pipeline with."""
    schedule = account.clients.scheduler.get_schedule(
        GroupName=SITE.schedule_group, Name=f"{SITE.project}.{pipeline}"
    )
    items = json.loads(schedule["Target"]["Input"])["PipelineParameters"]
    return {item["Name"]: item["Value"] for item in items}


@pytest.fixture
def scheduled(account: Account) -> Account:
    """An account with the schedules of a site that is declared otherwise by now."""
    site = replace(SITE, retraining_schedule="rate(3 days)")
    wanted = trigger_requests(site, pipelines=PIPELINES, approved={"Epochs": "20", "Dropout": "0"})
    account_clients = account.clients
    reconcile_triggers(wanted, scheduler=account_clients.scheduler, events=account_clients.events)
    account.forget()
    return account


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_schedules_train_as_is_approved(scheduled: Account, sagemaker: Stubber) -> None:
    """Only the parameters of the schedule that repeats a training change, and only once."""
    before = parameters(scheduled, "monitoring")
    for num_reads, expected in ((2, ["updated schedule dogs.retraining"]), (1, [])):
        for _ in range(num_reads):  # The second time under the lease.
            tell_approved(sagemaker, epochs="30", dropout="0.2")
        changes = train_as_approved(SITE, of(scheduled, sagemaker))
        assert [str(change) for change in changes] == expected
    assert parameters(scheduled, "retraining")["Epochs"] == "30"
    assert parameters(scheduled, "monitoring") == before
    schedule = scheduled.clients.scheduler.get_schedule(
        GroupName=SITE.schedule_group, Name="dogs.retraining"
    )
    assert schedule["ScheduleExpression"] == "rate(3 days)"
    assert scheduled.writes == ["s3:PutObject", "scheduler:UpdateSchedule", "s3:DeleteObject"]


def of(account: Account, sagemaker: Stubber) -> Any:
    """The account's clients, of which SageMaker's is stubbed."""
    return clients(sagemaker, s3=account.clients.s3, scheduler=account.clients.scheduler)


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_schedules_are_left_to_a_writer_at_work(scheduled: Account, sagemaker: Stubber) -> None:
    """Of two that write what they read, the slower one would undo what the other did."""
    tell_approved(sagemaker, epochs="30")
    with publishing(SITE, scheduled.clients.s3, "ben@build"):
        scheduled.forget()
        with pytest.raises(LeaseError, match=r"^'ben@build' is publishing, until "):
            train_as_approved(SITE, of(scheduled, sagemaker))
        assert scheduled.writes == ["s3:PutObject"]  # which is refused
    assert parameters(scheduled, "retraining")["Epochs"] == "20"


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_without_an_approved_package_the_defaults_hold(
    scheduled: Account, sagemaker: Stubber
) -> None:
    """The only approved one was rejected."""
    for _ in range(2):
        tell_approved(sagemaker)
    train_as_approved(SITE, of(scheduled, sagemaker))
    assert parameters(scheduled, "retraining") == {}


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_schedule_that_is_not_there_is_not_made(account: Account, sagemaker: Stubber) -> None:
    """Publishing is up to an upsert."""
    tell_approved(sagemaker, epochs="30")
    assert train_as_approved(SITE, of(account, sagemaker)) == []
    assert account.writes == []
