"""Tests of pipelines.account.functions."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from pipelines.account.errors import AccountError
from pipelines.account.functions import called, is_published, publish, remove_unused
from steps.lambda_function import Function, lambda_function
from tests.aws import SITE, Account
from tests.unit.pipelines.account.conftest import Version
from tests.unit.stubs import stubbed

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

RULED = lambda_function(
    "start_retraining",
    SITE,
    reserved_concurrency=1,
    rules_arn="arn:aws:events:us-east-1:111122223333:rule/dogs.*",
)


@pytest.fixture
def lambda_() -> Iterator[Stubber]:
    """A stubbed client."""
    yield from stubbed("lambda")


@pytest.fixture
def functions(version: Callable[[int], Version]) -> list[Function]:
    """A function with three versions of its code."""
    return [version(number).function for number in range(3)]


def never(_: float) -> None:
    """Wait, where there is nothing to wait for."""
    raise AssertionError


def checksum(function: Function) -> str:
    """What Lambda calls the code's SHA-256."""
    return base64.b64encode(hashlib.sha256(function.code.zip_archive()).digest()).decode()


def test_every_version_has_its_code_under_its_alias(
    account: Account, functions: list[Function]
) -> None:
    """A later version leaves those before as they are."""
    client = account.clients.lambda_
    for function in functions:
        assert not is_published(function, client)
        publish(function, client, never)
        assert is_published(function, client)
    for number, function in enumerate(functions, start=1):
        alias = client.get_alias(FunctionName=function.name, Name=function.alias)
        assert alias["AliasArn"] == function.arn
        assert alias["FunctionVersion"] == str(number)
        configuration = client.get_function_configuration(
            FunctionName=function.name, Qualifier=str(number)
        )
        assert configuration["CodeSha256"] == checksum(function)
        assert configuration["Timeout"] == 600
        assert configuration["Handler"] == (
            "infrastructure.functions.find_approved_model.handler.handler"
        )


def test_what_is_published_again_is_not_written_again(
    account: Account, functions: list[Function]
) -> None:
    """The alias that is there is left alone."""
    publish(functions[0], account.clients.lambda_, never)
    account.forget()
    publish(functions[0], account.clients.lambda_, never)
    assert account.writes == ["lambda:PublishVersion", "lambda:CreateAlias"]


def test_a_configuration_is_part_of_a_version(account: Account, functions: list[Function]) -> None:
    """What was changed by hand is as declared again before a version is made of it."""
    client = account.clients.lambda_
    publish(functions[0], client, never)
    client.update_function_configuration(FunctionName=functions[0].name, Timeout=3)
    publish(functions[1], client, never)
    configuration = client.get_function_configuration(FunctionName=functions[1].name, Qualifier="2")
    assert configuration["Timeout"] == 600


def test_rules_may_call_the_alias(account: Account) -> None:
    """Only rules, only the project's, only this version, and one at a time."""
    client = account.clients.lambda_
    publish(RULED, client, never)
    (permission,) = [call for call in account.calls if call.operation == "AddPermission"]
    assert permission.request == {
        "FunctionName": "dogs-start_retraining",
        "Qualifier": RULED.alias,
        "StatementId": "rules",
        "Action": "lambda:InvokeFunction",
        "Principal": "events.amazonaws.com",
        "SourceArn": "arn:aws:events:us-east-1:111122223333:rule/dogs.*",
    }
    concurrency = client.get_function_concurrency(FunctionName=RULED.name)
    assert concurrency["ReservedConcurrentExecutions"] == 1
    assert is_published(RULED, client)
    publish(RULED, client, never)


def test_without_its_permission_it_is_not_published(lambda_: Stubber) -> None:
    """The alias alone is half of it."""
    name = {"FunctionName": RULED.name}
    lambda_.add_response("get_alias", {}, {**name, "Name": RULED.alias})
    lambda_.add_client_error(
        "get_policy",
        "ResourceNotFoundException",
        expected_params={**name, "Qualifier": RULED.alias},
    )
    assert not is_published(RULED, lambda_.client)
    lambda_.add_response("get_alias", {})
    lambda_.add_response("get_policy", {"Policy": '{"Statement": [{"Sid": "other"}]}'})
    assert not is_published(RULED, lambda_.client)


def test_a_function_is_waited_for(lambda_: Stubber, functions: list[Function]) -> None:
    """Until it, what was changed in it, and its version are ready, a second at a time."""
    function = functions[0]
    name, waits = {"FunctionName": function.name}, list[float]()
    latest, third = {**name, "Qualifier": "$LATEST"}, {**name, "Qualifier": "3"}
    ready = {**function.configuration, "State": "Active", "LastUpdateStatus": "Successful"}
    old = {**ready, "CodeSha256": "old", "MemorySize": 128}
    expect = lambda_.add_response
    expect("get_function_configuration", old, name)
    expect("get_function_configuration", {**old, "State": "Pending"}, latest)
    expect("get_function_configuration", old, latest)
    expect("update_function_configuration", {}, {**name, **function.configuration})
    new = {**ready, "CodeSha256": "old"}
    expect("get_function_configuration", {**new, "LastUpdateStatus": "InProgress"}, latest)
    expect("get_function_configuration", new, latest)
    expect("update_function_code", {}, {**name, "ZipFile": function.code.zip_archive()})
    expect("get_function_configuration", ready, latest)
    expect("publish_version", {"Version": "3"}, {**name, "CodeSha256": checksum(function)})
    expect("get_function_configuration", {**ready, "State": "Pending"}, third)
    expect("get_function_configuration", ready, third)
    expect("create_alias", {}, {**name, "Name": function.alias, "FunctionVersion": "3"})
    publish(function, lambda_.client, waits.append)
    assert waits == [1.0, 1.0, 1.0]


def test_a_function_that_is_never_ready(lambda_: Stubber, functions: list[Function]) -> None:
    """The wait has an end."""
    waits = list[float]()
    for _ in range(121):
        lambda_.add_response("get_function_configuration", {"State": "Pending"})
    with pytest.raises(AccountError) as caught:
        publish(functions[0], lambda_.client, waits.append)
    assert waits == [1.0] * 120
    assert str(caught.value) == (
        "Function 'dogs-find_approved_model' is not ready after 120 s; run the command again "
        "later, it goes on where it was."
    )


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"State": "Failed", "StateReason": "The role is gone."}, "The role is gone"),
        ({"State": "Failed"}, "no reason given"),
    ],
)
def test_a_function_that_could_not_be_created(
    lambda_: Stubber, functions: list[Function], answer: dict[str, Any], reason: str
) -> None:
    """Lambda wants it to be deleted; its own reason is told."""
    lambda_.add_response("get_function_configuration", {})
    lambda_.add_response("get_function_configuration", answer)
    with pytest.raises(AccountError) as caught:
        publish(functions[0], lambda_.client, never)
    assert str(caught.value) == (
        f"Lambda could not create function 'dogs-find_approved_model': {reason}; delete it, and "
        "run the command again."
    )


GIVEN_UP = {"State": "Active", "LastUpdateStatus": "Failed", "LastUpdateStatusReason": "No key."}


def test_an_update_that_lambda_gave_up_is_said(lambda_: Stubber, functions: list[Function]) -> None:
    """Lambda's own reason is told."""
    lambda_.add_response("get_function_configuration", {})
    lambda_.add_response("get_function_configuration", {"MemorySize": 128})
    lambda_.add_response("update_function_configuration", {})
    lambda_.add_response("get_function_configuration", GIVEN_UP)
    with pytest.raises(AccountError) as caught:
        publish(functions[0], lambda_.client, never)
    assert str(caught.value) == (
        "Lambda gave up updating function 'dogs-find_approved_model': No key; run the command "
        "again, it goes on where it was."
    )


def test_an_update_that_lambda_gave_up_is_made_again(
    lambda_: Stubber, functions: list[Function]
) -> None:
    """Also where the function is said to be as it should: which of it is in force is not known."""
    function = functions[0]
    name = {"FunctionName": function.name}
    there = {**function.configuration, "CodeSha256": checksum(function), "State": "Active"}
    expect = lambda_.add_response
    expect("get_function_configuration", {**there, **GIVEN_UP}, name)
    expect("get_function_configuration", {**there, **GIVEN_UP})
    expect("update_function_configuration", {}, {**name, **function.configuration})
    expect("get_function_configuration", there)
    expect("update_function_code", {}, {**name, "ZipFile": function.code.zip_archive()})
    expect("get_function_configuration", there)
    expect("publish_version", {"Version": "3"})
    expect("get_function_configuration", there, {**name, "Qualifier": "3"})
    expect("create_alias", {})
    publish(function, lambda_.client, never)


def test_a_conflict_need_not_mean_that_an_alias_is_there(
    lambda_: Stubber, functions: list[Function]
) -> None:
    """Lambda says the same where somebody else changes the function: no pipeline may call it."""
    function = functions[0]
    there = {**function.configuration, "CodeSha256": checksum(function), "State": "Active"}
    lambda_.add_response("get_function_configuration", there)
    lambda_.add_response("get_function_configuration", there)
    lambda_.add_response("publish_version", {"Version": "3"})
    lambda_.add_response("get_function_configuration", there)
    lambda_.add_client_error("create_alias", "ResourceConflictException", "in progress", 409)
    lambda_.add_client_error("get_alias", "ResourceNotFoundException", "", 404)
    with pytest.raises(AccountError) as caught:
        publish(function, lambda_.client, never)
    assert str(caught.value) == (
        "Function 'dogs-find_approved_model' is being changed by somebody else; run the command "
        "again later, it goes on where it was."
    )


def test_other_refusals_are_not_taken_for_absence(
    lambda_: Stubber, functions: list[Function]
) -> None:
    """A denied call says nothing about what is there."""
    function, client = functions[0], lambda_.client
    lambda_.add_client_error("get_alias", "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDenied"):
        is_published(function, client)
    lambda_.add_client_error("get_function_configuration", "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDenied"):
        publish(function, client, never)
    lambda_.add_client_error("list_aliases", "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDenied"):
        list(remove_unused([function.name], [], client))


def test_calls_are_found_in_texts() -> None:
    """By the ARNs of aliases, wherever they stand; nothing else is one."""
    arn = "arn:aws:lambda:us-east-1:111122223333:function:dogs-smoke_test"
    texts = [f'{{"FunctionArn": "{arn}:code-0123456789ab"}}', arn, f"{arn}:code-01", f"{arn}:7"]
    assert called(texts) == {("dogs-smoke_test", "code-0123456789ab")}


def test_only_what_nothing_calls_is_removed(account: Account, functions: list[Function]) -> None:
    """Versions whose alias goes, or never came; a function without a call goes as a whole."""
    client = account.clients.lambda_
    for function in functions:
        publish(function, client, never)
    name = functions[0].name
    client.update_function_configuration(FunctionName=name, Description="A crash follows.")
    client.publish_version(FunctionName=name)
    used = {(name, functions[1].alias), (name, functions[2].alias)}
    assert list(remove_unused([name, "dogs-unknown"], used, client)) == [
        f"removed function {name}  {functions[0].alias}"
    ]
    versions = client.list_versions_by_function(FunctionName=name)["Versions"]
    assert [version["Version"] for version in versions] == ["$LATEST", "2", "3"]
    assert list(remove_unused([name], used, client)) == []
    assert list(remove_unused([name], [], client)) == [f"removed function {name}"]
    assert client.list_functions()["Functions"] == []


def test_a_version_with_another_alias_stays(lambda_: Stubber) -> None:
    """Somebody may have given one a name of their own."""
    name = {"FunctionName": "f"}
    aliases = [{"Name": "code-1", "FunctionVersion": "1"}, {"Name": "mine", "FunctionVersion": "1"}]
    lambda_.add_response("list_aliases", {"Aliases": aliases}, name)
    lambda_.add_response("delete_alias", {}, {**name, "Name": "code-1"})
    lambda_.add_response("list_versions_by_function", {"Versions": [{"Version": "1"}]}, name)
    assert list(remove_unused(["f"], {("f", "mine")}, lambda_.client)) == [
        "removed function f  code-1"
    ]
