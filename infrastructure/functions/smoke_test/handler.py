"""Sends a model package's samples to an endpoint, and compares the answers with the recorded ones.

Event: `EndpointName`, `VariantName` and `SamplesUri`, the S3 prefix of the samples.
Answer: `Message`. The first answer that differs is an error.
"""

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from inference.samples import MAX_SAMPLE_BYTES, SAMPLES_FILE, Sample, difference, parse_samples
from infrastructure.functions.objects import bucket_and_key


class SmokeTestError(Exception):
    """The endpoint does not answer as the model did when it was evaluated."""


def respond(event: Mapping[str, str], *, s3: Any, sagemaker_runtime: Any) -> dict[str, str]:
    """Answer the event.

    Args:
        event: The event, as described above.
        s3: An S3 client.
        sagemaker_runtime: A SageMaker Runtime client.

    Raises:
        SmokeTestError: There are no samples, or the endpoint refuses one or answers it otherwise.
    """
    samples_uri = event["SamplesUri"].rstrip("/")
    if not samples_uri:
        raise SmokeTestError(
            "The model package records no samples, so nothing shows that the endpoint answers as "
            "it should; register the model again with the training pipeline."
        )
    try:
        samples = parse_samples(_read(f"{samples_uri}/{SAMPLES_FILE}", s3))
    except ValueError as error:
        raise SmokeTestError(f"{samples_uri}: {error}") from error
    for sample in samples:
        _try(sample, _read(f"{samples_uri}/{sample.file}", s3), event, sagemaker_runtime)
    return {"Message": f"{len(samples)} samples answered as expected"}


def _read(uri: str, s3: Any) -> bytes:
    try:
        body = s3.get_object(**bucket_and_key(uri))["Body"]
    except ClientError as error:
        raise SmokeTestError(f"{uri} cannot be read: {error}") from error
    content: bytes = body.read(MAX_SAMPLE_BYTES + 1)
    if len(content) > MAX_SAMPLE_BYTES:
        raise SmokeTestError(f"{uri} is larger than {MAX_SAMPLE_BYTES} bytes.")
    return content


def _try(sample: Sample, image: bytes, event: Mapping[str, str], sagemaker_runtime: Any) -> None:
    lead = f"Endpoint '{event['EndpointName']}', sample '{sample.file}':"
    try:
        answer = sagemaker_runtime.invoke_endpoint(
            EndpointName=event["EndpointName"],
            TargetVariant=event["VariantName"],
            ContentType=sample.content_type,
            Accept="application/json",
            Body=image,
        )
    except ClientError as error:
        raise SmokeTestError(f"{lead} {error}") from error
    text = answer["Body"].read()
    try:
        found = json.loads(text)
    except ValueError as error:
        raise SmokeTestError(f"{lead} the answer is not JSON: {error}.") from error
    if not isinstance(found, dict):
        raise SmokeTestError(f"{lead} the answer is not a JSON object.")
    words = difference(sample.response, found)
    if words is not None:
        raise SmokeTestError(f"{lead} {words}.")


def handler(event: Mapping[str, str], _context: object) -> dict[str, str]:
    """Entry point on AWS Lambda."""
    import boto3  # A local execution passes its own clients and needs none of it.
    from botocore.config import Config

    # Legacy retries also count the 429 of a model that is not ready yet; standard ones do not.
    patient = Config(retries={"mode": "legacy", "max_attempts": 8})
    return respond(
        event,
        s3=boto3.client("s3"),
        sagemaker_runtime=boto3.client("sagemaker-runtime", config=patient),
    )
