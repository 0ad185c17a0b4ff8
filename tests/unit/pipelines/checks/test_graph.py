"""The rules of `pipelines.checks.graph`, each broken by one edit of a sound definition."""

import pytest

from pipelines.checks import graph
from tests.unit.pipelines.checks.cases import Case, check_case, rules_of

CASES = [
    Case(
        "two_steps_wait_for_each_other",
        "training",
        "/Steps/1/DependsOn",
        ["Evaluate"],
        "D031",
        "/Steps/1",
        (
            "Steps wait for each other: Preprocess -> Evaluate -> Preprocess, each for the "
            "next. Remove one of these dependencies."
        ),
    ),
    Case(
        "step_waits_for_itself",
        "training",
        "/Steps/1/DependsOn",
        ["Preprocess"],
        "D031",
        "/Steps/1",
        (
            "Steps wait for each other: Preprocess -> Preprocess, each for the next. "
            "Remove one of these dependencies."
        ),
    ),
    Case(
        "condition_waits_for_its_branch",
        "training",
        "/Steps/5/Arguments/Conditions/0/RightValue",
        {"Get": "Steps.RegisterModel.ModelPackageVersion"},
        "D031",
        "/Steps/5",
        (
            "Steps wait for each other: CheckQuality -> RegisterModel -> CheckQuality, "
            "each for the next. Remove one of these dependencies."
        ),
    ),
    Case(
        "read_from_the_other_branch",
        "training",
        "/Steps/5/Arguments/ElseSteps/0/Arguments/ErrorMessage",
        {
            "Std:Join": {
                "On": "",
                "Values": ["Not registered: ", {"Get": "Steps.RegisterModel.ModelPackageArn"}],
            }
        },
        "D032",
        "/Steps/5/Arguments/ElseSteps/0/Arguments/ErrorMessage/Std:Join/Values/1",
        (
            "Step 'QualityTooLow' waits for step 'RegisterModel', which runs only when "
            "condition 'CheckQuality' is true; 'QualityTooLow' stands in the other branch."
        ),
    ),
    Case(
        "read_from_outside_the_branch",
        "training",
        "/Steps/6/Arguments/Job",
        {"Get": "Steps.RegisterModel.ModelPackageArn"},
        "D032",
        "/Steps/6/Arguments/Job",
        (
            "Step 'NotifyFailure' waits for step 'RegisterModel', which runs only when "
            "condition 'CheckQuality' is true; 'NotifyFailure' stands outside that branch."
        ),
    ),
    Case(
        "waits_from_outside_the_branch",
        "training",
        "/Steps/6/DependsOn/-",
        "RegisterModel",
        "D032",
        "/Steps/6/DependsOn/1",
        (
            "Step 'NotifyFailure' waits for step 'RegisterModel', which runs only when "
            "condition 'CheckQuality' is true; 'NotifyFailure' stands outside that branch."
        ),
    ),
    Case(
        "nested_condition",
        "training",
        "/Steps/5/Arguments/ElseSteps/-",
        {
            "Name": "CheckAgain",
            "Type": "Condition",
            "Arguments": {
                "Conditions": [{"Type": "Equals", "LeftValue": 1, "RightValue": 1}],
                "IfSteps": [],
                "ElseSteps": [],
            },
        },
        "D033",
        "/Steps/5/Arguments/ElseSteps/1",
        (
            "Condition 'CheckAgain' stands in a branch of condition 'CheckQuality'. "
            "Combine their conditions, or move it out of the branch."
        ),
    ),
    Case(
        "unknown_outcome",
        "training",
        "/Steps/6/DependsOn/0/Trigger",
        "Failure",
        "D034",
        "/Steps/6/DependsOn/0/Trigger",
        (
            "Step 'NotifyFailure' waits for outcome 'Failure' of step 'CheckQuality'. "
            "Outcomes: Any, Completed, Failed, Stopped. Did you mean 'Failed'?"
        ),
    ),
    Case(
        "waits_for_the_end",
        "training",
        "/Steps/5/Arguments/ElseSteps/-",
        {
            "Name": "TidyUp",
            "Type": "Lambda",
            "FunctionArn": "arn:aws:lambda:us-east-1:111122223333:function:tidy_up",
            "DependsOn": [{"Step": "QualityTooLow", "Trigger": "Failed"}],
        },
        "D035",
        "/Steps/5/Arguments/ElseSteps/1/DependsOn/0",
        (
            "Step 'TidyUp' waits for 'QualityTooLow', a Fail step, which ends the execution; "
            "expected the step that fails before it."
        ),
    ),
    Case(
        "reads_what_failed",
        "deployment",
        "/Steps/5/DependsOn",
        [{"Step": "Score", "Trigger": "Failed"}],
        "D036",
        "/Steps/5/Arguments/Scores",
        (
            "Step 'SmokeTest' waits for outcome 'Failed' of step 'Score' and reads "
            "'Steps.Score.TransformOutput.S3OutputPath', which waits for its success."
        ),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_finds_one_mistake(case: Case) -> None:
    """One edit that breaks a rule gives exactly one finding, with this place and message."""
    check_case(case)


def test_every_rule_is_tried() -> None:
    """Every rule of the module has a bad document."""
    assert {case.rule for case in CASES} == rules_of(graph)
