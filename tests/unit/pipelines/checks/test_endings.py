"""The rules of `pipelines.checks.endings`, each broken by one edit of a sound definition."""

import pytest

from pipelines.checks import endings
from tests.unit.pipelines.checks.cases import REMOVE, Case, check_case, rules_of

CASES = [
    Case(
        "no_message",
        "training",
        "/Steps/5/Arguments/ElseSteps/0/Arguments/ErrorMessage",
        "",
        "D092",
        "/Steps/5/Arguments/ElseSteps/0/Arguments/ErrorMessage",
        (
            "Fail step 'QualityTooLow' has the message ''; expected a message of 1 to 3072 "
            "characters."
        ),
    ),
    Case(
        "message_is_a_number",
        "training",
        "/Steps/5/Arguments/ElseSteps/0/Arguments/ErrorMessage",
        3,
        "D092",
        "/Steps/5/Arguments/ElseSteps/0/Arguments/ErrorMessage",
        (
            "Fail step 'QualityTooLow' has the message 3; expected a message of 1 to 3072 "
            "characters."
        ),
    ),
    Case(
        "misspelt_message",
        "training",
        "/Steps/5/Arguments/ElseSteps/0/Arguments",
        {"Message": "no"},
        "D092",
        "/Steps/5/Arguments/ElseSteps/0/Arguments/Message",
        (
            "Fail step 'QualityTooLow' has the unknown argument 'Message'. Known: "
            "ErrorMessage. Did you mean 'ErrorMessage'?"
        ),
    ),
    Case(
        "message_missing",
        "training",
        "/Steps/5/Arguments/ElseSteps/0/Arguments",
        {},
        "D092",
        "/Steps/5/Arguments/ElseSteps/0/Arguments/ErrorMessage",
        (
            "Fail step 'QualityTooLow' has the message null; expected a message of 1 to "
            "3072 characters."
        ),
    ),
    Case(
        "message_too_long",
        "training",
        "/Steps/5/Arguments/ElseSteps/0/Arguments/ErrorMessage",
        "m" * 3073,
        "D092",
        "/Steps/5/Arguments/ElseSteps/0/Arguments/ErrorMessage",
        (
            "Fail step 'QualityTooLow' has a message of 3073 characters; expected a "
            "message of 1 to 3072 characters."
        ),
    ),
    Case(
        "function_name_for_an_arn",
        "training",
        "/Steps/0/FunctionArn",
        "find_approved_model",
        "D093",
        "/Steps/0/FunctionArn",
        (
            "Lambda step 'FindApprovedModel' has the function 'find_approved_model'; "
            "expected the form arn:aws:lambda:<region>:<account>:function:<name>."
        ),
    ),
    Case(
        "no_function",
        "training",
        "/Steps/0/FunctionArn",
        REMOVE,
        "D093",
        "/Steps/0/FunctionArn",
        (
            "Lambda step 'FindApprovedModel' has the function null; expected the form "
            "arn:aws:lambda:<region>:<account>:function:<name>."
        ),
    ),
    Case(
        "unknown_output_type",
        "training",
        "/Steps/0/OutputParameters/0/OutputType",
        "Str",
        "D094",
        "/Steps/0/OutputParameters/0/OutputType",
        (
            "Output 'ModelUri' of Lambda step 'FindApprovedModel' has the type 'Str'. "
            "Types: Boolean, Float, Integer, String. Did you mean 'String'?"
        ),
    ),
    Case(
        "output_without_name",
        "deployment",
        "/Steps/5/OutputParameters",
        [{"OutputType": "String"}],
        "D094",
        "/Steps/5/OutputParameters/0/OutputName",
        "An output of Lambda step 'SmokeTest' has the name null; expected a string.",
    ),
    Case(
        "too_many_outputs",
        "deployment",
        "/Steps/5/OutputParameters",
        [{"OutputName": f"output{index}", "OutputType": "String"} for index in range(51)],
        "D094",
        "/Steps/5/OutputParameters",
        "Lambda step 'SmokeTest' has 51 outputs; expected at most 50.",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_finds_one_mistake(case: Case) -> None:
    """One edit that breaks a rule gives exactly one finding, with this place and message."""
    check_case(case)


def test_every_rule_is_tried() -> None:
    """Every rule of the module has a bad document."""
    assert {case.rule for case in CASES} == rules_of(endings)
