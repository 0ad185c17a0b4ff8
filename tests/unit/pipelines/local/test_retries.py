"""Tests of pipelines.local.retries."""

from typing import Any

import pytest

from pipelines.local.errors import TransientFault
from pipelines.local.retries import retry_delay

POLICY = {
    "ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"],
    "IntervalSeconds": 10,
    "BackoffRate": 3.0,
    "MaxAttempts": 2,
}


@pytest.mark.parametrize(
    ("policies", "num_retries", "elapsed_seconds", "delay"),
    [
        pytest.param([POLICY], 0, 0.0, 10.0, id="first"),
        pytest.param([POLICY], 1, 0.0, 30.0, id="backs-off"),
        pytest.param([POLICY], 2, 0.0, None, id="enough-attempts"),
        pytest.param([{**POLICY, "ExceptionType": ["Step.THROTTLING"]}], 0, 0.0, None, id="other"),
        pytest.param(
            [{**POLICY, "ExceptionType": ["Step.THROTTLING"]}, POLICY], 0, 0.0, 10.0, id="second"
        ),
        pytest.param([], 0, 0.0, None, id="no-policy"),
        pytest.param(
            [{"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"]}], 4, 0.0, 16.0, id="defaults"
        ),
        pytest.param(
            [{"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"]}], 5, 0.0, None, id="default-limit"
        ),
        pytest.param(
            [{**POLICY, "ExpireAfterMin": 1}], 9, 0.0, None, id="delay-beyond-the-time-allowed"
        ),
        pytest.param([{**POLICY, "ExpireAfterMin": 1}], 1, 30.0, 30.0, id="within-the-time"),
        pytest.param([{**POLICY, "ExpireAfterMin": 1}], 1, 31.0, None, id="after-the-time"),
    ],
)
def test_when_a_fault_is_retried(
    policies: list[Any], num_retries: int, elapsed_seconds: float, delay: float | None
) -> None:
    """The first policy that lists the exception type decides, by attempts or by time."""
    fault = TransientFault("The machine failed.")

    assert delay == retry_delay(
        policies, fault, num_retries=num_retries, elapsed_seconds=elapsed_seconds
    )
