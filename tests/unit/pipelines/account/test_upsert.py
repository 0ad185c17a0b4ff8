"""Tests of pipelines.account.upsert: what whoever starts the pipeline gets, whatever happens."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from botocore.stub import Stubber

from pipelines.account.errors import AccountError, LeaseError
from pipelines.account.lease import publishing
from pipelines.account.upsert import upsert
from pipelines.plan import plan
from tests.aws import SITE, Account, Call, Crash, Fault
from tests.unit.pipelines.account.conftest import Version
from tests.unit.pipelines.account.leases import end_lease

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

Versions = Callable[[int], Version]


def deployed(account: Account, *versions: Version) -> Version | None:
    """Which version is deployed: with every object and function that it names."""
    clients = account.clients
    names = [
        item["PipelineName"] for item in clients.sagemaker.list_pipelines()["PipelineSummaries"]
    ]
    if "dogs-retraining" not in names:
        return None
    text = clients.sagemaker.describe_pipeline(PipelineName="dogs-retraining")["PipelineDefinition"]
    (version,) = [item for item in versions if item.compiled.definition == text]
    for uri, content in version.compiled.objects.items():
        key = uri.removeprefix(f"s3://{SITE.bucket}/")
        assert clients.s3.get_object(Bucket=SITE.bucket, Key=key)["Body"].read() == content
    function = version.function
    name = {"FunctionName": function.name}
    alias = clients.lambda_.get_alias(**name, Name=function.alias)
    configuration = clients.lambda_.get_function_configuration(
        **name, Qualifier=alias["FunctionVersion"]
    )
    digest = hashlib.sha256(function.code.zip_archive()).digest()
    assert configuration["CodeSha256"] == base64.b64encode(digest).decode()
    return version


def assert_rules_are_complete(account: Account) -> None:
    """Every rule that is there has its target, which is there and lets it in."""
    clients = account.clients
    for rule in clients.events.list_rules()["Rules"]:
        targets = clients.events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        for target in targets:
            _, name, alias = target["Arn"].rsplit(":", 2)
            clients.lambda_.get_alias(FunctionName=name, Name=alias)
            policy = clients.lambda_.get_policy(FunctionName=name, Qualifier=alias)["Policy"]
            assert json.loads(policy)["Statement"]


def has_no_changes(account: Account, version: Version) -> bool:
    """Whether another upsert would do nothing."""
    state = version.state(account.clients)
    return not plan(state.release, state.deployed).has_changes


def test_the_life_of_a_pipeline(with_monitoring: Account, version: Versions) -> None:
    """It is created with all it needs, left alone, and changed; old functions go a version late."""
    account, clients = with_monitoring, with_monitoring.clients
    first, second, third = (version(number) for number in range(3))
    retraining = first.state(clients).release.functions[1]
    assert first.upsert(clients) == [
        f"published function dogs-find_approved_model  {first.function.alias}",
        f"published function dogs-start_retraining  {retraining.alias}",
        "created pipeline dogs-retraining",
        "created schedule dogs.monitoring",
        "created schedule dogs.retraining",
        "created rule dogs.drift",
    ]
    assert deployed(account, first) == first
    assert_rules_are_complete(account)

    account.forget()
    assert first.upsert(clients) == []
    assert account.writes == []

    assert second.upsert(clients) == [
        f"published function dogs-find_approved_model  {second.function.alias}",
        "updated pipeline dogs-retraining",
        "set tags",
        "updated schedule dogs.retraining",
    ]
    assert deployed(account, first, second) == second
    tags = clients.sagemaker.list_tags(ResourceArn=SITE.pipeline_arn("retraining"))["Tags"]
    assert tags[-1] == {"Key": "version", "Value": "1"}
    assert third.upsert(clients)[-1] == (
        f"removed function dogs-find_approved_model  {first.function.alias}"
    )
    aliases = clients.lambda_.list_aliases(FunctionName="dogs-find_approved_model")["Aliases"]
    assert {alias["Name"] for alias in aliases} == {second.function.alias, third.function.alias}
    assert has_no_changes(account, third)


FAULTS = [Fault.THROTTLED, Fault.SERVER_ERROR, Fault.RESET, Fault.TIMED_OUT]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_every_single_call(
    with_monitoring: Account, version: Versions, fault: Fault
) -> None:
    """Whatever meets the first attempt of each call, the second one completes it."""
    account, versions = with_monitoring, [version(number) for number in range(3)]
    for item in versions:
        account.faults = lambda _, attempts: fault if attempts == 0 else None
        item.upsert(account.clients)
        account.faults = None
        assert deployed(account, *versions) == item
    assert_rules_are_complete(account)
    assert has_no_changes(account, versions[-1])


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.RESET])
def test_nobody_is_told_whose_account_it_is(
    account: Account, version: Versions, caplog: pytest.LogCaptureFixture, fault: Fault
) -> None:
    """Nothing is logged while it goes well; where the service fails, no name of it is told."""
    told = version(0).upsert(account.clients)
    assert caplog.records == []
    for operation in ("ListObjectsV2", "PutObject", "UpdatePipeline", "DeleteObject"):
        account.faults = lambda call, _, name=operation: fault if call.operation == name else None
        try:
            told += version(1).upsert(account.clients)
        except AccountError as error:
            told.append(str(error))
        account.forget()
    told += caplog.messages
    assert len(told) > len(caplog.messages) > 0
    assert not [text for text in told if SITE.account in text or SITE.bucket in text]


def test_a_crash_after_every_single_write(with_monitoring: Account, version: Versions) -> None:
    """The pipeline is the one before or the new one, complete, and the next attempt goes on."""
    account, versions = with_monitoring, [version(number) for number in range(2)]
    assert [crashes(account, item, *versions) for item in versions] == [20, 11]
    assert_rules_are_complete(account)
    assert has_no_changes(account, versions[-1])


def crashes(account: Account, new: Version, *versions: Version) -> int:
    """Publish with a crash after each write that was not made before; how many there were."""
    before, seen = deployed(account, *versions), set[str]()

    def fault(call: Call, _: int) -> Fault | None:
        if call.is_read or written(call) in seen:
            return None
        seen.add(written(call))
        return Fault.CRASH_AFTER

    while True:
        account.forget()
        account.faults = fault
        try:
            new.upsert(account.clients)
        except Crash:
            account.forget()
            assert deployed(account, *versions) in {before, new}
            assert_rules_are_complete(account)
            end_lease(account)
        else:
            account.forget()
            assert deployed(account, *versions) == new
            return len(seen)


def written(call: Call) -> str:
    """What a call writes, but for what is new in each attempt."""
    words = {
        name: value
        for name, value in call.request.items()
        if isinstance(value, str) and name != "IfMatch" and not name.endswith("Token")
    }
    return f"{call} {words}"


def test_a_crash_before_the_switch(account: Account, version: Versions) -> None:
    """Everything new is there, and nothing uses it."""
    first, second = version(0), version(1)
    first.upsert(account.clients)

    def fault(call: Call, _: int) -> Fault | None:
        return Fault.CRASH_BEFORE if call.operation == "UpdatePipeline" else None

    account.faults = fault
    with pytest.raises(Crash):
        second.upsert(account.clients)
    account.forget()
    assert deployed(account, first, second) == first
    state = second.state(account.clients)
    assert not state.deployed.missing_objects
    assert second.function.arn in state.deployed.functions


def test_the_old_one_stays_where_the_service_fails(
    with_monitoring: Account, version: Versions
) -> None:
    """The error says to run the command again, which completes it."""
    account, first, second = with_monitoring, version(0), version(1)
    first.upsert(account.clients)

    def fail(call: Call, _: int) -> Fault | None:
        return Fault.SERVER_ERROR if call.operation == "UpdatePipeline" else None

    account.faults = fail
    with pytest.raises(AccountError) as caught:
        second.upsert(account.clients)
    assert str(caught.value) == (
        "sagemaker:UpdatePipeline failed in the service again and again (InternalFailure, 500); "
        "run the command again later."
    )
    account.forget()
    assert deployed(account, first, second) == first
    assert second.upsert(account.clients) == [
        "updated pipeline dogs-retraining",
        "set tags",
        "updated schedule dogs.retraining",
    ]
    assert deployed(account, first, second) == second


def test_the_attempts_of_one_creation_have_one_token(account: Account, version: Versions) -> None:
    """The service creates one pipeline, however often the answer is lost; another call is new."""
    account.faults = lambda _, attempts: Fault.TIMED_OUT if attempts == 0 else None
    tokens = set()
    for _ in range(2):
        version(0).upsert(account.clients)
        (create,) = [call for call in account.calls if call.operation == "CreatePipeline"]
        tokens.add(create.request["ClientRequestToken"])
        account.forget()
        account.clients.sagemaker.delete_pipeline(PipelineName="dogs-retraining")
    assert len(tokens) == 2


def test_a_second_writer_is_refused(account: Account, version: Versions) -> None:
    """Before it has written anything."""
    state = version(0).state(account.clients)
    with publishing(SITE, account.clients.s3, "ben@build"):
        account.forget()
        with pytest.raises(LeaseError, match=r"^'ben@build' is publishing, until "):
            upsert(state, version(0).site, account.clients, owner="anna@laptop", say=print)
    assert deployed(account) is None


@pytest.mark.parametrize("last", ["published function", "updated pipeline", "updated schedule"])
def test_a_writer_that_lost_its_lease_changes_nothing_more(
    account: Account, version: Versions, last: str
) -> None:
    """It slept; another one published; it wakes up before it goes on."""
    clients = account.clients
    *earlier, mine, other = versions = [version(number) for number in range(4)]
    for item in earlier:
        item.upsert(clients)
    state = mine.state(clients)

    def say(line: str) -> None:
        if line.startswith(last):
            end_lease(account)
            other.upsert(clients)

    with pytest.raises(LeaseError, match="another writer took over"):
        upsert(state, mine.site, clients, owner="anna@laptop", say=say)
    assert deployed(account, *versions) == other
    assert has_no_changes(account, other)


def test_what_changed_since_it_was_read_is_not_overwritten(
    account: Account, version: Versions
) -> None:
    """What was shown to a person is what is done, or nothing."""
    clients = account.clients
    first, second = version(0), version(1)
    state = first.state(clients)
    second.upsert(clients)
    with pytest.raises(AccountError) as caught:
        upsert(state, first.site, clients, owner="anna@laptop", say=print)
    assert str(caught.value) == (
        "What there is of pipeline 'dogs-retraining' has changed since it was read; run the "
        "command again."
    )
    assert deployed(account, first, second) == second


def test_a_target_that_is_refused_is_the_account_s_word(
    with_monitoring: Account, version: Versions
) -> None:
    """The service's reason is told, without the number of the account."""
    clients = with_monitoring.clients
    state = version(0).state(clients)
    entry = {
        "TargetId": "start_retraining",
        "ErrorCode": "ValidationException",
        "ErrorMessage": "No arn:aws:lambda:us-east-1:111122223333:function:dogs.",
    }
    with Stubber(clients.events) as stub:
        stub.add_response("list_rules", {"Rules": []})  # of the state
        stub.add_response("list_rules", {"Rules": []})
        stub.add_response("put_rule", {})
        stub.add_response("put_targets", {"FailedEntryCount": 1, "FailedEntries": [entry]})
        with pytest.raises(AccountError) as caught:
            upsert(state, version(0).site, clients, owner="anna@laptop", say=lambda _: None)
    assert str(caught.value) == (
        "Target 'start_retraining' of rule 'dogs.drift' was refused: ValidationException: No "
        "arn:aws:lambda:us-east-1:<account>:function:dogs."
    )


def test_a_long_definition_goes_through_s3(account: Account, version: Versions) -> None:
    """Under a name of its content, in the object that the request names."""
    long = replace(version(0), padding=120_000)
    long.upsert(account.clients)
    (create,) = [call for call in account.calls if call.operation == "CreatePipeline"]
    digest = hashlib.sha256(long.compiled.definition.encode()).hexdigest()
    assert "PipelineDefinition" not in create.request
    location = {
        "Bucket": SITE.bucket,
        "ObjectKey": f"dogs/definitions/retraining-{digest}.json",
    }
    assert create.request["PipelineDefinitionS3Location"] == location
    found = account.clients.s3.get_object(Bucket=SITE.bucket, Key=location["ObjectKey"])
    assert found["Body"].read().decode() == long.compiled.definition


def test_the_request_of_a_pipeline(account: Account, version: Versions) -> None:
    """All members are given, as an update leaves what it does not get as it is."""
    for number in range(2):
        version(number).upsert(account.clients)
    create, update = [
        call.request
        for call in account.calls
        if call.operation in {"CreatePipeline", "UpdatePipeline"}
    ]
    assert update == {
        "PipelineName": "dogs-retraining",
        "PipelineDescription": (
            "Train on new data with known hyperparameters, evaluate and register."
        ),
        "RoleArn": "arn:aws:iam::111122223333:role/dogs-execution",
        "ParallelismConfiguration": {"MaxParallelExecutionSteps": 10},
        "PipelineDefinition": version(1).compiled.definition,
    }
    assert create.keys() - update.keys() == {"ClientRequestToken", "Tags"}
    assert create["Tags"] == [{"Key": "version", "Value": "0"}]
