"""The verdict on a window, against a client with the service's own shapes."""

import json
from io import BytesIO
from typing import Any

import pytest
from botocore.response import StreamingBody

from infrastructure.functions.judge_window.handler import DriftError, respond

EVENT = {
    "Checks": {"data": "s3://bucket/a/check.json", "model quality": "s3://bucket/b/check.json"}
}


def add_check(stub: Any, key: str, **check: Any) -> None:
    """Let the client have the result of a check."""
    content = json.dumps(check).encode()
    response = {"Body": StreamingBody(BytesIO(content), len(content))}
    stub.add_response("get_object", response, {"Bucket": "bucket", "Key": key})


def test_a_window_without_violations_passes(s3: Any) -> None:
    """The message says how each check ended: too few records are no pass."""
    add_check(s3, "a/check.json", num_violations=0, status="Completed", worst="no violations")
    add_check(s3, "b/check.json", num_violations=0, status="InsufficientData", worst="none")
    assert respond(EVENT, s3=s3.client) == {
        "Message": "no violations: data Completed, model quality InsufficientData"
    }


def test_violations_fail(s3: Any) -> None:
    """The error names the worst of each check that has any."""
    add_check(s3, "a/check.json", num_violations=0, status="Completed", worst="no violations")
    add_check(
        s3, "b/check.json", num_violations=2, status="CompletedWithViolations", worst="accuracy 0.5"
    )
    with pytest.raises(DriftError) as caught:
        respond(EVENT, s3=s3.client)
    assert str(caught.value) == "model quality: accuracy 0.5"
