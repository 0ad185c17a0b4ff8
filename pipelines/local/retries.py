"""Decides whether and when a failed step is tried again.

Only a TransientFault is ever retried, and only if a policy of the step lists its exception type: a
script that fails would fail again.

Source: Amazon SageMaker AI Developer Guide, "Retry Policy for Pipeline Steps",
https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-retry-policy.html
"""

from collections.abc import Mapping, Sequence

from pipelines.definition import Json
from pipelines.local.errors import TransientFault

_MAX_ATTEMPTS = 5
_INTERVAL_SECONDS = 1.0
_BACKOFF_RATE = 2.0


def retry_delay(
    policies: Sequence[Mapping[str, Json]],
    fault: TransientFault,
    *,
    num_retries: int,
    elapsed_seconds: float,
) -> float | None:
    """Seconds to wait before the next attempt; None if there is to be none.

    Args:
        policies: RetryPolicies of the step; the first that lists the exception type counts.
        fault: How the last attempt failed.
        num_retries: Retries so far.
        elapsed_seconds: Time since the first attempt started.
    """
    for policy in policies:
        if fault.exception_type not in policy["ExceptionType"]:
            continue
        interval = float(policy.get("IntervalSeconds", _INTERVAL_SECONDS))
        delay = interval * float(policy.get("BackoffRate", _BACKOFF_RATE)) ** num_retries
        if "ExpireAfterMin" in policy:
            is_allowed = elapsed_seconds + delay <= 60 * float(policy["ExpireAfterMin"])
        else:
            is_allowed = num_retries < int(policy.get("MaxAttempts", _MAX_ATTEMPTS))
        return delay if is_allowed else None
    return None
