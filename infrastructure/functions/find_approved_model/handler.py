"""Finds the model in force: the newest approved package of a model package group.

Event: `ModelPackageGroupName`, and `PlaceholderUri`, the S3 prefix to answer where none is
approved.
Answer: `ModelPackageArn`, empty where none is approved, and `ModelUri`, its `model.tar.gz` or the
placeholder.
"""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError


def respond(event: Mapping[str, str], *, sagemaker: Any) -> dict[str, str]:
    """Answer the event.

    Args:
        event: The event, as described above.
        sagemaker: A SageMaker client.
    """
    arn = _newest_approved(event["ModelPackageGroupName"], sagemaker)
    if arn is None:
        return {"ModelPackageArn": "", "ModelUri": event["PlaceholderUri"]}
    package = sagemaker.describe_model_package(ModelPackageName=arn)
    container = package["InferenceSpecification"]["Containers"][0]
    return {"ModelPackageArn": arn, "ModelUri": container["ModelDataUrl"]}


def _newest_approved(group: str, sagemaker: Any) -> str | None:
    request = {
        "ModelPackageGroupName": group,
        "ModelApprovalStatus": "Approved",
        "SortBy": "CreationTime",
        "SortOrder": "Descending",
    }
    try:
        page = sagemaker.list_model_packages(**request)
        # A page may be empty although a later one is not: the status is filtered after paging.
        while not page["ModelPackageSummaryList"] and "NextToken" in page:
            page = sagemaker.list_model_packages(**request, NextToken=page["NextToken"])
    except ClientError as error:
        # The first execution runs before there is a group.
        reason = error.response["Error"]
        if reason["Code"] == "ValidationException" and "does not exist" in reason["Message"]:
            return None
        raise
    packages = page["ModelPackageSummaryList"]
    return packages[0]["ModelPackageArn"] if packages else None


def handler(event: Mapping[str, str], _context: object) -> dict[str, str]:
    """Entry point on AWS Lambda."""
    import boto3  # A local execution passes its own client and needs none of it.

    return respond(event, sagemaker=boto3.client("sagemaker"))
