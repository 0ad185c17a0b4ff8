"""The rules of `pipelines.checks.arguments`, each broken by one edit of a sound definition."""

import pytest

from pipelines.checks import arguments
from tests.unit.pipelines.checks.cases import REMOVE, Case, check_case, rules_of

CASES = [
    Case(
        "misspelt_argument",
        "training",
        "/Steps/3/Arguments/OutputDataConfig/KmsKeyID",
        "alias/key",
        "D040",
        "/Steps/3/Arguments/OutputDataConfig/KmsKeyID",
        (
            "Step 'Train' has the unknown argument 'KmsKeyID' in OutputDataConfig. Known: "
            "CompressionType, KmsKeyId, S3OutputPath. Did you mean 'KmsKeyId'?"
        ),
    ),
    Case(
        "misspelt_required_argument",
        "training",
        "/Steps/3/Arguments/OutputDataConfig",
        {"S3OutputPaths": "s3://b/x"},
        "D040",
        "/Steps/3/Arguments/OutputDataConfig/S3OutputPaths",
        (
            "Step 'Train' has the unknown argument 'S3OutputPaths' in OutputDataConfig. "
            "Known: CompressionType, KmsKeyId, S3OutputPath. Did you mean 'S3OutputPath'?"
        ),
    ),
    Case(
        "missing_argument",
        "training",
        "/Steps/3/Arguments/RoleArn",
        REMOVE,
        "D041",
        "/Steps/3/Arguments",
        "Step 'Train' lacks the required argument 'RoleArn'.",
    ),
    Case(
        "missing_nested_argument",
        "training",
        "/Steps/3/Arguments/InputDataConfig/1/DataSource/S3DataSource/S3DataType",
        REMOVE,
        "D041",
        "/Steps/3/Arguments/InputDataConfig/1/DataSource/S3DataSource",
        (
            "Step 'Train' lacks the required argument 'S3DataType' in "
            "InputDataConfig[1].DataSource.S3DataSource."
        ),
    ),
    Case(
        "string_for_an_integer",
        "training",
        "/Steps/3/Arguments/ResourceConfig/VolumeSizeInGB",
        "50",
        "D042",
        "/Steps/3/Arguments/ResourceConfig/VolumeSizeInGB",
        (
            "Step 'Train' passes '50', a String, to ResourceConfig.VolumeSizeInGB; "
            "expected an Integer."
        ),
    ),
    Case(
        "string_parameter_for_an_integer",
        "training",
        "/Steps/3/Arguments/ResourceConfig/InstanceCount",
        {"Get": "Parameters.TrainingInstanceType"},
        "D042",
        "/Steps/3/Arguments/ResourceConfig/InstanceCount",
        (
            "Step 'Train' passes parameter 'TrainingInstanceType', a String, to "
            "ResourceConfig.InstanceCount; expected an Integer."
        ),
    ),
    Case(
        "null",
        "training",
        "/Steps/3/Arguments/CheckpointConfig/LocalPath",
        None,
        "D042",
        "/Steps/3/Arguments/CheckpointConfig/LocalPath",
        "Step 'Train' passes null to CheckpointConfig.LocalPath; expected a String.",
    ),
    Case(
        "property_of_another_kind",
        "training",
        "/Steps/4/Arguments/ProcessingInputs/1/S3Input/S3Uri",
        {"Get": "Steps.Train.ModelArtifacts"},
        "D042",
        "/Steps/4/Arguments/ProcessingInputs/1/S3Input/S3Uri",
        (
            "Step 'Evaluate' passes 'Steps.Train.ModelArtifacts', an object, to "
            "ProcessingInputs[1].S3Input.S3Uri; expected a String."
        ),
    ),
    Case(
        "integer_for_a_boolean",
        "deployment",
        "/Steps/0/Arguments/EnableNetworkIsolation",
        {"Get": "Parameters.CapturePercentage"},
        "D042",
        "/Steps/0/Arguments/EnableNetworkIsolation",
        (
            "Step 'CreateModel' passes parameter 'CapturePercentage', an Integer, to "
            "EnableNetworkIsolation; expected a Boolean."
        ),
    ),
    Case(
        "integer_parameter_as_hyperparameter",
        "training",
        "/Steps/3/Arguments/HyperParameters/epochs",
        {"Get": "Parameters.Epochs"},
        "D043",
        "/Steps/3/Arguments/HyperParameters/epochs",
        (
            "Step 'Train' passes parameter 'Epochs', an Integer, to "
            "HyperParameters.epochs; expected a String; use Std:Join (to_string() in the "
            "SDK)."
        ),
    ),
    Case(
        "number_as_hyperparameter",
        "training",
        "/Steps/2/Arguments/TrainingJobDefinition/StaticHyperParameters/seed",
        0,
        "D043",
        "/Steps/2/Arguments/TrainingJobDefinition/StaticHyperParameters/seed",
        (
            "Step 'Tune' passes 0, an Integer, to "
            "TrainingJobDefinition.StaticHyperParameters.seed; expected a String; quote it."
        ),
    ),
    Case(
        "number_in_container_arguments",
        "training",
        "/Steps/1/Arguments/AppSpecification/ContainerArguments/3",
        64,
        "D043",
        "/Steps/1/Arguments/AppSpecification/ContainerArguments/3",
        (
            "Step 'Preprocess' passes 64, an Integer, to "
            "AppSpecification.ContainerArguments[3]; expected a String; quote it."
        ),
    ),
    Case(
        "boolean_in_environment",
        "training",
        "/Steps/1/Arguments/Environment/VERBOSE",
        True,
        "D043",
        "/Steps/1/Arguments/Environment/VERBOSE",
        (
            "Step 'Preprocess' passes true, a Boolean, to Environment.VERBOSE; expected a "
            "String; quote it."
        ),
    ),
    Case(
        "number_of_a_report_in_environment",
        "training",
        (
            "/Steps/5/Arguments/IfSteps/0/Arguments/InferenceSpecification/Containers/0/Env"
            "ironment/NUM_IMAGES"
        ),
        {
            "Std:JsonGet": {
                "PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.EvaluationReport"},
                "Path": "num_images",
            }
        },
        "D043",
        (
            "/Steps/5/Arguments/IfSteps/0/Arguments/InferenceSpecification/Containers/0/Env"
            "ironment/NUM_IMAGES"
        ),
        (
            "Step 'RegisterModel' passes a value of a report, an Integer, to "
            "InferenceSpecification.Containers[0].Environment.NUM_IMAGES; expected a "
            "String; use Std:Join (to_string() in the SDK)."
        ),
    ),
    Case(
        "misspelt_instance_type",
        "training",
        "/Steps/3/Arguments/ResourceConfig/InstanceType",
        "ml.m5.xlagre",
        "D044",
        "/Steps/3/Arguments/ResourceConfig/InstanceType",
        (
            "Step 'Train' passes 'ml.m5.xlagre' to ResourceConfig.InstanceType. Allowed: "
            "ml.c5.xlarge, ml.g5.xlarge, ml.m4.xlarge, ml.m5.12xlarge, ml.m5.24xlarge, "
            "ml.m5.2xlarge, ml.m5.4xlarge, ml.m5.large, ml.m5.xlarge, ml.r5.xlarge and 215 "
            "more. Did you mean 'ml.m5.xlarge'?"
        ),
    ),
    Case(
        "misspelt_instance_type_in_a_default",
        "training",
        "/Parameters/3/DefaultValue",
        "ml.g5.xlagre",
        "D044",
        "/Parameters/3/DefaultValue",
        (
            "Step 'Tune' passes parameter 'TrainingInstanceType', which may be "
            "'ml.g5.xlagre', to TrainingJobDefinition.ResourceConfig.InstanceType. "
            "Allowed: ml.g5.12xlarge, ml.g5.16xlarge, ml.g5.24xlarge, ml.g5.2xlarge, "
            "ml.g5.48xlarge, ml.g5.4xlarge, ml.g5.8xlarge, ml.g5.xlarge, ml.m5.xlarge, "
            "ml.r5.xlarge and 215 more. Did you mean 'ml.g5.xlarge'?"
        ),
    ),
    Case(
        "unknown_mode",
        "training",
        "/Steps/3/Arguments/AlgorithmSpecification/TrainingInputMode",
        "Files",
        "D044",
        "/Steps/3/Arguments/AlgorithmSpecification/TrainingInputMode",
        (
            "Step 'Train' passes 'Files' to AlgorithmSpecification.TrainingInputMode. "
            "Allowed: FastFile, File, Pipe. Did you mean 'File'?"
        ),
    ),
    Case(
        "listed_value_not_allowed",
        "training",
        "/Parameters/9/EnumValues/-",
        "Pending",
        "D044",
        "/Parameters/9/EnumValues/2",
        (
            "Step 'RegisterModel' passes parameter 'ModelApprovalStatus', which may be "
            "'Pending', to ModelApprovalStatus. Allowed: Approved, PendingManualApproval, "
            "Rejected."
        ),
    ),
    Case(
        "role_is_no_arn",
        "training",
        "/Steps/3/Arguments/RoleArn",
        "image-pipelines-execution",
        "D045",
        "/Steps/3/Arguments/RoleArn",
        (
            "Step 'Train' passes 'image-pipelines-execution' to RoleArn; expected the form "
            "'arn:aws[a-z\\-]*:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+'."
        ),
    ),
    Case(
        "uri_without_scheme",
        "training",
        "/Parameters/0/DefaultValue",
        "images/raw",
        "D045",
        "/Parameters/0/DefaultValue",
        (
            "Step 'Preprocess' passes parameter 'RawDataUri', which may be 'images/raw', "
            "to ProcessingInputs[1].S3Input.S3Uri; expected the form "
            "'(https|s3)://([^/]+)/?(.*)'."
        ),
    ),
    Case(
        "channel_name_with_slash",
        "training",
        "/Steps/3/Arguments/InputDataConfig/2/ChannelName",
        "valid/ation",
        "D045",
        "/Steps/3/Arguments/InputDataConfig/2/ChannelName",
        (
            "Step 'Train' passes 'valid/ation' to InputDataConfig[2].ChannelName; expected "
            "the form '[A-Za-z0-9\\.\\-_]+'."
        ),
    ),
    Case(
        "too_many_instances",
        "training",
        "/Parameters/1/DefaultValue",
        0,
        "D046",
        "/Parameters/1/DefaultValue",
        (
            "Step 'Preprocess' passes parameter 'PreprocessInstanceCount', which may be 0, "
            "to ProcessingResources.ClusterConfig.InstanceCount; expected 1 to 100."
        ),
    ),
    Case(
        "run_too_long",
        "training",
        "/Steps/1/Arguments/StoppingCondition/MaxRuntimeInSeconds",
        800000,
        "D046",
        "/Steps/1/Arguments/StoppingCondition/MaxRuntimeInSeconds",
        (
            "Step 'Preprocess' passes 800000 to StoppingCondition.MaxRuntimeInSeconds; "
            "expected 1 to 777600."
        ),
    ),
    Case(
        "too_long_environment_value",
        "training",
        "/Steps/3/Arguments/Environment/NOTE",
        "n" * 513,
        "D046",
        "/Steps/3/Arguments/Environment/NOTE",
        "Step 'Train' passes 513 characters to Environment.NOTE; expected 0 to 512.",
    ),
    Case(
        "too_many_inputs",
        "training",
        "/Steps/4/Arguments/ProcessingInputs",
        [
            {
                "InputName": f"input{index}",
                "S3Input": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": "s3://images/raw",
                    "LocalPath": f"/opt/ml/processing/input/{name}",
                },
            }
            for index, name in enumerate(["code", "model", *"abcdefghi"])
        ],
        "D046",
        "/Steps/4/Arguments/ProcessingInputs",
        "Step 'Evaluate' passes 11 entries to ProcessingInputs; expected 0 to 10.",
    ),
    Case(
        "empty_list",
        "training",
        "/Steps/5/Arguments/IfSteps/0/Arguments/InferenceSpecification/Containers",
        [],
        "D046",
        "/Steps/5/Arguments/IfSteps/0/Arguments/InferenceSpecification/Containers",
        (
            "Step 'RegisterModel' passes 0 entries to InferenceSpecification.Containers; "
            "expected 1 to 15."
        ),
    ),
    Case(
        "negative_volume",
        "training",
        "/Steps/3/Arguments/ResourceConfig/VolumeSizeInGB",
        -1,
        "D046",
        "/Steps/3/Arguments/ResourceConfig/VolumeSizeInGB",
        "Step 'Train' passes -1 to ResourceConfig.VolumeSizeInGB; expected at least 0.",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_finds_one_mistake(case: Case) -> None:
    """One edit that breaks a rule gives exactly one finding, with this place and message."""
    check_case(case)


def test_every_rule_is_tried() -> None:
    """Every rule of the module has a bad document."""
    assert {case.rule for case in CASES} == rules_of(arguments)
