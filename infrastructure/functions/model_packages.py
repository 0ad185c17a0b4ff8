"""Finds model packages: the newest approved one of a group, or one by its name."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from inference.package import retraining_parameters


def newest_approved(group: str, sagemaker: Any) -> str | None:
    """ARN of the newest approved package of a group; None where there is none, or no group.

    Args:
        group: Name of the model package group.
        sagemaker: A SageMaker client.
    """
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
        if _is_absence(error):
            return None
        raise
    packages = page["ModelPackageSummaryList"]
    return str(packages[0]["ModelPackageArn"]) if packages else None


def describe_package(name: str, sagemaker: Any) -> Mapping[str, Any] | None:
    """Description of a package; None where it does not exist.

    Args:
        name: Its ARN, or `<group>/<version>`.
        sagemaker: A SageMaker client.
    """
    try:
        description: Mapping[str, Any] = sagemaker.describe_model_package(ModelPackageName=name)
    except ClientError as error:
        if _is_absence(error):
            return None
        raise
    return description


def approved_training(group: str, sagemaker: Any) -> dict[str, str]:
    """What the newest approved package of a group was trained with, as parameters of `retraining`.

    Args:
        group: Name of the model package group.
        sagemaker: A SageMaker client.

    Returns:
        The parameters; none where no package is approved, so that the pipeline's defaults hold.
    """
    newest = newest_approved(group, sagemaker)
    package = None if newest is None else describe_package(newest, sagemaker)
    return retraining_parameters((package or {}).get("CustomerMetadataProperties", {}))


def _is_absence(error: ClientError) -> bool:
    reason = error.response["Error"]
    return reason["Code"] == "ValidationException" and "does not exist" in reason["Message"]
