"""Tests of monitoring.schedules.errors."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from monitoring.schedules.errors import ModelMonitorUnavailableError, ScheduleError, refusals

HINT = (
    "Model Monitor is closed to new customers since 2026-07-30; an account that may not use it "
    "runs the pipeline 'monitoring' on a schedule instead, against the same baselines."
)


def refuse(sagemaker: Stubber, code: str, message: str) -> Exception:
    """What comes of an operation that the service refuses."""
    sagemaker.add_client_error(
        "stop_monitoring_schedule", service_error_code=code, service_message=message
    )
    client: Any = sagemaker.client
    with pytest.raises(Exception) as caught, refusals(client):  # noqa: PT011 - it is returned
        client.stop_monitoring_schedule(MonitoringScheduleName="dogs")
    assert isinstance(caught.value, ClientError) or isinstance(caught.value.__cause__, ClientError)
    return caught.value


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("AccessDeniedException", "AWS OpsWorks Stacks is no longer accepting new customers"),
        ("ForbiddenException", "AWS RoboMaker is only available for existing customers."),
        (
            "ValidationException",
            "AWS OpsWorks CM is not accepting new customers. This command is therefore no longer "
            "supported.",
        ),
        ("SomeNewException", "Model Monitor is no longer available to New Customers"),
    ],
)
def test_a_closed_service_is_recognised(sagemaker: Stubber, code: str, message: str) -> None:
    """What services that were closed before answer means that the account may not use this one."""
    error = refuse(sagemaker, code, message)
    assert type(error) is ModelMonitorUnavailableError
    assert str(error) == (
        "This account may not use Model Monitor (StopMonitoringSchedule: "
        f"{code}: {message.rstrip('.')}). {HINT}"
    )


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "ValidationException"])
def test_other_refusals_keep_their_words(sagemaker: Stubber, code: str) -> None:
    """A refusal that may have another cause says what the service said, and the hint."""
    error = refuse(sagemaker, code, "User is not authorized to perform this.")
    assert type(error) is ScheduleError
    assert str(error) == (
        f"Model Monitor refused StopMonitoringSchedule: {code}: User is not authorized to perform "
        f"this. {HINT}"
    )


@pytest.mark.parametrize("code", ["ThrottlingException", "ResourceLimitExceeded"])
def test_errors_of_another_kind_pass(sagemaker: Stubber, code: str) -> None:
    """What has nothing to do with the account is the service's own error."""
    assert isinstance(refuse(sagemaker, code, "Slow down."), ClientError)


def test_a_refusal_without_words(sagemaker: Stubber) -> None:
    """A refusal may come without a message."""
    assert str(refuse(sagemaker, "AccessDeniedException", "")) == (
        f"Model Monitor refused StopMonitoringSchedule: AccessDeniedException. {HINT}"
    )
