"""Tests of tests.aws: the account notices what AWS would not accept, and moto does."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.aws import SITE, Account, Call, Crash, Fault, account, aws_server

__all__ = ["account", "aws_server"]

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

PIPELINE: Mapping[str, Any] = {
    "PipelineName": "dogs-training",
    "PipelineDefinition": "{}",
    "RoleArn": SITE.role_arn,
}


@pytest.mark.parametrize(
    ("member", "value", "problem"),
    [
        ("PipelineName", "dogs_training", "is 'dogs_training'; expected the form"),
        ("ClientRequestToken", "short", "ClientRequestToken is 5; expected 32 to 128"),
        ("Tags", [{"Key": "k"}], r"Tags\[0\] lacks Value"),
        ("Tags", [{"Key": "k" * 129, "Value": ""}], r"Tags\[0\].Key is 129; expected 1 to 128"),
        ("ParallelismConfiguration", {"Max": 1}, "ParallelismConfiguration knows no Max"),
        (
            "ParallelismConfiguration",
            {"MaxParallelExecutionSteps": 0},
            "MaxParallelExecutionSteps is 0; expected 1 to None",
        ),
    ],
)
def test_a_request_that_the_service_would_not_accept(
    account: Account, member: str, value: object, problem: str
) -> None:
    """Forms, lengths, numbers, required and unknown members."""
    with pytest.raises(AssertionError, match=problem):
        account.clients.sagemaker.create_pipeline(**{**PIPELINE, member: value})


def test_values_and_maps_are_compared(account: Account) -> None:
    """What a list of values does not have, and what is inside of maps."""
    with pytest.raises(AssertionError, match="SortBy is 'Size'; expected one of"):
        account.clients.sagemaker.list_pipelines(SortBy="Size")
    with pytest.raises(AssertionError, match=r"Variables.9 is '9'; expected the form"):
        account.clients.lambda_.update_function_configuration(
            FunctionName="f", Environment={"Variables": {"9": ""}}
        )


def test_a_dead_process_calls_nothing(account: Account) -> None:
    """After its crash every call is one, also of whoever cleans up."""
    client = account.clients.sagemaker
    account.faults = lambda *_: Fault.CRASH_BEFORE
    for _ in range(2):
        with pytest.raises(Crash):
            client.create_pipeline(**PIPELINE)
    account.forget()
    assert client.list_pipelines()["PipelineSummaries"] == []


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.SERVER_ERROR])
@pytest.mark.parametrize(
    ("name", "operation"),
    [
        ("sagemaker", "list_pipelines"),
        ("s3", "list_buckets"),
        ("lambda_", "list_functions"),
        ("scheduler", "list_schedules"),
        ("events", "list_rules"),
        ("sts", "get_caller_identity"),
        ("iam", "list_roles"),
    ],
)
def test_a_refusal_in_the_form_of_each_service(
    account: Account, name: str, operation: str, fault: Fault
) -> None:
    """Each client reads it as what it is to be, and tries again."""
    numbers: list[int] = []

    def refuse_twice(_: Call, attempts: int) -> Fault | None:
        numbers.append(attempts)
        return fault if attempts <= 1 else None

    account.faults = refuse_twice
    getattr(getattr(account.clients, name), operation)()
    assert numbers == [0, 1, 2]
