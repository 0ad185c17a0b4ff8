"""Tests of pipelines.reconcile, against stubbed clients and against moto's services."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from pipelines.reconcile import TriggerError, delete_triggers, reconcile_triggers
from pipelines.trigger_requests import TriggerRequests, trigger_requests
from steps.site import Site

SITE = Site(project="dogs")
PIPELINES = ("monitoring", "retraining", "deployment")
CREDENTIALS = {
    "region_name": "us-east-1",
    "aws_access_key_id": "a",
    "aws_secret_access_key": "b",
}
BUS = "arn:aws:events:us-east-1:111122223333:rule"


def wanted(site: Site = SITE, **approved: str) -> TriggerRequests:
    """The requests for all pipelines."""
    return trigger_requests(site, pipelines=PIPELINES, approved=approved)


NOTHING = trigger_requests(SITE, pipelines=[], approved={})


@pytest.fixture
def account() -> Iterator[dict[str, Any]]:
    """Clients of an account of moto's, with the group of the schedules."""
    with mock_aws():
        clients = {name: boto3.client(name, **CREDENTIALS) for name in ("scheduler", "events")}
        clients["scheduler"].create_schedule_group(Name="dogs")
        yield clients


@pytest.fixture
def stubs() -> Iterator[dict[str, Stubber]]:
    """Stubbed clients, by service."""
    session = botocore.session.Session()
    found = {
        name: Stubber(session.create_client(name, **CREDENTIALS))
        for name in ("scheduler", "events")
    }
    for stub in found.values():
        stub.activate()
    yield found
    for stub in found.values():
        stub.assert_no_pending_responses()


def clients(stubs: dict[str, Stubber]) -> dict[str, Any]:
    """The clients of the stubs."""
    return {name: stub.client for name, stub in stubs.items()}


def words(changes: list[Any]) -> list[str]:
    """The changes as a person reads them."""
    return [str(change) for change in changes]


def test_a_life_in_an_account(account: dict[str, Any]) -> None:
    """What is declared is created, then left alone, then changed, then deleted."""
    assert words(reconcile_triggers(wanted(), **account)) == [
        "created schedule dogs.monitoring",
        "created schedule dogs.retraining",
        "created rule dogs.drift",
        "created rule dogs.approval",
    ]
    schedule = account["scheduler"].get_schedule(GroupName="dogs", Name="dogs.monitoring")
    assert schedule["ScheduleExpression"] == "cron(0 * * * ? *)"
    (target,) = account["events"].list_targets_by_rule(Rule="dogs.drift")["Targets"]
    assert target == wanted().rules[0].target

    assert reconcile_triggers(wanted(), **account) == []

    changed = replace(SITE, monitoring_schedule="rate(1 day)", model_package_group="hounds")
    assert words(reconcile_triggers(wanted(changed, LearningRate="0.1"), **account)) == [
        "updated schedule dogs.monitoring",
        "updated schedule dogs.retraining",
        "updated rule dogs.drift",
        "updated rule dogs.approval",
    ]
    assert reconcile_triggers(wanted(changed, LearningRate="0.1"), **account) == []

    assert words(reconcile_triggers(NOTHING, **account)) == [
        "deleted schedule dogs.monitoring",
        "deleted schedule dogs.retraining",
        "deleted rule dogs.approval",
        "deleted rule dogs.drift",
    ]
    assert account["scheduler"].list_schedules(GroupName="dogs")["Schedules"] == []
    assert account["events"].list_rules()["Rules"] == []


def test_what_is_not_declared_is_deleted_alone(account: dict[str, Any]) -> None:
    """Nothing is created, and what is declared otherwise by now stays as it is."""
    reconcile_triggers(wanted(), **account)
    changed = replace(SITE, monitoring_schedule="rate(1 day)", model_package_group="hounds")
    kept = trigger_requests(changed, pipelines=["monitoring", "scoring"], approved={})
    assert words(delete_triggers(kept, **account)) == [
        "deleted schedule dogs.retraining",
        "deleted rule dogs.approval",
        "deleted rule dogs.drift",
    ]
    schedule = account["scheduler"].get_schedule(GroupName="dogs", Name="dogs.monitoring")
    assert schedule["ScheduleExpression"] == "cron(0 * * * ? *)"
    assert delete_triggers(wanted(), **account) == []


def test_other_projects_are_left_alone(account: dict[str, Any]) -> None:
    """A project whose name begins alike, in the same group, keeps what is its own."""
    other = wanted(replace(SITE, project="dogs-b", schedule_group="dogs"))
    reconcile_triggers(other, **account)

    reconcile_triggers(wanted(), **account)
    reconcile_triggers(NOTHING, **account)

    assert reconcile_triggers(other, **account) == []


def test_what_was_changed_by_hand_is_as_declared_again(account: dict[str, Any]) -> None:
    """A rule that was disabled, a target that was added, a schedule that was renamed."""
    reconcile_triggers(wanted(), **account)
    account["events"].disable_rule(Name="dogs.approval")
    account["events"].put_targets(
        Rule="dogs.drift",
        Targets=[{"Id": "other", "Arn": "arn:aws:lambda:us-east-1:111122223333:function:other"}],
    )
    account["scheduler"].create_schedule(**{**wanted().schedules[0], "Name": "dogs.old"})

    assert words(reconcile_triggers(wanted(), **account)) == [
        "deleted schedule dogs.old",
        "updated rule dogs.drift",
        "updated rule dogs.approval",
    ]
    (target,) = account["events"].list_targets_by_rule(Rule="dogs.drift")["Targets"]
    assert target["Id"] == "start_retraining"
    assert account["events"].describe_rule(Name="dogs.approval")["State"] == "ENABLED"


def test_the_exact_requests(stubs: dict[str, Stubber]) -> None:
    """Every operation, its order and its request, where one thing is there and another is new."""
    requests = trigger_requests(SITE, pipelines=["monitoring", "deployment"], approved={})
    (schedule,) = requests.schedules
    (approval,) = requests.rules
    summary = {"Name": "dogs.monitoring", "GroupName": "dogs"}
    scheduler, events = stubs["scheduler"], stubs["events"]
    page = {"GroupName": "dogs", "NamePrefix": "dogs."}
    scheduler.add_response(
        "list_schedules", {"Schedules": [summary], "NextToken": "more"}, dict(page)
    )
    scheduler.add_response(
        "list_schedules",
        {"Schedules": [{**summary, "Name": "dogs.old"}]},
        {**page, "NextToken": "more"},
    )
    scheduler.add_response(
        "get_schedule",
        {**schedule, "State": "DISABLED"},
        {"GroupName": "dogs", "Name": "dogs.monitoring"},
    )
    scheduler.add_response(
        "get_schedule", {**schedule, "Name": "dogs.old"}, {"GroupName": "dogs", "Name": "dogs.old"}
    )
    arn = {"ScheduleArn": "arn:aws:scheduler:us-east-1:111122223333:schedule/dogs/dogs.monitoring"}
    scheduler.add_response("update_schedule", arn, dict(schedule))
    scheduler.add_response("delete_schedule", {}, {"GroupName": "dogs", "Name": "dogs.old"})
    events.add_response("list_rules", {"Rules": [{"Name": "dogs.drift"}]}, {"NamePrefix": "dogs."})
    events.add_response(
        "list_targets_by_rule",
        {"Targets": [{"Id": "start_retraining", "Arn": "arn:aws:lambda"}]},
        {"Rule": "dogs.drift"},
    )
    events.add_response("put_rule", {"RuleArn": f"{BUS}/dogs.approval"}, dict(approval.rule))
    events.add_response(
        "put_targets",
        {"FailedEntryCount": 0, "FailedEntries": []},
        {"Rule": "dogs.approval", "Targets": [approval.target]},
    )
    events.add_response(
        "remove_targets",
        {"FailedEntryCount": 0, "FailedEntries": []},
        {"Rule": "dogs.drift", "Ids": ["start_retraining"]},
    )
    events.add_response("delete_rule", {}, {"Name": "dogs.drift"})

    assert words(reconcile_triggers(requests, **clients(stubs))) == [
        "updated schedule dogs.monitoring",
        "deleted schedule dogs.old",
        "created rule dogs.approval",
        "deleted rule dogs.drift",
    ]


def test_a_group_that_is_not_there_is_named(stubs: dict[str, Stubber]) -> None:
    """The message says whose work it is to make the group, and which setting names it."""
    stubs["scheduler"].add_client_error("list_schedules", "ResourceNotFoundException", "no", 404)
    with pytest.raises(TriggerError) as caught:
        reconcile_triggers(wanted(), **clients(stubs))
    assert str(caught.value) == (
        "The schedule group 'dogs' does not exist; deploy the template that 'pipelines stack' "
        "prints, or name another with SITE_SCHEDULE_GROUP."
    )


def test_who_has_no_schedules_needs_no_group(stubs: dict[str, Stubber]) -> None:
    """Neither to make rules, nor to delete what is left when the group is gone."""
    stubs["scheduler"].add_client_error("list_schedules", "ResourceNotFoundException", "no", 404)
    stubs["events"].add_response("list_rules", {"Rules": []}, {"NamePrefix": "dogs."})
    assert reconcile_triggers(NOTHING, **clients(stubs)) == []
    stubs["scheduler"].add_client_error("list_schedules", "ResourceNotFoundException", "no", 404)
    stubs["events"].add_response("list_rules", {"Rules": [{"Name": "dogs.old"}]})
    target = {"Id": "old", "Arn": "arn:aws:lambda:us-east-1:111122223333:function:old"}
    stubs["events"].add_response("list_targets_by_rule", {"Targets": [target]})
    stubs["events"].add_response("remove_targets", {"FailedEntryCount": 0})
    stubs["events"].add_response("delete_rule", {}, {"Name": "dogs.old"})
    assert words(delete_triggers(wanted(), **clients(stubs))) == ["deleted rule dogs.old"]


def test_a_target_that_is_refused_is_an_error(stubs: dict[str, Stubber]) -> None:
    """The service says so in its answer only."""
    requests = trigger_requests(SITE, pipelines=["deployment"], approved={})
    stubs["scheduler"].add_response("list_schedules", {"Schedules": []})
    stubs["events"].add_response("list_rules", {"Rules": []})
    stubs["events"].add_response("put_rule", {})
    entry = {"TargetId": "deployment", "ErrorCode": "ValidationException", "ErrorMessage": "No."}
    stubs["events"].add_response("put_targets", {"FailedEntryCount": 1, "FailedEntries": [entry]})
    with pytest.raises(TriggerError) as caught:
        reconcile_triggers(requests, **clients(stubs))
    assert str(caught.value) == (
        "Target 'deployment' of rule 'dogs.approval' was refused: ValidationException: No."
    )
