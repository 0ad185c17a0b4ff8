"""Tests of pipelines.account.in_use."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber

from pipelines.account.in_use import calls_in_use, executions_under_way
from tests.aws import SITE
from tests.unit.stubs import stubbed

ARN = "arn:aws:sagemaker:us-east-1:111122223333:pipeline/dogs-scoring/execution"
LISTED = {
    "PipelineName": "dogs-scoring",
    "SortBy": "CreationTime",
    "SortOrder": "Descending",
    "MaxResults": 100,
}


@dataclass
class Clients:
    """The one client that is needed."""

    sagemaker: Any


@pytest.fixture
def sagemaker() -> Iterator[Stubber]:
    """A stubbed client."""
    yield from stubbed("sagemaker")


def definition(digit: str) -> str:
    """A definition that calls a version of a function."""
    arn = "arn:aws:lambda:us-east-1:111122223333:function:dogs-find_model_package"
    return f'{{"Steps": [{{"FunctionArn": "{arn}:code-{digit * 12}"}}]}}'


def executions(*statuses: str) -> dict[str, Any]:
    """An answer of ListPipelineExecutions."""
    return {
        "PipelineExecutionSummaries": [
            {
                "PipelineExecutionArn": f"{ARN}/{status.lower()}",
                "StartTime": datetime(2026, 11, 21, tzinfo=UTC),
                "PipelineExecutionStatus": status,
            }
            for status in statuses
        ]
    }


def test_executions_that_have_not_ended_count(sagemaker: Stubber) -> None:
    """Those that run, and those that are being stopped."""
    statuses = ("Executing", "Stopping", "Stopped", "Failed", "Succeeded")
    sagemaker.add_response("list_pipeline_executions", executions(*statuses), LISTED)
    assert executions_under_way("dogs-scoring", sagemaker.client) == [
        f"{ARN}/executing",
        f"{ARN}/stopping",
    ]


def test_what_is_called(sagemaker: Stubber) -> None:
    """By the pipeline as it is, and by executions that run or may be retried as they began."""
    described = {"PipelineDefinition": definition("a")}
    sagemaker.add_response("describe_pipeline", described, {"PipelineName": "dogs-scoring"})
    statuses = ("Failed", "Executing", "Succeeded", "Stopped")
    sagemaker.add_response("list_pipeline_executions", executions(*statuses), LISTED)
    for digit, name in (("b", "executing"), ("c", "failed"), ("d", "stopped")):
        sagemaker.add_response(
            "describe_pipeline_definition_for_execution",
            {"PipelineDefinition": definition(digit)},
            {"PipelineExecutionArn": f"{ARN}/{name}"},
        )
    assert calls_in_use(SITE, ["scoring"], Clients(sagemaker.client)) == {
        ("dogs-find_model_package", "code-aaaaaaaaaaaa"),
        ("dogs-find_model_package", "code-bbbbbbbbbbbb"),
        ("dogs-find_model_package", "code-cccccccccccc"),
        ("dogs-find_model_package", "code-dddddddddddd"),
    }


def test_only_the_newest_that_failed_are_looked_at(sagemaker: Stubber) -> None:
    """A pipeline that fails every hour costs ten calls."""
    described = {"PipelineDefinition": definition("a")}
    sagemaker.add_response("describe_pipeline", described)
    sagemaker.add_response("list_pipeline_executions", executions(*["Failed"] * 11))
    for _ in range(10):
        sagemaker.add_response("describe_pipeline_definition_for_execution", described)
    assert len(calls_in_use(SITE, ["scoring"], Clients(sagemaker.client))) == 1
