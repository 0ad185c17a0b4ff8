"""Rules about retries and the step cache."""

import re
from collections.abc import Iterator

from pipelines.checks.analysis import Analysis
from pipelines.checks.document import Located, child, literal_type, located
from pipelines.checks.rules import Problem, rule
from pipelines.definition import Step
from pipelines.wording import alternatives, quote

_GUIDE_URL = "https://docs.aws.amazon.com/sagemaker/latest/dg/"
_RETRY_URL = f"{_GUIDE_URL}pipelines-retry-policy.html"

CALL_EXCEPTIONS = frozenset({"Step.SERVICE_FAULT", "Step.THROTTLING"})
# The guide writes JOB_CAPACITY_ERROR where the SDK sends CAPACITY_ERROR: both are taken for right.
JOB_EXCEPTIONS = frozenset(
    {
        "SageMaker.CAPACITY_ERROR",
        "SageMaker.JOB_CAPACITY_ERROR",
        "SageMaker.JOB_INTERNAL_ERROR",
        "SageMaker.RESOURCE_LIMIT",
    }
)
STEPS_WITH_JOBS = frozenset({"Processing", "Training", "Transform", "Tuning"})

RETRY_BOUNDS = {
    "BackoffRate": (0, float("inf")),
    "ExpireAfterMin": (0, 14_400),
    "IntervalSeconds": (0, 43_200),
    "MaxAttempts": (0, 20),
}
"""Smallest and largest value of a retry policy's numbers."""

_DURATION = re.compile(
    r"P?(?=.)(?:\d+Y)?(?:\d+M)?(?:\d+W)?(?:\d+D)?(?:T(?=.)(?:\d+H)?(?:\d+M)?(?:\d+S)?)?",
    re.IGNORECASE,
)


def _policies(analysis: Analysis) -> Iterator[tuple[Step, Located]]:
    for step in analysis.steps:
        yield from ((step, item) for item in located(step).objects("RetryPolicies"))


@rule(
    "D080",
    "Retries name exceptions that the step can meet",
    f"{_RETRY_URL}#pipelines-retry-policy-supported-exceptions",
)
def retried_exceptions(analysis: Analysis) -> Iterator[Problem]:
    """Every step calls the service; only steps with jobs meet the failures of jobs."""
    for step, policy in _policies(analysis):
        types = policy.value.get("ExceptionType")
        if not isinstance(types, list) or not types:
            yield Problem(
                child(policy.pointer, "ExceptionType"),
                f"A retry policy of step '{step.name}' has ExceptionType {quote(types)}; expected "
                "a list of exception types.",
            )
            continue
        known = CALL_EXCEPTIONS | (JOB_EXCEPTIONS if step.type in STEPS_WITH_JOBS else frozenset())
        for index, name in enumerate(types):
            is_known = isinstance(name, str) and name in known
            if not is_known and step.type in STEPS_WITH_JOBS | {"Model", "RegisterModel"}:
                yield Problem(
                    f"{policy.pointer}/ExceptionType/{index}",
                    f"Step '{step.name}' of type {step.type} retries {quote(name)}. "
                    f"{alternatives(str(name), known, 'Exceptions')}",
                )


@rule("D081", "Retry limits keep their bounds", f"{_RETRY_URL}#pipelines-retry-policy-json-schema")
def retry_bounds(analysis: Analysis) -> Iterator[Problem]:
    """Intervals, attempts and expiry are numbers within limits, and nothing else is set."""
    for step, policy in _policies(analysis):
        for key, value in policy.value.items():
            if key == "ExceptionType":
                continue
            bounds = RETRY_BOUNDS.get(key)
            pointer = child(policy.pointer, key)
            lead = f"A retry policy of step '{step.name}' has"
            if bounds is None:
                known = alternatives(key, {*RETRY_BOUNDS, "ExceptionType"})
                yield Problem(pointer, f"{lead} the unknown key '{key}'. {known}")
                continue
            low, high = bounds
            is_number = literal_type(value) in {"Integer", "Float"}
            if not is_number or not low <= value <= high:
                expected = f"{low} to {high:,}" if high != float("inf") else f"at least {low}"
                yield Problem(pointer, f"{lead} {key} {quote(value)}; expected {expected}.")


@rule("D082", "Retries end by attempts or by time", _RETRY_URL)
def retry_end(analysis: Analysis) -> Iterator[Problem]:
    """The service takes `MaxAttempts` or `ExpireAfterMin`, never both."""
    for step, policy in _policies(analysis):
        if {"MaxAttempts", "ExpireAfterMin"} <= policy.value.keys():
            yield Problem(
                policy.pointer,
                f"A retry policy of step '{step.name}' has both MaxAttempts and ExpireAfterMin; "
                "expected one.",
            )


@rule("D083", "Cached steps expire", f"{_GUIDE_URL}pipelines-caching-enabling.html")
def cache_config(analysis: Analysis) -> Iterator[Problem]:
    """The cache is on or off, and says in ISO 8601 how old a result may be."""
    for step in analysis.steps:
        cache = located(step).dig("CacheConfig")
        if cache.value is None:
            continue
        is_enabled, age = (cache.dig(key) for key in ("Enabled", "ExpireAfter"))
        lead = f"The cache of step '{step.name}' has"
        if not isinstance(cache.value, dict):
            yield Problem(
                cache.pointer, f"{lead} the settings {quote(cache.value)}; expected an object."
            )
        elif not isinstance(is_enabled.value, bool):
            yield Problem(
                is_enabled.pointer,
                f"{lead} Enabled {quote(is_enabled.value)}; expected true or false.",
            )
        elif is_enabled.value and age.value is None:
            yield Problem(
                cache.pointer,
                f"{lead} no ExpireAfter; expected an ISO 8601 duration, for example 'P30D'.",
            )
        elif age.value is not None and not (
            isinstance(age.value, str) and _DURATION.fullmatch(age.value)
        ):
            yield Problem(
                age.pointer,
                f"{lead} ExpireAfter {quote(age.value)}; expected an ISO 8601 duration, for "
                "example 'P30D'.",
            )
