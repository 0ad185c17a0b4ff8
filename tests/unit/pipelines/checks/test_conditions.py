"""The rules of `pipelines.checks.conditions`, each broken by one edit of a sound definition."""

import pytest

from pipelines.checks import conditions
from tests.unit.pipelines.checks.cases import REMOVE, Case, check_case, rules_of

CASES = [
    Case(
        "no_conditions",
        "training",
        "/Steps/5/Arguments/Conditions",
        [],
        "D090",
        "/Steps/5/Arguments/Conditions",
        "Condition 'CheckQuality' has no conditions; expected at least one.",
    ),
    Case(
        "unknown_condition",
        "training",
        "/Steps/5/Arguments/Conditions/0/Type",
        "GreaterThanOrEquals",
        "D090",
        "/Steps/5/Arguments/Conditions/0/Type",
        (
            "Condition 'CheckQuality' compares by 'GreaterThanOrEquals'. Types: Equals, "
            "GreaterThan, GreaterThanOrEqualTo, In, LessThan, LessThanOrEqualTo, Not, Or. "
            "Did you mean 'GreaterThanOrEqualTo'?"
        ),
    ),
    Case(
        "operand_missing",
        "training",
        "/Steps/5/Arguments/Conditions/0/RightValue",
        REMOVE,
        "D090",
        "/Steps/5/Arguments/Conditions/0",
        (
            "Condition 'CheckQuality' gives GreaterThanOrEqualTo the operands LeftValue; "
            "expected LeftValue, RightValue."
        ),
    ),
    Case(
        "unknown_condition_argument",
        "training",
        "/Steps/5/Arguments/IfStep",
        [],
        "D090",
        "/Steps/5/Arguments/IfStep",
        (
            "Condition 'CheckQuality' has the unknown argument 'IfStep'. Known: "
            "Conditions, ElseSteps, IfSteps. Did you mean 'IfSteps'?"
        ),
    ),
    Case(
        "values_no_list",
        "training",
        "/Steps/5/Arguments/Conditions/1/Conditions/3/Values",
        "Approved",
        "D090",
        "/Steps/5/Arguments/Conditions/1/Conditions/3/Values",
        "Condition 'CheckQuality' looks in 'Approved'; expected a list of values.",
    ),
    Case(
        "condition_no_object",
        "training",
        "/Steps/5/Arguments/Conditions/0",
        True,
        "D090",
        "/Steps/5/Arguments/Conditions/0",
        "Condition 'CheckQuality' holds true; expected an object with a Type.",
    ),
    Case(
        "number_with_string",
        "training",
        "/Steps/5/Arguments/Conditions/0/RightValue",
        "0.9",
        "D091",
        "/Steps/5/Arguments/Conditions/0/RightValue",
        (
            "Condition 'CheckQuality' compares a Float with a String; expected two values "
            "of one type."
        ),
    ),
    Case(
        "number_with_string_parameter",
        "training",
        "/Steps/5/Arguments/Conditions/0/RightValue",
        {"Get": "Parameters.ModelApprovalStatus"},
        "D091",
        "/Steps/5/Arguments/Conditions/0/RightValue",
        (
            "Condition 'CheckQuality' compares a Float with a String; expected two values "
            "of one type."
        ),
    ),
    Case(
        "string_among_numbers",
        "training",
        "/Steps/5/Arguments/Conditions/1/Conditions/3/Values/-",
        1,
        "D091",
        "/Steps/5/Arguments/Conditions/1/Conditions/3/Values/1",
        (
            "Condition 'CheckQuality' compares a String with an Integer; expected two "
            "values of one type."
        ),
    ),
    Case(
        "boolean_with_number",
        "training",
        "/Steps/5/Arguments/Conditions/1/Conditions/1/Condition/RightValue",
        1,
        "D091",
        "/Steps/5/Arguments/Conditions/1/Conditions/1/Condition/RightValue",
        (
            "Condition 'CheckQuality' compares a Boolean with an Integer; expected two "
            "values of one type."
        ),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_finds_one_mistake(case: Case) -> None:
    """One edit that breaks a rule gives exactly one finding, with this place and message."""
    check_case(case)


def test_every_rule_is_tried() -> None:
    """Every rule of the module has a bad document."""
    assert {case.rule for case in CASES} == rules_of(conditions)
