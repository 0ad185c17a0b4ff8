"""Tests of pipelines.local.support."""

from collections.abc import Callable
from typing import Any

import pytest

from pipelines.definition import Step
from pipelines.local.errors import UnsupportedStep
from pipelines.local.support import check_support
from tests.unit.pipelines.local.definitions import (
    condition,
    fail,
    processing,
    training,
    training_request,
)


def tuning(**changes: Any) -> dict[str, Any]:
    """A Tuning step."""
    config = {
        "Strategy": "Random",
        "ResourceLimits": {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 1},
        "ParameterRanges": {},
        **changes.pop("config", {}),
    }
    return {
        "Name": "Tune",
        "Type": "Tuning",
        "Arguments": {
            "HyperParameterTuningJobConfig": config,
            "TrainingJobDefinition": training_request(key="StaticHyperParameters"),
            **changes,
        },
    }


def changed(body: dict[str, Any], change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """A step whose arguments went through a change."""
    change(body["Arguments"])
    return body


IF = [{"Type": "Not", "Condition": {"Type": "Equals", "LeftValue": 1, "RightValue": 1}}]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(processing("S"), id="processing"),
        pytest.param({**processing("S"), "DependsOn": ["A", {"Step": "B"}]}, id="depends-on"),
        pytest.param(training("S", channels={"train": "s3://box/x"}), id="training"),
        pytest.param(tuning(), id="tuning"),
        pytest.param(condition("S", IF), id="condition"),
        pytest.param(fail("S", "no"), id="fail"),
    ],
)
def test_what_is_emulated_is_accepted(body: dict[str, Any]) -> None:
    """A step of a supported type with usual arguments passes."""
    check_support(Step("/Steps/0", body, None), int)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        pytest.param(
            {"Name": "S", "Type": "EMR", "Arguments": {}},
            "its type is EMR. Supported: Condition, Fail, Lambda, Processing, RegisterModel, "
            "Training, Tuning.",
            id="type",
        ),
        pytest.param(
            {**fail("S", ""), "DependsOn": [{"Step": "A", "Trigger": "Failed"}]},
            "it waits for step 'A' to be Failed; only Succeeded is supported.",
            id="trigger",
        ),
        pytest.param(
            changed(processing("S"), lambda a: a["AppSpecification"].pop("ContainerEntrypoint")),
            "it has no ContainerEntrypoint, and the entry point inside its image is unknown here.",
            id="entry-point",
        ),
        pytest.param(
            changed(
                processing("S"),
                lambda a: a["ProcessingInputs"][0]["S3Input"].update(S3DataType="ManifestFile"),
            ),
            "input 'code' has S3DataType ManifestFile; only S3Prefix is supported.",
            id="manifest-input",
        ),
        pytest.param(
            changed(training("S"), lambda a: a["HyperParameters"].pop("sagemaker_program")),
            "it has no hyperparameter 'sagemaker_program'; only script mode is supported.",
            id="script-mode",
        ),
        pytest.param(
            changed(training("S"), lambda a: a["ResourceConfig"].update(InstanceCount=2)),
            "it trains on several instances; only InstanceCount 1 is supported.",
            id="distributed",
        ),
        pytest.param(
            changed(
                training("S", channels={"train": "s3://box/x"}),
                lambda a: a["InputDataConfig"][0]["DataSource"]["S3DataSource"].update(
                    S3DataType="AugmentedManifestFile"
                ),
            ),
            "channel 'train' has S3DataType AugmentedManifestFile; only S3Prefix is supported.",
            id="manifest-channel",
        ),
        pytest.param(
            changed(
                training("S", channels={"train": "s3://box/x"}),
                lambda a: a["InputDataConfig"][0].update(InputMode="Pipe"),
            ),
            "channel 'train' has InputMode Pipe; use File or FastFile.",
            id="pipe",
        ),
        pytest.param(
            tuning(WarmStartConfig={"WarmStartType": "TransferLearning"}),
            "it uses WarmStartConfig, which is not emulated.",
            id="warm-start",
        ),
        pytest.param(
            tuning(config={"ParameterRanges": {"AutoParameters": [{"Name": "a"}]}}),
            "it uses AutoParameters, which is not emulated.",
            id="auto-parameters",
        ),
        pytest.param(
            tuning(config={"ResourceLimits": {"MaxRuntimeInSeconds": 60}}),
            "it uses MaxRuntimeInSeconds, which is not emulated.",
            id="tuning-time",
        ),
        pytest.param(
            changed(
                tuning(),
                lambda a: a["TrainingJobDefinition"]["StaticHyperParameters"].pop(
                    "sagemaker_program"
                ),
            ),
            "it has no hyperparameter 'sagemaker_program'; only script mode is supported.",
            id="tuning-script-mode",
        ),
        pytest.param(
            changed(tuning(), lambda a: a.pop("TrainingJobDefinition")),
            "it has no TrainingJobDefinition.",
            id="tuning-without-definition",
        ),
        pytest.param(
            condition("S", [{"Type": "Or", "Conditions": [{"Type": "Matches"}]}]),
            "it has a condition of type Matches. Supported: Equals, GreaterThan, "
            "GreaterThanOrEqualTo, In, LessThan, LessThanOrEqualTo, Not, Or.",
            id="condition",
        ),
    ],
)
def test_what_is_not_emulated_is_refused(body: dict[str, Any], problem: str) -> None:
    """The error says which step and why."""
    with pytest.raises(UnsupportedStep) as error:
        check_support(Step("/Steps/0", body, None), int)

    assert str(error.value) == f"Step '{body['Name']}' cannot run on this machine: {problem}"
