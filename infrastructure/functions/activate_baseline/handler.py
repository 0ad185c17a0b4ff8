"""Records which model package, baselines and evaluation are in force for an endpoint.

Event: `ActiveUri`, the object to write; `EndpointName`, `EndpointConfigName`, `CaptureUri`,
`ModelPackageArn`, `BaselineUri`, `EvaluationUri`, `PipelineExecutionArn`; `KmsKeyId`, if the object
is to have a key of its own.
Answer: `PreviousModelPackageArn`, empty for an endpoint's first deployment.

The endpoint must still have the configuration, and the object is replaced only as it was read, so
that the record is of what the endpoint serves, and of two deployments at once one fails. The same
execution may ask again.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from infrastructure.functions.clock import utc_now
from infrastructure.functions.endpoints import describe_endpoint
from infrastructure.functions.objects import bucket_and_key
from monitoring.active import ActiveBaseline
from steps.baseline_files import (
    CONSTRAINTS_FILE,
    DATA_QUALITY_DIR,
    MODEL_QUALITY_DIR,
    STATISTICS_FILE,
)

_LOST_RACE = frozenset({"ConditionalRequestConflict", "NoSuchKey", "PreconditionFailed"})
"""Answers to a conditional write whose condition does not hold, or not any more.

Source: Amazon S3 User Guide, "How to prevent object overwrites with conditional writes",
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""


def respond(
    event: Mapping[str, str], clock: Callable[[], datetime] = utc_now, *, s3: Any, sagemaker: Any
) -> dict[str, str]:
    """Answer the event.

    Args:
        event: The event, as described above.
        clock: Tells the time of the record.
        s3: An S3 client.
        sagemaker: A SageMaker client.

    Raises:
        RuntimeError: Another deployment changed the endpoint, or wrote the record, meanwhile; or
            the record cannot be read.
    """
    uri = event["ActiveUri"]
    record, condition = _read(uri, s3)
    if record is not None and record["pipeline_execution_arn"] == event["PipelineExecutionArn"]:
        return {"PreviousModelPackageArn": record["previous_model_package_arn"]}
    _check_endpoint(event, sagemaker)
    previous = record["model_package_arn"] if record is not None else ""
    text = json.dumps(_record(event, previous, clock()), indent=2, sort_keys=True)
    key = event.get("KmsKeyId")
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
    try:
        s3.put_object(
            **bucket_and_key(uri),
            **condition,
            **encryption,
            Body=f"{text}\n".encode(),
            ContentType="application/json",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in _LOST_RACE:
            raise
        raise RuntimeError(
            f"{uri} was changed while this execution deployed: another deployment "
            "activated its baseline for the endpoint meanwhile. Start this pipeline again."
        ) from error
    return {"PreviousModelPackageArn": previous}


def _read(uri: str, s3: Any) -> tuple[ActiveBaseline | None, dict[str, str]]:
    """The record, None where there is none yet, and the condition under which to write the next."""
    try:
        found = s3.get_object(**bucket_and_key(uri))
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchKey":
            raise
        return None, {"IfNoneMatch": "*"}
    try:
        record: ActiveBaseline = json.loads(found["Body"].read())
    except ValueError as error:
        raise RuntimeError(
            f"{uri} is no record of an active baseline: {error}. Delete it, then start this "
            "pipeline again."
        ) from error
    return record, {"IfMatch": found["ETag"]}


def _check_endpoint(event: Mapping[str, str], sagemaker: Any) -> None:
    name, expected = event["EndpointName"], event["EndpointConfigName"]
    endpoint = describe_endpoint(name, sagemaker)
    current = endpoint["EndpointConfigName"] if endpoint is not None else None
    if current != expected:
        found = f"has the configuration '{current}'" if current is not None else "does not exist"
        raise RuntimeError(
            f"Endpoint '{name}' {found}; expected '{expected}', which this execution deployed: "
            "something else changed the endpoint meanwhile. Start this pipeline again."
        )


def _record(event: Mapping[str, str], previous: str, now: datetime) -> ActiveBaseline:
    baseline_uri = event["BaselineUri"].rstrip("/")
    return {
        "endpoint_name": event["EndpointName"],
        "endpoint_config_name": event["EndpointConfigName"],
        "capture_uri": event["CaptureUri"],
        "model_package_arn": event["ModelPackageArn"],
        "previous_model_package_arn": previous,
        "pipeline_execution_arn": event["PipelineExecutionArn"],
        "activated_at": now.isoformat(timespec="seconds"),
        "data_statistics_uri": f"{baseline_uri}/{DATA_QUALITY_DIR}/{STATISTICS_FILE}",
        "data_constraints_uri": f"{baseline_uri}/{DATA_QUALITY_DIR}/{CONSTRAINTS_FILE}",
        "model_statistics_uri": f"{baseline_uri}/{MODEL_QUALITY_DIR}/{STATISTICS_FILE}",
        "model_constraints_uri": f"{baseline_uri}/{MODEL_QUALITY_DIR}/{CONSTRAINTS_FILE}",
        "evaluation_uri": event["EvaluationUri"],
    }


def handler(event: Mapping[str, str], _context: object) -> dict[str, str]:
    """Entry point on AWS Lambda."""
    import boto3  # A local execution passes its own client and needs none of it.

    return respond(event, s3=boto3.client("s3"), sagemaker=boto3.client("sagemaker"))
