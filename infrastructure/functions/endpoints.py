"""Looks at endpoints."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

UPDATABLE = frozenset({"InService", "OutOfService"})
"""Statuses in which an endpoint takes another configuration."""


def describe_endpoint(name: str, sagemaker: Any) -> Mapping[str, Any] | None:
    """Description of an endpoint; None where it does not exist.

    Args:
        name: Its name.
        sagemaker: A SageMaker client.
    """
    try:
        description: Mapping[str, Any] = sagemaker.describe_endpoint(EndpointName=name)
    except ClientError as error:
        reason = error.response["Error"]
        if reason["Code"] == "ValidationException" and "Could not find" in reason["Message"]:
            return None
        raise
    return description
