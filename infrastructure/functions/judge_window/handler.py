"""Fails where a check of a window found violations, so that a Fail step follows.

A condition cannot decide it: the service takes no condition inside the branch of another one, and
the checks are in the branch of the windows that have records.

Event: `Checks`, the S3 URI of the result of each check, by what was checked.
Answer: `Message`.
"""

import json
from collections.abc import Mapping
from typing import Any

from infrastructure.functions.objects import bucket_and_key


class DriftError(Exception):
    """A check found violations."""


def respond(event: Mapping[str, Any], *, s3: Any) -> dict[str, str]:
    """Answer the event.

    Args:
        event: The event, as described above.
        s3: An S3 client.

    Raises:
        DriftError: A check found violations.
    """
    checks = {
        name: json.loads(s3.get_object(**bucket_and_key(uri))["Body"].read())
        for name, uri in event["Checks"].items()
    }
    words = [
        f"{name}: {check['worst']}" for name, check in checks.items() if check["num_violations"]
    ]
    if words:
        raise DriftError("; ".join(words))
    statuses = ", ".join(f"{name} {check['status']}" for name, check in checks.items())
    return {"Message": f"no violations: {statuses}"}


def handler(event: Mapping[str, Any], _context: object) -> dict[str, str]:
    """Entry point on AWS Lambda."""
    import boto3  # A local execution passes its own client and needs none of it.

    return respond(event, s3=boto3.client("s3"))
