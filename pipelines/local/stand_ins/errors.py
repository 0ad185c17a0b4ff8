"""The services' answers to bad requests, as botocore raises them."""

from collections.abc import Mapping
from typing import Any


def client_error(
    operation: str, code: str, message: str, *, status: int = 400, **fields: Any
) -> Exception:
    """The error that a function would catch there.

    Args:
        operation: Name of the operation, for example `GetObject`.
        code: Error code, for example `NoSuchKey`.
        message: What was wrong.
        status: HTTP status of the answer.
        fields: Members of the error beside its code and message.
    """
    # Loading botocore takes longer than most functions run, and few of them fail.
    from botocore.exceptions import ClientError

    response: Mapping[str, Any] = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **fields,
    }
    error: Exception = ClientError(response, operation)
    return error


def refusal(operation: str, message: str) -> Exception:
    """The error of a request that the service finds wrong."""
    return client_error(operation, "ValidationException", message)
