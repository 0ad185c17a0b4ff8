"""What can go wrong with a schedule of Model Monitor.

```
ScheduleError
  ModelMonitorUnavailableError    the account may not use Model Monitor
```
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

REPLACEMENT = "monitoring"
"""The pipeline that checks the same records against the same baselines, for every account."""

HINT = (
    "Model Monitor is closed to new customers since 2026-07-30; an account that may not use it "
    f"runs the pipeline '{REPLACEMENT}' on a schedule instead, against the same baselines."
)
"""What to do where the service refuses the account.

Source: Amazon SageMaker AI Developer Guide, "Amazon SageMaker Model Monitor availability change",
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-availability-change.html
"""

# Nobody published the refusal's text. Services that were closed before say "no longer accepting
# new customers", "no longer available to new customers", "only available for existing customers".
# Source: https://github.com/ekristen/aws-nuke/issues/665,
# https://github.com/rebuy-de/aws-nuke/issues/341
_CLOSED = ("new customers", "existing customers")

_REFUSALS = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ForbiddenException",
        "OptInRequired",
        "ValidationException",
    }
)
"""Errors that a closed service answers with, and that also have other causes."""


class ScheduleError(Exception):
    """A schedule cannot be as it was asked for."""


class ModelMonitorUnavailableError(ScheduleError):
    """The account may not use Model Monitor."""


@contextmanager
def refusals(sagemaker: Any) -> Iterator[None]:
    """Say of an operation that the service refuses what to do instead.

    Args:
        sagemaker: The SageMaker client that is used meanwhile.

    Raises:
        ModelMonitorUnavailableError: The service says that it is closed to the account.
        ScheduleError: It refuses the operation in a way that may mean the same.
    """
    try:
        yield
    except sagemaker.exceptions.ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        words = ": ".join(filter(None, (error.operation_name, code, message.rstrip("."))))
        if any(phrase in message.lower() for phrase in _CLOSED):
            raise ModelMonitorUnavailableError(
                f"This account may not use Model Monitor ({words}). {HINT}"
            ) from error
        if code in _REFUSALS:
            raise ScheduleError(f"Model Monitor refused {words}. {HINT}") from error
        raise
