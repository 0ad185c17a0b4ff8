"""The rules of `pipelines.checks.scripts`, each broken by one edit of a sound definition."""

import pytest

from pipelines.checks import check, scripts
from tests.unit.pipelines.checks.cases import Case, check_case, edited, rules_of, sound

DIGEST = "b2" * 32
STATIC = "/Steps/2/Arguments/TrainingJobDefinition/StaticHyperParameters"
HYPERPARAMETERS = "/Steps/3/Arguments/HyperParameters"
CATEGORIES = (
    "/Steps/2/Arguments/HyperParameterTuningJobConfig/ParameterRanges/CategoricalParameterRanges/0"
)

CASES = [
    Case(
        "isolated_job_downloads_its_code",
        "training",
        f"{HYPERPARAMETERS}/sagemaker_submit_directory",
        f"s3://images/code/{DIGEST}/sourcedir.tar.gz",
        "D074",
        f"{HYPERPARAMETERS}/sagemaker_submit_directory",
        (
            f"Step 'Train' downloads its code from 's3://images/code/{DIGEST}/sourcedir.tar.gz', "
            "and its network isolation forbids that; expected the archive in a channel, as "
            "/opt/ml/input/data/<channel>/sourcedir.tar.gz."
        ),
    ),
    Case(
        "training_output_at_a_fixed_place",
        "training",
        "/Steps/3/Arguments/OutputDataConfig/S3OutputPath",
        "s3://images/models",
        "D075",
        "/Steps/3/Arguments/OutputDataConfig/S3OutputPath",
        (
            "Step 'Train' writes to 's3://images/models', as every execution does; expected "
            "Execution.PipelineExecutionId in the path."
        ),
    ),
    Case(
        "processing_output_at_a_fixed_place",
        "training",
        "/Steps/1/Arguments/ProcessingOutputConfig/Outputs/0/S3Output/S3Uri",
        {"Std:Join": {"On": "/", "Values": ["s3://images", "train"]}},
        "D075",
        "/Steps/1/Arguments/ProcessingOutputConfig/Outputs/0/S3Output/S3Uri",
        (
            "Step 'Preprocess' writes to 's3://images/train', as every execution does; expected "
            "Execution.PipelineExecutionId in the path."
        ),
    ),
    Case(
        "argument_names_no_input",
        "training",
        "/Steps/1/Arguments/AppSpecification/ContainerArguments/1",
        "/opt/ml/processing/input/ra",
        "D076",
        "/Steps/1/Arguments/AppSpecification/ContainerArguments/1",
        (
            "Step 'Preprocess' passes '/opt/ml/processing/input/ra', where it has no input and "
            "no output. It has: /opt/ml/processing/input/code, /opt/ml/processing/input/raw, "
            "/opt/ml/processing/output/report, /opt/ml/processing/output/test, "
            "/opt/ml/processing/output/train, /opt/ml/processing/output/validation. "
            "Did you mean '/opt/ml/processing/input/raw'?"
        ),
    ),
    Case(
        "variable_names_no_input",
        "training",
        "/Steps/4/Arguments/Environment/PYTHONPATH",
        "/opt/ml/processing/code",
        "D076",
        "/Steps/4/Arguments/Environment/PYTHONPATH",
        (
            "Step 'Evaluate' passes '/opt/ml/processing/code', where it has no input and no "
            "output. It has: /opt/ml/processing/input/approved, "
            "/opt/ml/processing/input/code, /opt/ml/processing/input/model, "
            "/opt/ml/processing/input/test, /opt/ml/processing/output/baseline, "
            "/opt/ml/processing/output/evaluation. Did you mean '/opt/ml/processing/input/code'?"
        ),
    ),
    Case(
        "hyperparameter_that_nobody_reads",
        "training",
        f"{HYPERPARAMETERS}/sead",
        "0",
        "D077",
        f"{HYPERPARAMETERS}/sead",
        (
            "Step 'Train' passes the hyperparameter 'sead', which its script does not take. "
            "Known: architecture, batch_size, dropout, epochs, label_smoothing, learning_rate, "
            "max_rotation_degrees, patience, seed, weight_decay and 2 more. Did you mean 'seed'?"
        ),
    ),
    Case(
        "hyperparameter_out_of_bounds",
        "training",
        f"{HYPERPARAMETERS}/seed",
        "-1",
        "D077",
        f"{HYPERPARAMETERS}/seed",
        (
            "Step 'Train' passes a hyperparameter that its script refuses: Hyperparameter 'seed' "
            "is -1; expected 0 to 2.14748e+09."
        ),
    ),
    Case(
        "hyperparameter_that_does_not_parse",
        "training",
        f"{STATIC}/seed",
        "zero",
        "D077",
        f"{STATIC}/seed",
        (
            "Step 'Tune' passes a hyperparameter that its script refuses: argument --seed: "
            "invalid int value: 'zero'."
        ),
    ),
    Case(
        "searched_value_that_the_script_refuses",
        "training",
        f"{CATEGORIES}/Values/0",
        "resnet19",
        "D077",
        f"{CATEGORIES}/Values/0",
        (
            "Step 'Tune' passes a hyperparameter that its script refuses: Hyperparameter "
            "'architecture' is 'resnet19'. Known: small_cnn, convnext_tiny, efficientnet_b0, "
            "mobilenet_v3_small, resnet18, resnet50."
        ),
    ),
    Case(
        "default_out_of_bounds",
        "training",
        "/Parameters/4/DefaultValue",
        0,
        "D077",
        f"{STATIC}/epochs",
        (
            "Step 'Tune' passes a hyperparameter that its script refuses: Hyperparameter 'epochs' "
            "is 0; expected 1 to 1000. (1 more place in the document.)"
        ),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_finds_one_mistake(case: Case) -> None:
    """One edit that breaks a rule gives exactly one finding, with this place and message."""
    check_case(case)


def test_every_rule_has_a_case() -> None:
    """No rule of the module is without a document that breaks it."""
    assert {case.rule for case in CASES} == rules_of(scripts)


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        pytest.param(f"{HYPERPARAMETERS}/sagemaker_program", "train.py", id="another_script"),
        pytest.param(
            "/Steps/3/Arguments/OutputDataConfig/S3OutputPath",
            {"Get": "Parameters.RawDataUri"},
            id="output_of_the_caller_s_choice",
        ),
        pytest.param(
            "/Steps/1/Arguments/AppSpecification/ContainerArguments/1",
            "/opt/ml/processing/input/raw/images",
            id="folder_of_an_input",
        ),
    ],
)
def test_accepts(pointer: str, value: object) -> None:
    """Scripts of others, outputs that the caller places and folders of inputs are sound."""
    assert check(edited(sound("training"), pointer, value)) == []
