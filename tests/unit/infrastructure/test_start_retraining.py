"""The function that answers drift with a training, against a client with the service's shapes."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infrastructure.functions.start_retraining.handler import respond

PIPELINE = "arn:aws:sagemaker:us-east-1:111122223333:pipeline/dogs-retraining"
DRIFT = "arn:aws:sagemaker:us-east-1:111122223333:pipeline/dogs-monitoring/execution/a1b2c3"
PACKAGE = "arn:aws:sagemaker:us-east-1:111122223333:model-package/dogs/7"
NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
EVENT = {
    "DriftExecutionArn": DRIFT,
    "Time": "2026-11-21T10:00:00Z",
    "PipelineName": "dogs-retraining",
    "ModelPackageGroupName": "dogs",
    "CooldownHours": 24,
}
TOKEN = "345f34bebe2a7faca53a43c25372e7541586e3112c51ffccf11dae4c55a794b3"  # noqa: S105 - `printf %s $DRIFT | sha256sum` says so


def expect_executions(sagemaker: Any, *executions: tuple[str, str, timedelta]) -> None:
    """Let the client list executions: name, status and how long ago they were started."""
    summaries = [
        {
            "PipelineExecutionArn": f"{PIPELINE}/execution/{name}",
            "PipelineExecutionStatus": status,
            "StartTime": NOW - age,
        }
        for name, status, age in executions
    ]
    sagemaker.add_response(
        "list_pipeline_executions",
        {"PipelineExecutionSummaries": summaries},
        {
            "PipelineName": "dogs-retraining",
            "SortBy": "CreationTime",
            "SortOrder": "Descending",
            "MaxResults": 100,
        },
    )


def expect_approved(sagemaker: Any, metadata: dict[str, str] | None) -> None:
    """Let the client know an approved package with this metadata, or none."""
    summary = {
        "ModelPackageArn": PACKAGE,
        "ModelPackageName": "dogs",
        "CreationTime": 0,
        "ModelPackageStatus": "Completed",
    }
    sagemaker.add_response(
        "list_model_packages",
        {"ModelPackageSummaryList": [] if metadata is None else [summary]},
        {
            "ModelPackageGroupName": "dogs",
            "ModelApprovalStatus": "Approved",
            "SortBy": "CreationTime",
            "SortOrder": "Descending",
        },
    )
    if metadata is not None:
        sagemaker.add_response(
            "describe_model_package",
            {
                **summary,
                "ModelPackageStatusDetails": {"ValidationStatuses": []},
                "CustomerMetadataProperties": metadata,
            },
            {"ModelPackageName": PACKAGE},
        )


def expect_start(sagemaker: Any, parameters: dict[str, str]) -> None:
    """Let the client start an execution with these parameters, and no other."""
    sagemaker.add_response(
        "start_pipeline_execution",
        {"PipelineExecutionArn": f"{PIPELINE}/execution/new"},
        {
            "PipelineName": "dogs-retraining",
            "PipelineExecutionDescription": f"Drift in {DRIFT}",
            "PipelineParameters": [
                {"Name": name, "Value": value} for name, value in parameters.items()
            ],
            "ClientRequestToken": TOKEN,
        },
    )


def test_drift_starts_a_training_like_that_of_the_approved_model(sagemaker: Any) -> None:
    """An old training is no obstacle; the new one has the approved package's parameters."""
    expect_executions(sagemaker, ("old", "Succeeded", timedelta(hours=25)))
    expect_approved(
        sagemaker, {"hyperparameter.learning_rate": "0.003", "image_size": "96", "other": "x"}
    )
    expect_start(sagemaker, {"ImageSize": "96", "LearningRate": "0.003"})

    answer = respond(EVENT, sagemaker=sagemaker.client)

    assert answer == {
        "PipelineExecutionArn": f"{PIPELINE}/execution/new",
        "Message": f"Started {PIPELINE}/execution/new as the approved model was trained.",
    }
    json.dumps(answer)


def test_without_an_approved_model_the_defaults_hold(sagemaker: Any) -> None:
    """The model in force may have been rejected since: drift is answered all the same."""
    expect_executions(sagemaker)
    expect_approved(sagemaker, None)
    expect_start(sagemaker, {})

    assert respond(EVENT, sagemaker=sagemaker.client)["Message"] == (
        f"Started {PIPELINE}/execution/new with the pipeline's defaults, because no model is "
        "approved."
    )


@pytest.mark.parametrize("status", ["Executing", "Stopping"])
def test_a_training_that_runs_is_enough(sagemaker: Any, status: str) -> None:
    """While one runs, however long already, none is started."""
    expect_executions(
        sagemaker, ("new", "Failed", timedelta(hours=30)), ("slow", status, timedelta(hours=90))
    )

    assert respond(EVENT, sagemaker=sagemaker.client) == {
        "PipelineExecutionArn": "",
        "Message": f"Started none: {PIPELINE}/execution/slow is running.",
    }


@pytest.mark.parametrize("status", ["Succeeded", "Failed", "Stopped"])
def test_a_training_of_today_is_enough(sagemaker: Any, status: str) -> None:
    """Within the cool-down of the last start none is started, however that one ended."""
    expect_executions(sagemaker, ("new", status, timedelta(hours=23, minutes=59)))

    assert respond(EVENT, sagemaker=sagemaker.client) == {
        "PipelineExecutionArn": "",
        "Message": (
            f"Started none: {PIPELINE}/execution/new was started within 24 hours, at "
            "2026-11-20T10:01:00Z."
        ),
    }


def test_an_event_that_comes_late_starts_nothing_again(sagemaker: Any) -> None:
    """A training that was started after the drift is an answer to it."""
    expect_executions(sagemaker, ("new", "Succeeded", timedelta(hours=-3)))

    assert respond(EVENT, sagemaker=sagemaker.client)["PipelineExecutionArn"] == ""
