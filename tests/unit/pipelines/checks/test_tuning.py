"""The rules of `pipelines.checks.tuning`, each broken by one edit of a sound definition."""

import pytest

from pipelines.checks import tuning
from tests.unit.pipelines.checks.cases import REMOVE, Case, check_case, rules_of

CASES = [
    Case(
        "objective_without_metric",
        "training",
        (
            "/Steps/2/Arguments/HyperParameterTuningJobConfig/HyperParameterTuningJobObject"
            "ive/MetricName"
        ),
        "val_loss",
        "D060",
        (
            "/Steps/2/Arguments/HyperParameterTuningJobConfig/HyperParameterTuningJobObject"
            "ive/MetricName"
        ),
        (
            "Step 'Tune' tunes for 'val_loss', which no metric definition reads. Metrics: "
            "train_loss, validation_loss, validation_macro_f1. Did you mean "
            "'validation_loss'?"
        ),
    ),
    Case(
        "metric_without_definition",
        "training",
        ("/Steps/2/Arguments/TrainingJobDefinition/AlgorithmSpecification/MetricDefinitions/1"),
        REMOVE,
        "D060",
        (
            "/Steps/2/Arguments/HyperParameterTuningJobConfig/HyperParameterTuningJobObject"
            "ive/MetricName"
        ),
        (
            "Step 'Tune' tunes for 'validation_loss', which no metric definition reads. "
            "Metrics: train_loss, validation_macro_f1. Did you mean 'validation_macro_f1'?"
        ),
    ),
    Case(
        "minimum_above_maximum",
        "training",
        (
            "/Steps/2/Arguments/HyperParameterTuningJobConfig/ParameterRanges/ContinuousPar"
            "ameterRanges/1/MinValue"
        ),
        "0.9",
        "D061",
        (
            "/Steps/2/Arguments/HyperParameterTuningJobConfig/ParameterRanges/ContinuousPar"
            "ameterRanges/1"
        ),
        ("Step 'Tune' searches 'dropout' from 0.9 to 0.5; expected MinValue below MaxValue."),
    ),
    Case(
        "zero_on_a_logarithmic_scale",
        "training",
        (
            "/Steps/2/Arguments/HyperParameterTuningJobConfig/ParameterRanges/ContinuousPar"
            "ameterRanges/0/MinValue"
        ),
        "0",
        "D061",
        (
            "/Steps/2/Arguments/HyperParameterTuningJobConfig/ParameterRanges/ContinuousPar"
            "ameterRanges/0"
        ),
        (
            "Step 'Tune' searches 'learning_rate' from 0 on a logarithmic scale; expected "
            "MinValue above 0."
        ),
    ),
    Case(
        "fraction_in_an_integer_range",
        "training",
        (
            "/Steps/2/Arguments/HyperParameterTuningJobConfig/ParameterRanges/IntegerParame"
            "terRanges/0/MinValue"
        ),
        "1.5",
        "D061",
        (
            "/Steps/2/Arguments/HyperParameterTuningJobConfig/ParameterRanges/IntegerParame"
            "terRanges/0"
        ),
        ("Step 'Tune' searches 'batch_size' from 1.5 to 128 as integers; expected whole numbers."),
    ),
    Case(
        "bound_is_no_number",
        "training",
        (
            "/Steps/2/Arguments/HyperParameterTuningJobConfig/ParameterRanges/ContinuousPar"
            "ameterRanges/0/MinValue"
        ),
        "small",
        "D061",
        (
            "/Steps/2/Arguments/HyperParameterTuningJobConfig/ParameterRanges/ContinuousPar"
            "ameterRanges/0/MinValue"
        ),
        "Step 'Tune' searches 'learning_rate' from MinValue 'small'; expected a number.",
    ),
    Case(
        "two_ranges",
        "training",
        (
            "/Steps/2/Arguments/HyperParameterTuningJobConfig/ParameterRanges/IntegerParame"
            "terRanges/-"
        ),
        {"Name": "dropout", "MinValue": "0", "MaxValue": "1"},
        "D062",
        (
            "/Steps/2/Arguments/HyperParameterTuningJobConfig/ParameterRanges/ContinuousPar"
            "ameterRanges/1/Name"
        ),
        (
            "Step 'Tune' searches 'dropout' twice; the first range is at "
            "/Steps/2/Arguments/HyperParameterTuningJobConfig/ParameterRanges/IntegerParame"
            "terRanges/1."
        ),
    ),
    Case(
        "static_and_tuned",
        "training",
        "/Steps/2/Arguments/TrainingJobDefinition/StaticHyperParameters/batch_size",
        "64",
        "D062",
        "/Steps/2/Arguments/TrainingJobDefinition/StaticHyperParameters/batch_size",
        "Step 'Tune' fixes 'batch_size' and also searches it; keep one of the two.",
    ),
    Case(
        "hyperband_with_early_stopping",
        "training",
        "/Steps/2/Arguments/HyperParameterTuningJobConfig/Strategy",
        "Hyperband",
        "D063",
        "/Steps/2/Arguments/HyperParameterTuningJobConfig/TrainingJobEarlyStoppingType",
        (
            "Step 'Tune' uses Hyperband, which stops trials itself; expected "
            "TrainingJobEarlyStoppingType 'Off'."
        ),
    ),
    Case(
        "settings_without_hyperband",
        "training",
        "/Steps/2/Arguments/HyperParameterTuningJobConfig/StrategyConfig",
        {"HyperbandStrategyConfig": {"MinResource": 1, "MaxResource": 9}},
        "D063",
        ("/Steps/2/Arguments/HyperParameterTuningJobConfig/StrategyConfig/HyperbandStrategyConfig"),
        "Step 'Tune' has settings for Hyperband, but its strategy is 'Bayesian'.",
    ),
    Case(
        "more_at_a_time_than_in_all",
        "training",
        "/Parameters/6/DefaultValue",
        9,
        "D064",
        ("/Steps/2/Arguments/HyperParameterTuningJobConfig/ResourceLimits/MaxParallelTrainingJobs"),
        (
            "Step 'Tune' runs 9 trials at a time and 8 in all; expected at most as many at "
            "a time as in all."
        ),
    ),
    Case(
        "grid_of_numbers",
        "training",
        "/Steps/2/Arguments/HyperParameterTuningJobConfig/Strategy",
        "Grid",
        "D065",
        (
            "/Steps/2/Arguments/HyperParameterTuningJobConfig/ParameterRanges/IntegerParame"
            "terRanges/0"
        ),
        (
            "Step 'Tune' searches by Grid over ranges of numbers: batch_size, dropout, "
            "learning_rate; expected only CategoricalParameterRanges."
        ),
    ),
    Case(
        "no_training_definition",
        "training",
        "/Steps/2/Arguments/TrainingJobDefinition",
        REMOVE,
        "D066",
        "/Steps/2/Arguments",
        (
            "Step 'Tune' has no training job definition; expected one of "
            "TrainingJobDefinition and TrainingJobDefinitions."
        ),
    ),
    Case(
        "nothing_to_search",
        "training",
        "/Steps/2/Arguments/HyperParameterTuningJobConfig/ParameterRanges",
        {},
        "D066",
        "/Steps/2/Arguments",
        "Step 'Tune' searches no hyperparameter; expected at least one range.",
    ),
    Case(
        "hyperband_with_resources_in_disorder",
        "training",
        "/Steps/2/Arguments/HyperParameterTuningJobConfig",
        {
            "Strategy": "Hyperband",
            "HyperParameterTuningJobObjective": {
                "MetricName": "validation_loss",
                "Type": "Minimize",
            },
            "ResourceLimits": {
                "MaxNumberOfTrainingJobs": {"Get": "Parameters.MaxTrials"},
                "MaxParallelTrainingJobs": {"Get": "Parameters.MaxParallelTrials"},
            },
            "StrategyConfig": {"HyperbandStrategyConfig": {"MinResource": 9, "MaxResource": 3}},
            "ParameterRanges": {
                "CategoricalParameterRanges": [
                    {"Name": "learning_rate", "Values": ["0.001", "0.01"]},
                    {"Name": "dropout", "Values": ["0", "0.2"]},
                    {"Name": "batch_size", "Values": ["32", "64"]},
                    {"Name": "architecture", "Values": ["resnet18", "small_cnn"]},
                ]
            },
        },
        "D063",
        ("/Steps/2/Arguments/HyperParameterTuningJobConfig/StrategyConfig/HyperbandStrategyConfig"),
        "Step 'Tune' uses Hyperband with MinResource 9 above MaxResource 3.",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_finds_one_mistake(case: Case) -> None:
    """One edit that breaks a rule gives exactly one finding, with this place and message."""
    check_case(case)


def test_every_rule_is_tried() -> None:
    """Every rule of the module has a bad document."""
    assert {case.rule for case in CASES} == rules_of(tuning)
