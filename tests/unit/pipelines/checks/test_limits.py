"""The rules of `pipelines.checks.limits`, each broken by one edit of a sound definition."""

import pytest

from pipelines.checks import limits
from tests.unit.pipelines.checks.cases import Case, check_case, rules_of

CASES = [
    Case(
        "too_many_steps",
        "training",
        "/Steps/5/Arguments/ElseSteps",
        [
            {"Name": f"Fail{index}", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}
            for index in range(43)
        ],
        "D095",
        "/Steps",
        "The definition has 51 steps; expected at most 50.",
    ),
    Case(
        "too_large",
        "training",
        "/Metadata",
        {"note": "n" * 1_048_576},
        "D097",
        "",
        "The definition has 1,065,137 characters; expected at most 1,048,576.",
    ),
    Case(
        "value_too_long",
        "training",
        "/Parameters/10/DefaultValue",
        "t" * 1025,
        "D098",
        "/Parameters/10/DefaultValue",
        ("Parameter 'FailureTopicArn' has a value of 1025 characters; expected at most 1024."),
    ),
    Case(
        "description_too_long",
        "training",
        "/Steps/3/Description",
        "d" * 3073,
        "D099",
        "/Steps/3/Description",
        ("The Description of step 'Train' is 3073 characters; expected a string of at most 3072."),
    ),
    Case(
        "display_name_no_string",
        "training",
        "/Steps/0/DisplayName",
        1,
        "D099",
        "/Steps/0/DisplayName",
        (
            "The DisplayName of step 'FindApprovedModel' is no string; expected a string "
            "of at most 256."
        ),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_finds_one_mistake(case: Case) -> None:
    """One edit that breaks a rule gives exactly one finding, with this place and message."""
    check_case(case)


def test_every_rule_is_tried() -> None:
    """Every rule of the module has a bad document; D096 has a test of its own."""
    assert {case.rule for case in CASES} == rules_of(limits) - {"D096"}
