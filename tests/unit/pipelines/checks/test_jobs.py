"""The rules of `pipelines.checks.jobs`, each broken by one edit of a sound definition."""

import pytest

from pipelines.checks import jobs
from tests.unit.pipelines.checks.cases import REMOVE, Case, check_case, rules_of

CASES = [
    Case(
        "input_outside_the_folder",
        "training",
        "/Steps/1/Arguments/ProcessingInputs/1/S3Input/LocalPath",
        "/opt/ml/input/raw",
        "D050",
        "/Steps/1/Arguments/ProcessingInputs/1/S3Input/LocalPath",
        (
            "Step 'Preprocess' has the local path '/opt/ml/input/raw'; expected a folder "
            "under /opt/ml/processing/."
        ),
    ),
    Case(
        "two_inputs_in_one_folder",
        "training",
        "/Steps/1/Arguments/ProcessingInputs/1/S3Input/LocalPath",
        "/opt/ml/processing/input/code/",
        "D051",
        "/Steps/1/Arguments/ProcessingInputs/1/S3Input/LocalPath",
        (
            "Step 'Preprocess' uses the local path '/opt/ml/processing/input/code/' twice; "
            "it is also at /Steps/1/Arguments/ProcessingInputs/0/S3Input/LocalPath."
        ),
    ),
    Case(
        "wait_below_run",
        "training",
        "/Steps/3/Arguments/StoppingCondition/MaxWaitTimeInSeconds",
        3600,
        "D052",
        "/Steps/3/Arguments/StoppingCondition/MaxWaitTimeInSeconds",
        (
            "Step 'Train' waits at most 3600 s for a spot run of up to 14400 s; expected "
            "MaxWaitTimeInSeconds of at least MaxRuntimeInSeconds."
        ),
    ),
    Case(
        "spot_without_wait",
        "training",
        ("/Steps/2/Arguments/TrainingJobDefinition/StoppingCondition/MaxWaitTimeInSeconds"),
        REMOVE,
        "D052",
        "/Steps/2/Arguments/TrainingJobDefinition/StoppingCondition",
        (
            "Step 'Tune' trains on spot instances without MaxWaitTimeInSeconds; expected "
            "at least MaxRuntimeInSeconds."
        ),
    ),
    Case(
        "wait_without_spot",
        "training",
        "/Steps/3/Arguments/EnableManagedSpotTraining",
        False,
        "D052",
        "/Steps/3/Arguments/StoppingCondition/MaxWaitTimeInSeconds",
        (
            "Step 'Train' has MaxWaitTimeInSeconds, which only spot training takes; set "
            "EnableManagedSpotTraining or remove it."
        ),
    ),
    Case(
        "spot_without_checkpoints",
        "training",
        "/Steps/3/Arguments/CheckpointConfig",
        REMOVE,
        "D053",
        "/Steps/3/Arguments",
        (
            "Step 'Train' trains on spot instances without CheckpointConfig: an "
            "interruption loses the work. Add one, or train on demand."
        ),
    ),
    Case(
        "regex_does_not_compile",
        "training",
        "/Steps/3/Arguments/AlgorithmSpecification/MetricDefinitions/0/Regex",
        "train_loss=([0-9.]+",
        "D054",
        "/Steps/3/Arguments/AlgorithmSpecification/MetricDefinitions/0/Regex",
        (
            "Metric 'train_loss' of step 'Train' has the expression 'train_loss=([0-9.]+', "
            "which does not compile: missing ), unterminated subpattern at position 11."
        ),
    ),
    Case(
        "regex_captures_nothing",
        "training",
        (
            "/Steps/2/Arguments/TrainingJobDefinition/AlgorithmSpecification/MetricDefiniti"
            "ons/0/Regex"
        ),
        "train_loss=[0-9.]+",
        "D054",
        (
            "/Steps/2/Arguments/TrainingJobDefinition/AlgorithmSpecification/MetricDefiniti"
            "ons/0/Regex"
        ),
        (
            "Metric 'train_loss' of step 'Tune' has the expression 'train_loss=[0-9.]+', "
            "which captures nothing; put the value in parentheses."
        ),
    ),
    Case(
        "wait_without_a_word_of_spot",
        "training",
        "/Steps/3/Arguments/EnableManagedSpotTraining",
        REMOVE,
        "D052",
        "/Steps/3/Arguments/StoppingCondition/MaxWaitTimeInSeconds",
        (
            "Step 'Train' has MaxWaitTimeInSeconds, which only spot training takes; set "
            "EnableManagedSpotTraining or remove it."
        ),
    ),
    Case(
        "volume_key_for_an_instance_with_disks",
        "training",
        "/Steps/3/Arguments/ResourceConfig",
        {
            "InstanceCount": 1,
            "InstanceType": "ml.g5.xlarge",
            "VolumeSizeInGB": 50,
            "VolumeKmsKeyId": "key",
        },
        "D055",
        "/Steps/3/Arguments/ResourceConfig/VolumeKmsKeyId",
        (
            "Step 'Train' has a VolumeKmsKeyId and may run on ml.g5.xlarge, whose own disks take "
            "none; expected another instance type, or no key."
        ),
    ),
    Case(
        "volume_key_for_processing_with_disks",
        "training",
        "/Steps/1/Arguments/ProcessingResources/ClusterConfig",
        {
            "InstanceCount": {"Get": "Parameters.PreprocessInstanceCount"},
            "InstanceType": "ml.r5d.xlarge",
            "VolumeSizeInGB": 50,
            "VolumeKmsKeyId": "key",
        },
        "D055",
        "/Steps/1/Arguments/ProcessingResources/ClusterConfig/VolumeKmsKeyId",
        (
            "Step 'Preprocess' has a VolumeKmsKeyId and may run on ml.r5d.xlarge, whose own disks "
            "take none; expected another instance type, or no key."
        ),
    ),
    Case(
        "volume_key_for_a_transform_with_disks",
        "deployment",
        "/Steps/3/Arguments/TransformResources",
        {"InstanceCount": 1, "InstanceType": "ml.g5.xlarge", "VolumeKmsKeyId": "key"},
        "D055",
        "/Steps/3/Arguments/TransformResources/VolumeKmsKeyId",
        (
            "Step 'Score' has a VolumeKmsKeyId and may run on ml.g5.xlarge, whose own disks take "
            "none; expected another instance type, or no key."
        ),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_finds_one_mistake(case: Case) -> None:
    """One edit that breaks a rule gives exactly one finding, with this place and message."""
    check_case(case)


def test_every_rule_is_tried() -> None:
    """Every rule of the module has a bad document."""
    assert {case.rule for case in CASES} == rules_of(jobs)
