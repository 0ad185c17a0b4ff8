"""A small deployed pipeline, and what the service tells of its executions."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from botocore.stub import Stubber

from tests.aws import SITE
from tests.unit.stubs import stubbed

START = datetime(2026, 11, 21, 9, 0, 0, tzinfo=UTC)
PIPELINE = SITE.pipeline_name("training")


def arn(identity: str, pipeline: str = "training") -> str:
    """ARN of an execution."""
    return f"{SITE.pipeline_arn(pipeline)}/execution/{identity}"


def _step(name: str, kind: str, *reads: str, **more: Any) -> dict[str, Any]:
    arguments = {other: {"Get": f"Steps.{other}.Result"} for other in reads}
    return {"Name": name, "Type": kind, "Arguments": arguments, **more}


DEFINITION: dict[str, Any] = {
    "Version": "2020-12-01",
    "Parameters": [
        {"Name": "Epochs", "Type": "Integer", "DefaultValue": 20},
        {"Name": "Flip", "Type": "Boolean", "DefaultValue": False},
        {"Name": "Net", "Type": "String", "DefaultValue": "small", "EnumValues": ["small", "big"]},
    ],
    "Steps": [
        _step("Preprocess", "Processing"),
        _step("Train", "Training", "Preprocess"),
        _step("Evaluate", "Processing", "Preprocess", "Train"),
        {
            "Name": "CheckQuality",
            "Type": "Condition",
            "Arguments": {
                "Conditions": [{"LeftValue": {"Get": "Steps.Evaluate.Accuracy"}}],
                "IfSteps": [_step("Register", "RegisterModel", "Train")],
                "ElseSteps": [_step("TooLow", "Fail")],
            },
        },
        _step("Report", "Processing", DependsOn=[{"Step": "Train", "Trigger": "Failed"}]),
    ],
}
TEXT = json.dumps(DEFINITION)


def record(name: str, status: str = "Succeeded", **more: Any) -> dict[str, Any]:
    """An element of PipelineExecutionSteps: a step of a minute."""
    ended = {} if status in {"Starting", "Executing"} else {"EndTime": START + timedelta(minutes=1)}
    return {
        "StepName": name,
        "StepStatus": status,
        "StartTime": START,
        "AttemptCount": 1,
        "Metadata": {},
        **ended,
        **more,
    }


_FILLERS = {"string": "a" * 20, "timestamp": START, "integer": 1, "long": 1, "boolean": False}


def complete(client: Any, operation: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer with something in each member that the service always gives."""
    model = client.meta.service_model
    name = client.meta.method_to_api_mapping[operation]
    filled: dict[str, Any] = _fill(model.operation_model(name).output_shape, answer)
    return filled


def _fill(shape: Any, value: Any) -> Any:
    if shape.type_name == "list":
        return [_fill(shape.member, item) for item in value or []]
    if shape.type_name != "structure":
        return _FILLERS.get(shape.type_name, {}) if value is None else value
    given = value or {}
    return {
        name: _fill(member, given.get(name))
        for name, member in shape.members.items()
        if name in given or name in shape.required_members
    }


class Sagemaker:
    """A stubbed SageMaker client, told what it is asked in the order in which it is asked."""

    def __init__(self, stub: Stubber) -> None:
        self.stub = stub
        self.client = stub.client

    def describe(
        self, identity: str, status: str, *, pipeline: str = "training", **more: Any
    ) -> None:
        """DescribePipelineExecution of an execution that changed last after 90 s."""
        answer = {
            "PipelineExecutionArn": arn(identity, pipeline),
            "PipelineExecutionStatus": status,
            "CreationTime": START,
            "LastModifiedTime": START + timedelta(seconds=90),
            **more,
        }
        self._add("describe_pipeline_execution", answer, identity, pipeline)

    def definition(self, identity: str, text: str = TEXT) -> None:
        """DescribePipelineDefinitionForExecution."""
        answer = {"PipelineDefinition": text}
        self._add("describe_pipeline_definition_for_execution", answer, identity)

    def parameters(self, identity: str, **values: str) -> None:
        """ListPipelineParametersForExecution."""
        answer = {"PipelineParameters": [{"Name": n, "Value": v} for n, v in values.items()]}
        self._add(
            "list_pipeline_parameters_for_execution", answer, identity, "training", MaxResults=100
        )

    def steps(self, identity: str, *records: dict[str, Any], pipeline: str = "training") -> None:
        """ListPipelineExecutionSteps."""
        answer = {"PipelineExecutionSteps": list(records)}
        self._add(
            "list_pipeline_execution_steps",
            answer,
            identity,
            pipeline,
            SortOrder="Ascending",
            MaxResults=100,
        )

    def executions(self, *found: tuple[str, str], num: int, pipeline: str = "training") -> None:
        """ListPipelineExecutions: ids and statuses, newest first, a minute apart."""
        summaries = [
            {
                "PipelineExecutionArn": arn(identity, pipeline),
                "StartTime": START - timedelta(minutes=number),
                "PipelineExecutionStatus": status,
            }
            for number, (identity, status) in enumerate(found)
        ]
        self.stub.add_response(
            "list_pipeline_executions",
            {"PipelineExecutionSummaries": summaries},
            {
                "PipelineName": SITE.pipeline_name(pipeline),
                "SortBy": "CreationTime",
                "SortOrder": "Descending",
                "MaxResults": num,
            },
        )

    def pipelines(self, *names: str) -> None:
        """ListPipelines: those of the project."""
        found = [
            {"PipelineName": SITE.pipeline_name(name), "PipelineArn": SITE.pipeline_arn(name)}
            for name in names
        ]
        self.stub.add_response(
            "list_pipelines",
            {"PipelineSummaries": found},
            {"PipelineNamePrefix": SITE.project, "MaxResults": 100},
        )

    def deployed(self, text: str = TEXT) -> None:
        """DescribePipeline."""
        self.stub.add_response(
            "describe_pipeline",
            {"PipelineArn": SITE.pipeline_arn("training"), "PipelineDefinition": text},
            {"PipelineName": PIPELINE},
        )

    def absent(self, operation: str, message: str = "It does not exist.") -> None:
        """What the service says of what is not there."""
        self.stub.add_client_error(operation, "ResourceNotFound", message, 400)

    def _add(
        self,
        operation: str,
        answer: dict[str, Any],
        identity: str,
        pipeline: str = "training",
        **more: Any,
    ) -> None:
        request = {"PipelineExecutionArn": arn(identity, pipeline), **more}
        self.stub.add_response(operation, answer, request)


@contextmanager
def stubbed_account() -> Iterator[tuple[Any, Sagemaker]]:
    """Clients of which SageMaker's is stubbed, and what tells it what to answer."""
    generator = stubbed("sagemaker")
    told = Sagemaker(next(generator))
    yield SimpleNamespace(sagemaker=told.client), told
    for _ in generator:  # It looks whether all was asked.
        pass
