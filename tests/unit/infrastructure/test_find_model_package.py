"""The function that finds the package to deploy, against a client with the service's own shapes."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from infrastructure.functions.find_model_package.handler import respond

PREFIX = "arn:aws:sagemaker:us-east-1:111122223333:model-package"
ARN = f"{PREFIX}/dogs/7"
METADATA = {
    "baseline_uri": "s3://bucket/baseline",
    "evaluation_uri": "s3://bucket/evaluation",
    "samples_uri": "s3://bucket/samples",
}
FOUND = {
    "Problem": "",
    "ModelPackageArn": ARN,
    "ModelUri": "s3://bucket/model.tar.gz",
    "BaselineUri": "s3://bucket/baseline",
    "EvaluationUri": "s3://bucket/evaluation",
    "SamplesUri": "s3://bucket/samples",
    "PreviousEndpointConfigName": "",
}


def event(package: str = "latest", **more: str) -> dict[str, str]:
    """An event that asks for a package of the group `dogs`."""
    return {"ModelPackageGroupName": "dogs", "ModelPackage": package, **more}


def add_package(stub: Stubber, name: str = ARN, **changes: Any) -> None:
    """Let the client describe a package, approved unless `changes` says otherwise."""
    description = {
        "ModelPackageName": "dogs",
        "ModelPackageGroupName": "dogs",
        "ModelPackageArn": ARN,
        "ModelPackageVersion": 7,
        "ModelPackageStatus": "Completed",
        "ModelApprovalStatus": "Approved",
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
        "CreationTime": 0,
        "CustomerMetadataProperties": METADATA,
        "InferenceSpecification": {
            "Containers": [{"Image": "image", "ModelDataUrl": "s3://bucket/model.tar.gz"}]
        },
        **changes,
    }
    stub.add_response("describe_model_package", description, {"ModelPackageName": name})


def add_list(stub: Stubber, *arns: str) -> None:
    """Let the client list packages."""
    summaries = [
        {
            "ModelPackageArn": arn,
            "ModelPackageName": "dogs",
            "CreationTime": 0,
            "ModelPackageStatus": "Completed",
        }
        for arn in arns
    ]
    request = {
        "ModelPackageGroupName": "dogs",
        "ModelApprovalStatus": "Approved",
        "SortBy": "CreationTime",
        "SortOrder": "Descending",
    }
    stub.add_response("list_model_packages", {"ModelPackageSummaryList": summaries}, request)


def add_endpoint(stub: Stubber, status: str) -> None:
    """Let the client describe the endpoint `dogs`."""
    description = {
        "EndpointName": "dogs",
        "EndpointArn": "arn:aws:sagemaker:us-east-1:111122223333:endpoint/dogs",
        "EndpointConfigName": "dogs-before",
        "EndpointStatus": status,
        "CreationTime": 0,
        "LastModifiedTime": 0,
    }
    stub.add_response("describe_endpoint", description, {"EndpointName": "dogs"})


def problem(answer: dict[str, str]) -> str:
    """The problem that an answer states; with one, it states nothing else."""
    assert answer.keys() == FOUND.keys()
    assert {value for name, value in answer.items() if name != "Problem"} == {""}
    return answer["Problem"]


def test_latest_is_the_newest_approved_package(sagemaker: Any) -> None:
    """`latest` stands for the newest approved package, with all that a deployment needs of it."""
    add_list(sagemaker, ARN)
    add_package(sagemaker)
    assert respond(event(), sagemaker=sagemaker.client) == FOUND


@pytest.mark.parametrize("name", [ARN, "dogs/7"])
def test_a_package_is_found_by_its_arn_or_version(sagemaker: Any, name: str) -> None:
    """A package that is named is described, and nothing is listed."""
    add_package(sagemaker, name)
    assert respond(event(name), sagemaker=sagemaker.client) == FOUND


def test_the_endpoint_s_present_configuration_is_noted(sagemaker: Any) -> None:
    """The configuration that answers now is what a failed deployment goes back to."""
    add_package(sagemaker)
    add_endpoint(sagemaker, "InService")
    answer = respond(event(ARN, EndpointName="dogs"), sagemaker=sagemaker.client)
    assert answer == {**FOUND, "PreviousEndpointConfigName": "dogs-before"}


def test_no_endpoint_yet_is_no_problem(sagemaker: Any) -> None:
    """Before the first deployment there is no configuration to go back to."""
    add_package(sagemaker)
    sagemaker.add_client_error(
        "describe_endpoint",
        "ValidationException",
        'Could not find endpoint "arn:aws:sagemaker:us-east-1:111122223333:endpoint/dogs".',
    )
    assert respond(event(ARN, EndpointName="dogs"), sagemaker=sagemaker.client) == FOUND


def test_what_the_package_does_not_record_is_empty(sagemaker: Any) -> None:
    """Samples and evaluation may be missing: the steps that need them say so."""
    add_package(sagemaker, CustomerMetadataProperties={"baseline_uri": "s3://bucket/baseline"})
    answer = respond(event(ARN), sagemaker=sagemaker.client)
    assert answer == {**FOUND, "EvaluationUri": "", "SamplesUri": ""}


def test_no_approved_package_is_a_problem(sagemaker: Any) -> None:
    """The problem says how to approve one."""
    add_list(sagemaker)
    assert problem(respond(event(), sagemaker=sagemaker.client)) == (
        "Group 'dogs' has no approved model package; approve one with 'pipelines approve "
        "dogs/<version>', then start again."
    )


def test_a_missing_package_is_a_problem(sagemaker: Any) -> None:
    """The problem says what names a package can have."""
    sagemaker.add_client_error(
        "describe_model_package",
        "ValidationException",
        f"ModelPackage {PREFIX}/dogs/8 does not exist.",
    )
    assert problem(respond(event("dogs/8"), sagemaker=sagemaker.client)) == (
        "Model package 'dogs/8' does not exist; expected its ARN, dogs/<version> or latest."
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param(
            {"ModelApprovalStatus": "PendingManualApproval"},
            "Model package 'dogs/7' is PendingManualApproval; approve it with 'pipelines approve "
            "dogs/7', or choose another, then start again.",
            id="pending",
        ),
        pytest.param(
            {"ModelApprovalStatus": "Rejected"},
            "Model package 'dogs/7' is Rejected; approve it with 'pipelines approve dogs/7', or "
            "choose another, then start again.",
            id="rejected",
        ),
        pytest.param(
            {"ModelPackageStatus": "InProgress"},
            "Model package 'dogs/7' is InProgress; expected Completed. Wait for it, or register "
            "the model again.",
            id="unfinished",
        ),
        pytest.param(
            {"ModelPackageGroupName": "cats", "ModelPackageArn": f"{PREFIX}/cats/1"},
            "Model package 'cats/1' is not of group 'dogs', whose models this pipeline uses.",
            id="other_group",
        ),
        pytest.param(
            {"CustomerMetadataProperties": {"samples_uri": "s3://bucket/samples"}},
            "Model package 'dogs/7' has no 'baseline_uri' in its customer metadata, so nothing "
            "could be monitored; register the model again with the training pipeline.",
            id="no_baseline",
        ),
    ],
)
def test_packages_that_may_not_be_deployed(
    sagemaker: Any, changes: dict[str, Any], message: str
) -> None:
    """Packages that are not approved, unfinished, foreign or without baseline are refused."""
    add_package(sagemaker, **changes)
    assert problem(respond(event(ARN), sagemaker=sagemaker.client)) == message


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("Updating", "Endpoint 'dogs' is Updating; wait until it is InService, then start again."),
        ("Failed", "Endpoint 'dogs' is Failed; delete it, then start again."),
    ],
)
def test_an_endpoint_that_takes_no_update_is_a_problem(
    sagemaker: Any, status: str, message: str
) -> None:
    """An endpoint that changes, or failed, is found before a model is created."""
    add_package(sagemaker)
    add_endpoint(sagemaker, status)
    answer = respond(event(ARN, EndpointName="dogs"), sagemaker=sagemaker.client)
    assert problem(answer) == message


@pytest.mark.parametrize("operation", ["describe_model_package", "describe_endpoint"])
def test_other_faults_are_not_hidden(sagemaker: Any, operation: str) -> None:
    """A refused call fails the step, and is not taken for something that does not exist."""
    if operation == "describe_endpoint":
        add_package(sagemaker)
    sagemaker.add_client_error(operation, "AccessDeniedException", "The role may not.")
    with pytest.raises(ClientError, match="The role may not"):
        respond(event(ARN, EndpointName="dogs"), sagemaker=sagemaker.client)
