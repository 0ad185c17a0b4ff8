"""Finds the model in force: the newest approved package of a model package group.

Event: `ModelPackageGroupName`, and `PlaceholderUri`, the S3 prefix to answer where none is
approved.
Answer: `ModelPackageArn`, empty where none is approved, and `ModelUri`, its `model.tar.gz` or the
placeholder.
"""

from collections.abc import Mapping
from typing import Any

from infrastructure.functions.model_packages import newest_approved


def respond(event: Mapping[str, str], *, sagemaker: Any) -> dict[str, str]:
    """Answer the event.

    Args:
        event: The event, as described above.
        sagemaker: A SageMaker client.
    """
    arn = newest_approved(event["ModelPackageGroupName"], sagemaker)
    if arn is None:
        return {"ModelPackageArn": "", "ModelUri": event["PlaceholderUri"]}
    package = sagemaker.describe_model_package(ModelPackageName=arn)
    container = package["InferenceSpecification"]["Containers"][0]
    return {"ModelPackageArn": arn, "ModelUri": container["ModelDataUrl"]}


def handler(event: Mapping[str, str], _context: object) -> dict[str, str]:
    """Entry point on AWS Lambda."""
    import boto3  # A local execution passes its own client and needs none of it.

    return respond(event, sagemaker=boto3.client("sagemaker"))
