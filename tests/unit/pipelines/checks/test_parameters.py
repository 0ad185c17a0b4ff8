"""The rules of `pipelines.checks.parameters`, each broken by one edit of a sound definition."""

import pytest

from pipelines.checks import parameters
from tests.unit.pipelines.checks.cases import REMOVE, Case, check_case, rules_of

CASES = [
    Case(
        "misspelt_parameter",
        "training",
        "/Steps/3/Arguments/HyperParameters/epochs",
        {"Std:Join": {"On": "", "Values": [{"Get": "Parameters.Epoch"}]}},
        "D010",
        "/Steps/3/Arguments/HyperParameters/epochs/Std:Join/Values/0",
        (
            "Parameter 'Epoch' is not declared. Declared: AccuracyThreshold, "
            "CalibrationErrorThreshold, Epochs, FailureTopicArn, MaxTrials, "
            "ModelApprovalStatus, PreprocessInstanceCount, ProcessingInstanceType, "
            "RawDataUri, TrainingInstanceType and 1 more. Did you mean 'Epochs'?"
        ),
    ),
    Case(
        "removed_parameter",
        "training",
        "/Parameters/7",
        REMOVE,
        "D010",
        "/Steps/5/Arguments/Conditions/0/RightValue",
        (
            "Parameter 'AccuracyThreshold' is not declared. Declared: "
            "CalibrationErrorThreshold, Epochs, FailureTopicArn, MaxParallelTrials, "
            "MaxTrials, ModelApprovalStatus, PreprocessInstanceCount, "
            "ProcessingInstanceType, RawDataUri, TrainingInstanceType. (1 more place in "
            "the document.)"
        ),
    ),
    Case(
        "unused_parameter",
        "training",
        "/Parameters/-",
        {"Name": "Patience", "Type": "Integer", "DefaultValue": 6},
        "D011",
        "/Parameters/11",
        ("Parameter 'Patience' is declared, but nothing refers to it; use it or remove it."),
    ),
    Case(
        "parameter_twice",
        "training",
        "/Parameters/-",
        {"Name": "Epochs", "Type": "Integer", "DefaultValue": 6},
        "D012",
        "/Parameters/11/Name",
        "Parameter 'Epochs' is declared twice; the first one is at /Parameters/4.",
    ),
    Case(
        "unknown_parameter_type",
        "training",
        "/Parameters/4/Type",
        "Int",
        "D013",
        "/Parameters/4/Type",
        (
            "Parameter 'Epochs' has the type 'Int'. Types: Boolean, Float, Integer, "
            "String. Did you mean 'Integer'?"
        ),
    ),
    Case(
        "default_of_another_type",
        "training",
        "/Parameters/4/DefaultValue",
        "three",
        "D014",
        "/Parameters/4/DefaultValue",
        "Parameter 'Epochs' expects an Integer, got 'three'.",
    ),
    Case(
        "boolean_for_an_integer",
        "training",
        "/Parameters/4/DefaultValue",
        True,
        "D014",
        "/Parameters/4/DefaultValue",
        "Parameter 'Epochs' expects an Integer, got true.",
    ),
    Case(
        "listed_value_of_another_type",
        "training",
        "/Parameters/9/EnumValues/-",
        1,
        "D014",
        "/Parameters/9/EnumValues",
        "Parameter 'ModelApprovalStatus' expects a String, got 1.",
    ),
    Case(
        "default_not_listed",
        "training",
        "/Parameters/9/DefaultValue",
        "Aproved",
        "D015",
        "/Parameters/9/DefaultValue",
        (
            "Parameter 'ModelApprovalStatus' defaults to 'Aproved', which is not among its "
            "EnumValues. Listed: Approved, PendingManualApproval. Did you mean 'Approved'?"
        ),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_finds_one_mistake(case: Case) -> None:
    """One edit that breaks a rule gives exactly one finding, with this place and message."""
    check_case(case)


def test_every_rule_is_tried() -> None:
    """Every rule of the module has a bad document."""
    assert {case.rule for case in CASES} == rules_of(parameters)
