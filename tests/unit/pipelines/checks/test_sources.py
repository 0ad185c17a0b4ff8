"""The rules of `pipelines.checks.sources`, each broken by one edit of a sound definition."""

import pytest

from pipelines.checks import sources
from tests.unit.pipelines.checks.cases import REMOVE, Case, check_case, rules_of

CASES = [
    Case(
        "code_prefix_without_digest",
        "training",
        "/Steps/1/Arguments/ProcessingInputs/0/S3Input/S3Uri",
        "s3://images-111122223333/code/preprocess/latest",
        "D070",
        "/Steps/1/Arguments/ProcessingInputs/0/S3Input/S3Uri",
        (
            "Step 'Preprocess' runs code from "
            "'s3://images-111122223333/code/preprocess/latest', which is not addressed by "
            "its content; expected a digest of 32 or more hexadecimal digits as a part of "
            "the path."
        ),
    ),
    Case(
        "code_channel_without_digest",
        "training",
        "/Steps/3/Arguments/InputDataConfig/0/DataSource/S3DataSource/S3Uri",
        "s3://images-111122223333/code/train/sourcedir.tar.gz",
        "D070",
        "/Steps/3/Arguments/InputDataConfig/0/DataSource/S3DataSource/S3Uri",
        (
            "Step 'Train' runs code from "
            "'s3://images-111122223333/code/train/sourcedir.tar.gz', which is not "
            "addressed by its content; expected a digest of 32 or more hexadecimal digits "
            "as a part of the path."
        ),
    ),
    Case(
        "archive_without_digest",
        "training",
        "/Steps/3/Arguments/HyperParameters/sagemaker_submit_directory",
        "s3://images-111122223333/code/train/sourcedir.tar.gz",
        "D070",
        "/Steps/3/Arguments/HyperParameters/sagemaker_submit_directory",
        (
            "Step 'Train' runs code from "
            "'s3://images-111122223333/code/train/sourcedir.tar.gz', which is not "
            "addressed by its content; expected a digest of 32 or more hexadecimal digits "
            "as a part of the path."
        ),
    ),
    Case(
        "code_from_a_parameter",
        "training",
        "/Steps/1/Arguments/ProcessingInputs/0/S3Input/S3Uri",
        {"Get": "Parameters.RawDataUri"},
        "D070",
        "/Steps/1/Arguments/ProcessingInputs/0/S3Input/S3Uri",
        (
            'Step \'Preprocess\' runs code from {"Get": "Parameters.RawDataUri"}, which is '
            "not addressed by its content; expected a digest of 32 or more hexadecimal "
            "digits as a part of the path."
        ),
    ),
    Case(
        "program_without_archive",
        "training",
        "/Steps/3/Arguments/HyperParameters/sagemaker_submit_directory",
        REMOVE,
        "D071",
        "/Steps/3/Arguments/HyperParameters",
        (
            "Step 'Train' has the hyperparameter 'sagemaker_program' without "
            "'sagemaker_submit_directory'."
        ),
    ),
    Case(
        "archive_in_no_channel",
        "training",
        (
            "/Steps/2/Arguments/TrainingJobDefinition/StaticHyperParameters/sagemaker_submi"
            "t_directory"
        ),
        "/opt/ml/input/data/source/sourcedir.tar.gz",
        "D071",
        (
            "/Steps/2/Arguments/TrainingJobDefinition/StaticHyperParameters/sagemaker_submi"
            "t_directory"
        ),
        (
            "Step 'Tune' unpacks its code from channel 'source', which it does not have. "
            "Its channels: code, train, validation."
        ),
    ),
    Case(
        "inference_image_trains",
        "training",
        "/Steps/3/Arguments/AlgorithmSpecification/TrainingImage",
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-gpu-py312",
        "D072",
        "/Steps/3/Arguments/AlgorithmSpecification/TrainingImage",
        (
            "Step 'Train' uses image 'pytorch-inference', which is for inference; expected "
            "an image for training."
        ),
    ),
    Case(
        "training_image_serves",
        "training",
        ("/Steps/5/Arguments/IfSteps/0/Arguments/InferenceSpecification/Containers/0/Image"),
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.10.0-cpu-py313",
        "D072",
        ("/Steps/5/Arguments/IfSteps/0/Arguments/InferenceSpecification/Containers/0/Image"),
        (
            "Step 'RegisterModel' uses image 'pytorch-training', which is for training; "
            "expected an image for inference."
        ),
    ),
    Case(
        "image_of_another_region",
        "training",
        "/Steps/3/Arguments/AlgorithmSpecification/TrainingImage",
        "763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch-training:2.10.0-gpu-py313",
        "D073",
        "/Steps/3/Arguments/AlgorithmSpecification/TrainingImage",
        ("Region 'eu-west-1' differs from 'us-east-1', where the other images and resources are."),
    ),
    Case(
        "function_of_another_region",
        "training",
        "/Steps/0/FunctionArn",
        "arn:aws:lambda:us-west-2:111122223333:function:find_approved_model",
        "D073",
        "/Steps/0/FunctionArn",
        ("Region 'us-west-2' differs from 'us-east-1', where the other images and resources are."),
    ),
    Case(
        "join_without_digest",
        "training",
        "/Steps/1/Arguments/ProcessingInputs/0/S3Input/S3Uri",
        {
            "Std:Join": {
                "On": "/",
                "Values": [
                    "s3://images-111122223333/code",
                    {"Get": "Execution.PipelineExecutionId"},
                ],
            }
        },
        "D070",
        "/Steps/1/Arguments/ProcessingInputs/0/S3Input/S3Uri",
        (
            'Step \'Preprocess\' runs code from {"Std:Join": {"On": "/", "Values": '
            '["s3://images-111122223333/code", {"Get": ..., which is not addressed by its '
            "content; expected a digest of 32 or more hexadecimal digits as a part of the "
            "path."
        ),
    ),
    Case(
        "code_from_another_step",
        "training",
        "/Steps/1/Arguments/ProcessingInputs/0/S3Input/S3Uri",
        {"Get": "Steps.FindApprovedModel.OutputParameters['ModelUri']"},
        "D070",
        "/Steps/1/Arguments/ProcessingInputs/0/S3Input/S3Uri",
        (
            "Step 'Preprocess' runs code from {\"Get\": "
            "\"Steps.FindApprovedModel.OutputParameters['ModelUri']\"}, which is not "
            "addressed by its content; expected a digest of 32 or more hexadecimal digits "
            "as a part of the path."
        ),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_finds_one_mistake(case: Case) -> None:
    """One edit that breaks a rule gives exactly one finding, with this place and message."""
    check_case(case)


def test_every_rule_is_tried() -> None:
    """Every rule of the module has a bad document."""
    assert {case.rule for case in CASES} == rules_of(sources)
