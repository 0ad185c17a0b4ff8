"""Finds a model package that may be deployed, or says why none may be, before anything is created.

Event: `ModelPackageGroupName`, `ModelPackage` (an ARN, `<group>/<version>`, or `latest` for the
newest approved package) and, where an endpoint is to serve it, `EndpointName`.
Answer: `Problem`, a sentence that says what to do, empty where all is well; then `ModelPackageArn`,
`ModelUri`, `BaselineUri`, `EvaluationUri`, `SamplesUri` (those that the package does not record are
empty) and `PreviousEndpointConfigName`, empty where there is no endpoint yet. With a problem all
of these are empty.
"""

from collections.abc import Mapping
from typing import Any

from inference.package import Metadata
from infrastructure.functions.endpoints import UPDATABLE, describe_endpoint
from infrastructure.functions.model_packages import describe_package, newest_approved

LATEST = "latest"

_NOTHING = dict.fromkeys(
    (
        "Problem", "ModelPackageArn", "ModelUri", "BaselineUri", "EvaluationUri", "SamplesUri",
        "PreviousEndpointConfigName",
    ),
    "",
)  # fmt: skip


class _ProblemError(Exception):
    """The package may not be deployed, or the endpoint cannot take it."""


def respond(event: Mapping[str, str], *, sagemaker: Any) -> dict[str, str]:
    """Answer the event.

    Args:
        event: The event, as described above.
        sagemaker: A SageMaker client.
    """
    try:
        package = _package(event["ModelPackage"], event["ModelPackageGroupName"], sagemaker)
        previous = _previous_config(event.get("EndpointName", ""), sagemaker)
    except _ProblemError as problem:
        return {**_NOTHING, "Problem": str(problem)}
    metadata = package.get("CustomerMetadataProperties", {})
    return {
        **_NOTHING,
        "ModelPackageArn": package["ModelPackageArn"],
        "ModelUri": package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"],
        "BaselineUri": metadata[Metadata.BASELINE_URI],
        "EvaluationUri": metadata.get(Metadata.EVALUATION_URI, ""),
        "SamplesUri": metadata.get(Metadata.SAMPLES_URI, ""),
        "PreviousEndpointConfigName": previous,
    }


def _package(name: str, group: str, sagemaker: Any) -> Mapping[str, Any]:
    if name == LATEST:
        newest = newest_approved(group, sagemaker)
        if newest is None:
            raise _ProblemError(
                f"Group '{group}' has no approved model package; approve one with "
                f"'pipelines approve {group}/<version>', then start again."
            )
        name = newest
    package = describe_package(name, sagemaker)
    if package is None:
        raise _ProblemError(
            f"Model package '{name}' does not exist; expected its ARN, {group}/<version> or "
            f"{LATEST}."
        )
    _check(package, group)
    return package


def _check(package: Mapping[str, Any], group: str) -> None:
    name = "/".join(package["ModelPackageArn"].split("/")[1:])
    if package.get("ModelPackageGroupName") != group:
        raise _ProblemError(
            f"Model package '{name}' is not of group '{group}', whose models this pipeline uses."
        )
    status = package["ModelPackageStatus"]
    if status != "Completed":
        raise _ProblemError(
            f"Model package '{name}' is {status}; expected Completed. Wait for it, or register the "
            "model again."
        )
    approval = package["ModelApprovalStatus"]
    if approval != "Approved":
        raise _ProblemError(
            f"Model package '{name}' is {approval}; approve it with 'pipelines approve {name}', or "
            "choose another, then start again."
        )
    if Metadata.BASELINE_URI not in package.get("CustomerMetadataProperties", {}):
        raise _ProblemError(
            f"Model package '{name}' has no '{Metadata.BASELINE_URI}' in its customer metadata, so "
            "nothing could be monitored; register the model again with the training pipeline."
        )


def _previous_config(endpoint_name: str, sagemaker: Any) -> str:
    endpoint = describe_endpoint(endpoint_name, sagemaker) if endpoint_name else None
    if endpoint is None:
        return ""
    status = endpoint["EndpointStatus"]
    if status not in UPDATABLE:
        # A failed endpoint takes no other operation.
        advice = "delete it" if status == "Failed" else "wait until it is InService"
        raise _ProblemError(f"Endpoint '{endpoint_name}' is {status}; {advice}, then start again.")
    return str(endpoint["EndpointConfigName"])


def handler(event: Mapping[str, str], _context: object) -> dict[str, str]:
    """Entry point on AWS Lambda."""
    import boto3  # A local execution passes its own client and needs none of it.

    return respond(event, sagemaker=boto3.client("sagemaker"))
