"""The rules of `pipelines.checks.structure`, each broken by one edit of a sound definition."""

import pytest

from pipelines.checks import structure
from tests.unit.pipelines.checks.cases import REMOVE, Case, check_case, rules_of

CASES = [
    Case(
        "wrong_version",
        "training",
        "/Version",
        "2021-01-01",
        "D001",
        "/Version",
        "Version is '2021-01-01'; expected '2020-12-01'.",
    ),
    Case(
        "unknown_top_level_key",
        "training",
        "/Parametres",
        [],
        "D001",
        "/Parametres",
        (
            "The definition has the unknown key 'Parametres'. Known: Metadata, "
            "MlflowConfig, Parameters, PipelineExperimentConfig, Steps, Version. Did you "
            "mean 'Parameters'?"
        ),
    ),
    Case(
        "steps_no_list",
        "training",
        "/Steps",
        {},
        "D001",
        "/Steps",
        "Found {}; expected a list.",
    ),
    Case(
        "no_steps",
        "training",
        "/Steps",
        [],
        "D001",
        "/Steps",
        "The definition has no steps; expected at least one.",
    ),
    Case(
        "step_no_object",
        "training",
        "/Steps/0",
        "Train",
        "D001",
        "/Steps/0",
        "Found 'Train'; expected an object.",
    ),
    Case(
        "step_without_type",
        "training",
        "/Steps/3/Type",
        REMOVE,
        "D001",
        "/Steps/3/Type",
        "Type is missing; expected a string.",
    ),
    Case(
        "arguments_no_object",
        "training",
        "/Steps/3/Arguments",
        [],
        "D001",
        "/Steps/3/Arguments",
        "Arguments is []; expected an object.",
    ),
    Case(
        "parameter_without_name",
        "training",
        "/Parameters/0/Name",
        REMOVE,
        "D001",
        "/Parameters/0/Name",
        "Name is missing; expected a string.",
    ),
    Case(
        "depends_on_a_string",
        "training",
        "/Steps/3/DependsOn",
        "Preprocess",
        "D001",
        "/Steps/3/DependsOn",
        (
            "Step 'Train' depends on 'Preprocess'; expected a list of step names or of "
            'objects {"Step": name, "Trigger": outcome}.'
        ),
    ),
    Case(
        "branch_no_list",
        "training",
        "/Steps/5/Arguments/IfSteps",
        None,
        "D001",
        "/Steps/5/Arguments/IfSteps",
        "Found null; expected a list.",
    ),
    Case(
        "step_name_with_space",
        "training",
        "/Steps/6/Name",
        "Notify failure",
        "D002",
        "/Steps/6/Name",
        (
            "Step name 'Notify failure' is not legal; expected letters, digits, '-' and "
            "'_', 1 to 64 characters."
        ),
    ),
    Case(
        "step_name_too_long",
        "training",
        "/Steps/6/Name",
        "N" * 65,
        "D002",
        "/Steps/6/Name",
        (
            "Step name 'NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN' "
            "is not legal; expected letters, digits, '-' and '_', 1 to 64 characters."
        ),
    ),
    Case(
        "empty_step_name",
        "training",
        "/Steps/6/Name",
        "",
        "D002",
        "/Steps/6/Name",
        ("Step name '' is not legal; expected letters, digits, '-' and '_', 1 to 64 characters."),
    ),
    Case(
        "parameter_name_with_dot",
        "training",
        "/Parameters/-",
        {"Name": "max.epochs", "Type": "Integer"},
        "D002",
        "/Parameters/11/Name",
        (
            "Parameter name 'max.epochs' is not legal; expected letters, digits, '-' and "
            "'_', 1 to 256 characters."
        ),
    ),
    Case(
        "get_without_path",
        "training",
        "/Steps/3/Arguments/RoleArn",
        {"Get": "Steps..Arn"},
        "D003",
        "/Steps/3/Arguments/RoleArn",
        ("Expression 'Get' holds 'Steps..Arn'; expected a path such as Parameters.<name>."),
    ),
    Case(
        "get_of_a_list",
        "training",
        "/Steps/3/Arguments/RoleArn",
        {"Get": ["Parameters", "Epochs"]},
        "D003",
        "/Steps/3/Arguments/RoleArn",
        (
            'Expression \'Get\' holds ["Parameters", "Epochs"]; expected a path such as '
            "Parameters.<name>."
        ),
    ),
    Case(
        "join_without_values",
        "training",
        "/Steps/3/Arguments/OutputDataConfig/S3OutputPath",
        {"Std:Join": {"On": "/"}},
        "D003",
        "/Steps/3/Arguments/OutputDataConfig/S3OutputPath",
        (
            'Expression \'Std:Join\' holds {"On": "/"}; expected an object {"On": separator, '
            '"Values": list}.'
        ),
    ),
    Case(
        "json_get_without_path",
        "training",
        "/Steps/5/Arguments/Conditions/0/LeftValue",
        {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.EvaluationReport"}}},
        "D003",
        "/Steps/5/Arguments/Conditions/0/LeftValue",
        (
            'Expression \'Std:JsonGet\' holds {"PropertyFile": {"Get": '
            '"Steps.Evaluate.PropertyFiles.EvaluationReport"}}; expected an object '
            '{"PropertyFile": {"Get": path}, "Path": path}.'
        ),
    ),
    Case(
        "parameters_no_list",
        "training",
        "/Parameters",
        {},
        "D001",
        "/Parameters",
        "Found {}; expected a list.",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_finds_one_mistake(case: Case) -> None:
    """One edit that breaks a rule gives exactly one finding, with this place and message."""
    check_case(case)


def test_every_rule_is_tried() -> None:
    """Every rule of the module has a bad document."""
    assert {case.rule for case in CASES} == rules_of(structure)
