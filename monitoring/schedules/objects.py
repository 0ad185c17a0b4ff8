"""Reads and writes the S3 objects that a schedule names."""

import hashlib
from importlib import resources
from typing import Any

from monitoring.schedules.errors import ScheduleError

_DIGEST_CHARACTERS = 16


def upload_preprocessor(prefix_uri: str, *, s3: Any, kms_key: str = "") -> str:
    """Put the record preprocessor where Model Monitor can read it.

    Args:
        prefix_uri: S3 prefix of the script, whose name is its content's: what a schedule uses
            stays as it is.
        s3: An S3 client.
        kms_key: KMS key of the object; empty: the bucket's default encryption.

    Returns:
        URI of the script, for `Job.preprocessor_uri`.
    """
    content = resources.files("monitoring").joinpath("preprocessor.py").read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:_DIGEST_CHARACTERS]
    uri = f"{prefix_uri.rstrip('/')}/preprocessor-{digest}.py"
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
    s3.put_object(**_location(uri), **encryption, Body=content, ContentType="text/x-python")
    return uri


def read_constraints(uri: str, *, s3: Any) -> bytes:
    """Content of a baseline's constraints.

    Args:
        uri: Their URI.
        s3: An S3 client.

    Raises:
        ScheduleError: There are none.
    """
    try:
        content: bytes = s3.get_object(**_location(uri))["Body"].read()
    except s3.exceptions.NoSuchKey as error:
        raise ScheduleError(
            f"There are no constraints at {uri}; register the model again with the training "
            "pipeline."
        ) from error
    return content


def _location(uri: str) -> dict[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return {"Bucket": bucket, "Key": key}
