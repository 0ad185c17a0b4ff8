"""Tests of pipelines.local.support."""

from collections.abc import Callable
from copy import deepcopy
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
        pytest.param(
            changed(
                processing("S"),
                lambda a: a["ProcessingInputs"][0]["S3Input"].update(S3DataType="ManifestFile"),
            ),
            id="manifest-input",
        ),
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
            "its type is EMR. Supported: Condition, Endpoint, EndpointConfig, Fail, Lambda, Model, "
            "Processing, RegisterModel, Training, Transform and 1 more.",
            id="type",
        ),
        pytest.param(
            {**fail("S", ""), "DependsOn": [{"Step": "A", "Trigger": "Succeeded"}]},
            "it waits for step 'A' to be Succeeded. Supported: Any, Completed, Failed, Stopped.",
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
                lambda a: a["ProcessingInputs"][0]["S3Input"].pop("S3DataType"),
            ),
            "input 'code' has S3DataType None; only S3Prefix and ManifestFile are supported.",
            id="input-type",
        ),
        pytest.param(
            changed(
                processing("S"),
                lambda a: a["ProcessingInputs"][0]["S3Input"].update(S3InputMode="Pipe"),
            ),
            "input 'code' has S3InputMode Pipe; only File is supported.",
            id="pipe-input",
        ),
        pytest.param(
            changed(
                processing("S"),
                lambda a: a["ProcessingInputs"][0]["S3Input"].update(S3CompressionType="Gzip"),
            ),
            "input 'code' has S3CompressionType Gzip; only None is supported.",
            id="compressed-input",
        ),
        pytest.param(
            changed(
                training("S", channels={"train": "s3://box/x"}),
                lambda a: a["InputDataConfig"][0].update(CompressionType="Gzip"),
            ),
            "channel 'train' has CompressionType Gzip; only None is supported.",
            id="compressed-channel",
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


@pytest.mark.parametrize("name", ["..", "a/b", "", "a b", "x" * 65])
def test_step_names_are_those_of_the_service(name: str) -> None:
    """A step's name is a folder here, and never leads out of the execution's."""
    with pytest.raises(UnsupportedStep) as error:
        check_support(Step("/Steps/0", fail(name, ""), None), int)

    assert str(error.value) == (
        f"Step '{name}' cannot run on this machine: "
        "its name is not of 1 to 64 letters, digits, '_' and '-'."
    )


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "/etc"])
@pytest.mark.parametrize(
    ("body", "what"),
    [
        pytest.param(
            lambda name: processing("S", code="x", inputs={name: "s3://box/x"}), "input", id="input"
        ),
        pytest.param(lambda name: processing("S", outputs=[name]), "output", id="output"),
        pytest.param(
            lambda name: training("S", channels={name: "s3://box/x"}), "channel", id="channel"
        ),
    ],
)
def test_names_of_inputs_and_outputs_are_no_paths(
    body: Callable[[str], dict[str, Any]], what: str, name: str
) -> None:
    """A name of a channel is a folder of the job, and never leads out of it."""
    with pytest.raises(UnsupportedStep) as error:
        check_support(Step("/Steps/0", body(name), None), int)

    assert (f"{what} '{name}' has a name that is part of a path; expected one without '/'.") in str(
        error.value
    )


@pytest.mark.parametrize(
    "path", ["/etc", "/opt/ml", "/opt/mlx/y", "/opt/ml/../../etc", "data", {"Get": "Parameters.P"}]
)
@pytest.mark.parametrize(
    ("body", "place", "what"),
    [
        pytest.param(
            processing("S"),
            lambda a: a["ProcessingInputs"][0]["S3Input"],
            "input 'code'",
            id="input",
        ),
        pytest.param(
            processing("S", outputs=["o"]),
            lambda a: a["ProcessingOutputConfig"]["Outputs"][0]["S3Output"],
            "output 'o'",
            id="output",
        ),
        pytest.param(
            training("S", CheckpointConfig={"S3Uri": "s3://box/x"}),
            lambda a: a["CheckpointConfig"],
            "CheckpointConfig",
            id="checkpoints",
        ),
    ],
)
def test_local_paths_are_below_opt_ml(
    body: dict[str, Any], place: Callable[[Any], dict[str, Any]], what: str, path: Any
) -> None:
    """Only what is below /opt/ml/ is in the folder of the job."""
    body = deepcopy(body)
    place(body["Arguments"])["LocalPath"] = path

    with pytest.raises(UnsupportedStep) as error:
        check_support(Step("/Steps/0", body, None), int)

    assert str(error.value) == (
        f"Step 'S' cannot run on this machine: {what} has LocalPath '{path}'; "
        "expected a path below /opt/ml/."
    )
