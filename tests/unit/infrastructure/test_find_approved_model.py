"""The function that finds the model in force, against a client with the service's own shapes."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

ROOT = Path(__file__).resolve().parents[3]
ARN = "arn:aws:sagemaker:us-east-1:111122223333:model-package/dogs/7"
EVENT = {"ModelPackageGroupName": "dogs", "PlaceholderUri": "s3://bucket/none"}
LIST_REQUEST = {
    "ModelPackageGroupName": "dogs",
    "ModelApprovalStatus": "Approved",
    "SortBy": "CreationTime",
    "SortOrder": "Descending",
}


@pytest.fixture(scope="module")
def function() -> ModuleType:
    """The function's module, loaded from its folder as the service does."""
    path = ROOT / "infrastructure" / "functions" / "find_approved_model" / "handler.py"
    spec = importlib.util.spec_from_file_location("find_approved_model_handler", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def client() -> Any:
    """A SageMaker client that cannot reach anything."""
    return botocore.session.Session().create_client(
        "sagemaker",
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",  # noqa: S106 - signs nothing
    )


def _summary() -> dict[str, object]:
    return {
        "ModelPackageArn": ARN,
        "ModelPackageName": "dogs",
        "CreationTime": 0,
        "ModelPackageStatus": "Completed",
    }


def _described() -> dict[str, object]:
    return {
        **_summary(),
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
        "InferenceSpecification": {
            "Containers": [{"Image": "image", "ModelDataUrl": "s3://bucket/model.tar.gz"}]
        },
    }


def test_the_newest_approved_package_is_found(function: ModuleType, client: Any) -> None:
    """The answer names the newest approved package and its artifact."""
    with Stubber(client) as stub:
        listed = {"ModelPackageSummaryList": [_summary()]}
        stub.add_response("list_model_packages", listed, LIST_REQUEST)
        stub.add_response("describe_model_package", _described(), {"ModelPackageName": ARN})
        answer = function.respond(EVENT, sagemaker=client)
        stub.assert_no_pending_responses()
    assert answer == {"ModelPackageArn": ARN, "ModelUri": "s3://bucket/model.tar.gz"}


def test_no_approved_package_gives_the_placeholder(function: ModuleType, client: Any) -> None:
    """Without an approved package the answer is the placeholder's prefix."""
    with Stubber(client) as stub:
        stub.add_response("list_model_packages", {"ModelPackageSummaryList": []}, LIST_REQUEST)
        answer = function.respond(EVENT, sagemaker=client)
    assert answer == {"ModelPackageArn": "", "ModelUri": "s3://bucket/none"}


def test_an_empty_page_is_not_the_end(function: ModuleType, client: Any) -> None:
    """Pages are read until one holds a package: an empty page with a token says nothing."""
    with Stubber(client) as stub:
        empty = {"ModelPackageSummaryList": [], "NextToken": "more"}
        stub.add_response("list_model_packages", empty, LIST_REQUEST)
        found = {"ModelPackageSummaryList": [_summary()]}
        stub.add_response("list_model_packages", found, {**LIST_REQUEST, "NextToken": "more"})
        stub.add_response("describe_model_package", _described(), {"ModelPackageName": ARN})
        assert function.respond(EVENT, sagemaker=client)["ModelPackageArn"] == ARN


def test_a_missing_group_gives_the_placeholder(function: ModuleType, client: Any) -> None:
    """Before the first registration there is no group, which is no fault."""
    with Stubber(client) as stub:
        stub.add_client_error(
            "list_model_packages", "ValidationException", "ModelPackageGroup dogs does not exist."
        )
        answer = function.respond(EVENT, sagemaker=client)
    assert answer["ModelUri"] == "s3://bucket/none"


def test_other_faults_are_not_hidden(function: ModuleType, client: Any) -> None:
    """A refused call fails the step instead of passing as no approved model."""
    for code, message in (
        ("AccessDeniedException", "The role does not exist."),
        ("ValidationException", "Not allowed."),
    ):
        with Stubber(client) as stub:
            stub.add_client_error("list_model_packages", code, message)
            with pytest.raises(ClientError, match=message):
                function.respond(EVENT, sagemaker=client)
