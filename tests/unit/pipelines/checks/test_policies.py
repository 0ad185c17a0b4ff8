"""The rules of `pipelines.checks.policies`, each broken by one edit of a sound definition."""

import pytest

from pipelines.checks import policies
from tests.unit.pipelines.checks.cases import REMOVE, Case, check_case, rules_of

CASES = [
    Case(
        "unknown_exception",
        "training",
        "/Steps/3/RetryPolicies/1/ExceptionType/0",
        "SageMaker.INTERNAL_ERROR",
        "D080",
        "/Steps/3/RetryPolicies/1/ExceptionType/0",
        (
            "Step 'Train' of type Training retries 'SageMaker.INTERNAL_ERROR'. Exceptions: "
            "SageMaker.CAPACITY_ERROR, SageMaker.JOB_CAPACITY_ERROR, "
            "SageMaker.JOB_INTERNAL_ERROR, SageMaker.RESOURCE_LIMIT, Step.SERVICE_FAULT, "
            "Step.THROTTLING. Did you mean 'SageMaker.JOB_INTERNAL_ERROR'?"
        ),
    ),
    Case(
        "job_exception_without_a_job",
        "training",
        "/Steps/5/Arguments/IfSteps/0/RetryPolicies/0/ExceptionType/-",
        "SageMaker.RESOURCE_LIMIT",
        "D080",
        "/Steps/5/Arguments/IfSteps/0/RetryPolicies/0/ExceptionType/2",
        (
            "Step 'RegisterModel' of type RegisterModel retries "
            "'SageMaker.RESOURCE_LIMIT'. Exceptions: Step.SERVICE_FAULT, Step.THROTTLING."
        ),
    ),
    Case(
        "no_exceptions",
        "training",
        "/Steps/3/RetryPolicies/0/ExceptionType",
        [],
        "D080",
        "/Steps/3/RetryPolicies/0/ExceptionType",
        (
            "A retry policy of step 'Train' has ExceptionType []; expected a list of "
            "exception types."
        ),
    ),
    Case(
        "too_many_attempts",
        "training",
        "/Steps/3/RetryPolicies/0/MaxAttempts",
        21,
        "D081",
        "/Steps/3/RetryPolicies/0/MaxAttempts",
        "A retry policy of step 'Train' has MaxAttempts 21; expected 0 to 20.",
    ),
    Case(
        "attempts_as_a_string",
        "training",
        "/Steps/3/RetryPolicies/0/MaxAttempts",
        "5",
        "D081",
        "/Steps/3/RetryPolicies/0/MaxAttempts",
        "A retry policy of step 'Train' has MaxAttempts '5'; expected 0 to 20.",
    ),
    Case(
        "unknown_retry_key",
        "training",
        "/Steps/3/RetryPolicies/0/MaxRetries",
        5,
        "D081",
        "/Steps/3/RetryPolicies/0/MaxRetries",
        (
            "A retry policy of step 'Train' has the unknown key 'MaxRetries'. Known: "
            "BackoffRate, ExceptionType, ExpireAfterMin, IntervalSeconds, MaxAttempts."
        ),
    ),
    Case(
        "attempts_and_expiry",
        "training",
        "/Steps/3/RetryPolicies/0/ExpireAfterMin",
        10,
        "D082",
        "/Steps/3/RetryPolicies/0",
        ("A retry policy of step 'Train' has both MaxAttempts and ExpireAfterMin; expected one."),
    ),
    Case(
        "duration_not_iso",
        "training",
        "/Steps/3/CacheConfig/ExpireAfter",
        "30 days",
        "D083",
        "/Steps/3/CacheConfig/ExpireAfter",
        (
            "The cache of step 'Train' has ExpireAfter '30 days'; expected an ISO 8601 "
            "duration, for example 'P30D'."
        ),
    ),
    Case(
        "duration_without_parts",
        "training",
        "/Steps/3/CacheConfig/ExpireAfter",
        "P",
        "D083",
        "/Steps/3/CacheConfig/ExpireAfter",
        (
            "The cache of step 'Train' has ExpireAfter 'P'; expected an ISO 8601 duration, "
            "for example 'P30D'."
        ),
    ),
    Case(
        "cache_without_expiry",
        "training",
        "/Steps/3/CacheConfig/ExpireAfter",
        REMOVE,
        "D083",
        "/Steps/3/CacheConfig",
        (
            "The cache of step 'Train' has no ExpireAfter; expected an ISO 8601 duration, "
            "for example 'P30D'."
        ),
    ),
    Case(
        "cache_enabled_by_a_string",
        "training",
        "/Steps/3/CacheConfig/Enabled",
        "true",
        "D083",
        "/Steps/3/CacheConfig/Enabled",
        "The cache of step 'Train' has Enabled 'true'; expected true or false.",
    ),
    Case(
        "cache_no_object",
        "training",
        "/Steps/3/CacheConfig",
        True,
        "D083",
        "/Steps/3/CacheConfig",
        "The cache of step 'Train' has the settings true; expected an object.",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_finds_one_mistake(case: Case) -> None:
    """One edit that breaks a rule gives exactly one finding, with this place and message."""
    check_case(case)


def test_every_rule_is_tried() -> None:
    """Every rule of the module has a bad document."""
    assert {case.rule for case in CASES} == rules_of(policies)
