"""The rules of `pipelines.checks.names`, each broken by one edit of a sound definition."""

import pytest

from pipelines.checks import names
from tests.unit.pipelines.checks.cases import Case, check_case, rules_of

CASES = [
    Case(
        "unknown_step_type",
        "training",
        "/Steps/3/Type",
        "Trainning",
        "D016",
        "/Steps/3/Type",
        (
            "Step 'Train' is of the unknown type 'Trainning'. Types: Cleanup, Condition, "
            "EndpointConfig, Fail, ForEach, Lineage, Processing, Training, Transform, "
            "Tuning and 12 more. Did you mean 'Training'?"
        ),
    ),
    Case(
        "misspelt_step_key",
        "training",
        "/Steps/3/DependOn",
        ["Preprocess"],
        "D017",
        "/Steps/3/DependOn",
        (
            "Step 'Train' of type Training has the unknown key 'DependOn'. Known: "
            "Arguments, CacheConfig, DependsOn, Description, DisplayName, Name, "
            "RetryPolicies, Type. Did you mean 'DependsOn'?"
        ),
    ),
    Case(
        "cache_on_a_fail_step",
        "training",
        "/Steps/5/Arguments/ElseSteps/0/CacheConfig",
        {"Enabled": True, "ExpireAfter": "P1D"},
        "D017",
        "/Steps/5/Arguments/ElseSteps/0/CacheConfig",
        (
            "Step 'QualityTooLow' of type Fail has the unknown key 'CacheConfig'. Known: "
            "Arguments, DependsOn, Description, DisplayName, Name, Type."
        ),
    ),
    Case(
        "step_name_twice",
        "training",
        "/Steps/6/Name",
        "Train",
        "D018",
        "/Steps/6/Name",
        "Step 'Train' is defined twice; the first one is at /Steps/3.",
    ),
    Case(
        "one_name_in_both_branches",
        "training",
        "/Steps/5/Arguments/ElseSteps/0/Name",
        "RegisterModel",
        "D018",
        "/Steps/5/Arguments/ElseSteps/0/Name",
        (
            "Step 'RegisterModel' is defined twice; the first one is at "
            "/Steps/5/Arguments/IfSteps/0."
        ),
    ),
    Case(
        "input_twice",
        "training",
        "/Steps/1/Arguments/ProcessingInputs/-",
        {
            "InputName": "raw",
            "S3Input": {
                "S3Uri": "s3://b/x",
                "S3DataType": "S3Prefix",
                "LocalPath": "/opt/ml/processing/input/more",
            },
        },
        "D019",
        "/Steps/1/Arguments/ProcessingInputs/2/InputName",
        "Step 'Preprocess' has two inputs 'raw'.",
    ),
    Case(
        "metric_twice",
        "training",
        (
            "/Steps/2/Arguments/TrainingJobDefinition/AlgorithmSpecification/MetricDefiniti"
            "ons/0/Name"
        ),
        "validation_loss",
        "D019",
        (
            "/Steps/2/Arguments/TrainingJobDefinition/AlgorithmSpecification/MetricDefiniti"
            "ons/1/Name"
        ),
        "Step 'Tune' has two metrics 'validation_loss'.",
    ),
    Case(
        "channel_twice",
        "training",
        "/Steps/3/Arguments/InputDataConfig/2/ChannelName",
        "train",
        "D019",
        "/Steps/3/Arguments/InputDataConfig/2/ChannelName",
        "Step 'Train' has two channels 'train'.",
    ),
    Case(
        "two_variants_of_one_name",
        "deployment",
        "/Steps/1/Arguments/ProductionVariants/-",
        {
            "VariantName": "blue",
            "ModelName": "other",
            "InstanceType": "ml.m5.xlarge",
            "InitialInstanceCount": 1,
        },
        "D019",
        "/Steps/1/Arguments/ProductionVariants/1/VariantName",
        "Step 'CreateEndpointConfig' has two variants 'blue'.",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_finds_one_mistake(case: Case) -> None:
    """One edit that breaks a rule gives exactly one finding, with this place and message."""
    check_case(case)


def test_every_rule_is_tried() -> None:
    """Every rule of the module has a bad document."""
    assert {case.rule for case in CASES} == rules_of(names)
