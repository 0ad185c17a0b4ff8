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
    "StepName": "DriftDetected",
    "Time": "2026-11-21T10:00:00Z",
    "PipelineName": "dogs-retraining",
    "ModelPackageGroupName": "dogs",
    "CooldownHours": 24,
}
TOKEN = "cc4078a4e82062624900253bbd7090f92a2e698ac0a7a47bf2f86760cf3b7c0f"  # noqa: S105 - `printf %s "$DRIFT 2026-11-21T10:00:00Z" | sha256sum` says so
FOUND = "Violations: data 11, model quality 0. The worst at endpoint 'dogs': data: brightness"


def expect_steps(sagemaker: Any, *steps: dict[str, Any]) -> None:
    """Let the client list these steps of the monitoring execution."""
    sagemaker.add_response(
        "list_pipeline_execution_steps",
        {"PipelineExecutionSteps": list(steps)},
        {"PipelineExecutionArn": DRIFT, "SortOrder": "Descending", "MaxResults": 100},
    )


def expect_drift(sagemaker: Any, message: str = FOUND) -> None:
    """Let the client know a step that failed with a message, after the verdict."""
    expect_steps(
        sagemaker,
        {
            "StepName": "DriftDetected",
            "StepStatus": "Failed",
            "Metadata": {"Fail": {"ErrorMessage": message}},
        },
        {"StepName": "JudgeWindow", "StepStatus": "Failed", "FailureReason": "unknown words"},
    )


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


def expect_start(sagemaker: Any, parameters: dict[str, str], token: str = TOKEN) -> None:
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
            "ClientRequestToken": token,
        },
    )


def test_drift_starts_a_training_like_that_of_the_approved_model(sagemaker: Any) -> None:
    """An old training is no obstacle; the new one has the approved package's parameters."""
    expect_drift(sagemaker)
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
    expect_drift(sagemaker)
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
    expect_drift(sagemaker)
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
    expect_drift(sagemaker)
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
    expect_drift(sagemaker)
    expect_executions(sagemaker, ("new", "Succeeded", timedelta(hours=-3)))

    assert respond(EVENT, sagemaker=sagemaker.client)["PipelineExecutionArn"] == ""


@pytest.mark.parametrize("zero", ["0", "0.0"])
def test_a_verdict_that_failed_without_violations_starts_nothing(sagemaker: Any, zero: str) -> None:
    """A call that was throttled or not allowed is no drift, and nothing else is asked."""
    expect_drift(
        sagemaker, f"Violations: data {zero}, model quality 0. The worst at endpoint 'dogs': 3 more"
    )
    assert respond(EVENT, sagemaker=sagemaker.client) == {
        "PipelineExecutionArn": "",
        "Message": (
            f"Started none: {DRIFT} found no violations; a step before 'DriftDetected' failed for "
            "another reason."
        ),
    }


def test_a_verdict_that_failed_with_violations_is_drift(sagemaker: Any) -> None:
    """The numbers decide, and not why the step before failed; their form may be a fraction's."""
    expect_drift(sagemaker, "Violations: data 0.0, model quality 2.0. The worst")
    expect_executions(sagemaker)
    expect_approved(sagemaker, None)
    expect_start(sagemaker, {})
    assert respond(EVENT, sagemaker=sagemaker.client)["PipelineExecutionArn"]


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        pytest.param(
            {"Metadata": {"Fail": {"ErrorMessage": "Something else."}}, "FailureReason": "no"},
            "Something else.",
            id="another message",
        ),
        pytest.param(
            {"FailureReason": "ClientError: the file is not there"},
            "ClientError: the file is not there",
            id="a message that could not be rendered",
        ),
        pytest.param({"Metadata": {"Fail": {}}}, "", id="nothing"),
    ],
)
def test_a_failure_that_counts_nothing_starts_nothing(
    sagemaker: Any, step: dict[str, Any], reason: str
) -> None:
    """What is not said to be drift is none; the message has what is said instead."""
    expect_steps(sagemaker, {"StepName": "DriftDetected", "StepStatus": "Failed", **step})
    assert respond(EVENT, sagemaker=sagemaker.client) == {
        "PipelineExecutionArn": "",
        "Message": (
            f"Started none: step 'DriftDetected' of {DRIFT} does not say how many violations there "
            f"are, but: {reason}"
        ),
    }


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([], id="no step"),
        pytest.param([{"StepName": "DriftDetected", "StepStatus": "Executing"}], id="running"),
        pytest.param([{"StepName": "JudgeWindow", "StepStatus": "Failed"}], id="another step"),
    ],
)
def test_a_failure_that_is_not_listed_is_asked_for_again(
    sagemaker: Any, steps: list[dict[str, Any]]
) -> None:
    """The list may be behind the event: the function fails, so that Lambda repeats it."""
    expect_steps(sagemaker, *steps)
    with pytest.raises(LookupError) as caught:
        respond(EVENT, sagemaker=sagemaker.client)
    assert str(caught.value) == f"{DRIFT} lists no failure of step 'DriftDetected'."


def test_another_failure_of_the_same_execution_is_another_start(sagemaker: Any) -> None:
    """An execution that is retried and fails again after the cool-down starts a new training."""
    expect_drift(sagemaker)
    expect_executions(sagemaker)
    expect_approved(sagemaker, None)
    expect_start(
        sagemaker,
        {},
        token="d7d5ebe47a2a304866faa41dac7f93f5649865413d73431ba6a20039322cbae7",  # noqa: S106 - made as TOKEN is
    )
    event = {**EVENT, "Time": "2026-11-23T10:00:00Z"}
    assert respond(event, sagemaker=sagemaker.client)["PipelineExecutionArn"]
