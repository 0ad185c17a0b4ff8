"""Tests of pipelines.local.stand_ins.pipelines."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from pipelines.execution import Status, StepExecution
from pipelines.local.errors import ParameterError
from pipelines.local.execution import LocalExecution
from pipelines.local.stand_ins.pipelines import PipelinesStandIn
from tests.unit.pipelines.local.stand_ins.records import ARN, START, record
from tests.unit.stubs import stubbed

TOKEN = "0123456789abcdef" * 2


def refuse(pipeline: str, parameters: Mapping[str, str]) -> LocalExecution:
    """Start nothing."""
    message = f"{pipeline} cannot start."
    raise ParameterError(message)


def test_one_token_starts_one_execution(tmp_path: Path) -> None:
    """The same request again answers with the same execution."""
    started: list[Mapping[str, str]] = []

    def start(pipeline: str, parameters: Mapping[str, str]) -> LocalExecution:
        started.append(parameters)
        return record(tmp_path, pipeline, len(started), Status.SUCCEEDED)

    client = PipelinesStandIn(tmp_path, start)
    answers = [
        client.start_pipeline_execution(
            PipelineName="retraining",
            PipelineParameters=[{"Name": "Epochs", "Value": "2"}],
            ClientRequestToken=token,
            PipelineExecutionDescription="drift",
        )["PipelineExecutionArn"]
        for token in (TOKEN, TOKEN, TOKEN[::-1])
    ]

    assert started == [{"Epochs": "2"}, {"Epochs": "2"}]
    assert answers == [f"{ARN}/retraining/execution/{number}" for number in (1, 1, 2)]


def test_steps_that_ran_are_listed_in_the_service_s_words(tmp_path: Path) -> None:
    """The latest comes first; what did not run is not listed, as the service does not list it."""
    early = StepExecution(
        name="JudgeWindow",
        type="Lambda",
        status=Status.FAILED,
        started=START,
        ended=START + timedelta(seconds=1),
        attempts=1,
        failure_reason="no",
    )
    late = StepExecution(
        name="DriftDetected",
        type="Fail",
        status=Status.EXECUTING,
        started=START + timedelta(seconds=2),
        attempts=1,
        metadata={"Fail": {"ErrorMessage": "drift"}},
    )
    skipped = StepExecution(name="Other", type="Lambda", status=Status.SKIPPED)
    record(tmp_path, "monitoring", 1, Status.FAILED, skipped, early, late)
    record(tmp_path, "monitoring", 2, Status.FAILED)
    client = PipelinesStandIn(tmp_path, refuse)
    request = {"PipelineExecutionArn": f"{ARN}/monitoring/execution/1"}

    found = client.list_pipeline_execution_steps(**request, MaxResults=1)
    ascending = client.list_pipeline_execution_steps(**request, SortOrder="Ascending")

    assert found == {
        "PipelineExecutionSteps": [
            {
                "StepName": "DriftDetected",
                "StartTime": START + timedelta(seconds=2),
                "StepStatus": "Executing",
                "AttemptCount": 1,
                "Metadata": {"Fail": {"ErrorMessage": "drift"}},
            }
        ]
    }
    names = [step["StepName"] for step in ascending["PipelineExecutionSteps"]]
    assert names == ["JudgeWindow", "DriftDetected"]
    for service in stubbed("sagemaker"):  # It refuses answers that are none of the service's.
        service.add_response("list_pipeline_execution_steps", ascending)
        assert service.client.list_pipeline_execution_steps(**request) == ascending
    assert ascending["PipelineExecutionSteps"][0]["FailureReason"] == "no"
    nothing = {"PipelineExecutionArn": f"{ARN}/monitoring/execution/2"}
    assert client.list_pipeline_execution_steps(**nothing) == {"PipelineExecutionSteps": []}


def test_steps_of_an_unknown_execution_are_the_services_error(tmp_path: Path) -> None:
    """As there, it is not found."""
    arn = f"{ARN}/monitoring/execution/1"
    with pytest.raises(ClientError) as caught:
        PipelinesStandIn(tmp_path, refuse).list_pipeline_execution_steps(PipelineExecutionArn=arn)
    assert caught.value.response["Error"] == {
        "Code": "ResourceNotFound",
        "Message": f"Pipeline execution {arn} does not exist.",
    }


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("short", "ClientRequestToken has 5 characters; expected 32 to 128."),
        (TOKEN, "retraining cannot start."),
    ],
)
def test_what_cannot_start_is_the_services_error(tmp_path: Path, token: str, message: str) -> None:
    """A bad request, and an execution that cannot start, raise what botocore raises."""
    client = PipelinesStandIn(tmp_path, refuse)
    with pytest.raises(ClientError) as caught:
        client.start_pipeline_execution(PipelineName="retraining", ClientRequestToken=token)
    assert caught.value.response["Error"] == {"Code": "ValidationException", "Message": message}
