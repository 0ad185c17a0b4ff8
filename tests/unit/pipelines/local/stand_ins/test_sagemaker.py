"""Tests of pipelines.local.stand_ins.sagemaker."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pipelines.execution import Status
from pipelines.local.execution import hold
from pipelines.local.stand_ins import Backing
from pipelines.local.stand_ins.sagemaker import SageMakerStandIn
from tests.unit.pipelines.local.stand_ins.records import ARN, START, record


@pytest.fixture
def sagemaker(backing: Backing) -> SageMakerStandIn:
    """A client over three packages, the middle one approved."""
    return SageMakerStandIn(backing.root, backing.registry, backing.hosting, backing.is_stopping)


@pytest.mark.parametrize(
    ("filters", "versions"),
    [
        pytest.param({}, [3, 2, 1], id="newest-first"),
        pytest.param({"SortOrder": "Ascending", "SortBy": "Name"}, [1, 2, 3], id="oldest-first"),
        pytest.param({"ModelApprovalStatus": "Approved"}, [2], id="approved"),
        pytest.param({"MaxResults": 2}, [3, 2], id="page"),
        pytest.param({"MaxResults": 2, "NextToken": "2"}, [1], id="next-page"),
    ],
)
def test_packages_are_listed_as_by_boto3(
    sagemaker: SageMakerStandIn, filters: dict[str, Any], versions: list[int]
) -> None:
    """Filter, order and paging of list_model_packages work, and times are times."""
    page = sagemaker.list_model_packages(ModelPackageGroupName="dogs", **filters)

    summaries = page["ModelPackageSummaryList"]
    assert [summary["ModelPackageVersion"] for summary in summaries] == versions
    assert all(
        summary["CreationTime"].day == summary["ModelPackageVersion"] for summary in summaries
    )
    assert all("InferenceSpecification" not in summary for summary in summaries)
    assert page.get("NextToken") == ("2" if filters == {"MaxResults": 2} else None)


def test_a_group_that_does_not_exist_is_refused(sagemaker: SageMakerStandIn) -> None:
    """Before the first registration there is no group, which a function sees as on the service."""
    with pytest.raises(ClientError) as error:
        sagemaker.list_model_packages(ModelPackageGroupName="cats")

    assert error.value.response["Error"]["Code"] == "ValidationException"
    assert str(error.value) == (
        "An error occurred (ValidationException) when calling the ListModelPackages operation: "
        "ModelPackageGroup cats does not exist."
    )


def test_a_filter_that_nothing_passes_gives_an_empty_page(sagemaker: SageMakerStandIn) -> None:
    """A group without an approved package is no error."""
    page = sagemaker.list_model_packages(
        ModelPackageGroupName="dogs", ModelApprovalStatus="PendingManualApproval"
    )

    assert page == {"ModelPackageSummaryList": []}


def test_a_package_is_described(sagemaker: SageMakerStandIn) -> None:
    """describe_model_package gives everything, by ARN."""
    arn = "arn:aws:sagemaker:local-machine:000000000000:model-package/dogs/2"

    package = sagemaker.describe_model_package(ModelPackageName=arn)

    assert (package["ModelPackageArn"], package["InferenceSpecification"]) == (arn, {})
    assert package["CreationTime"] == datetime(2026, 11, 2, tzinfo=UTC)


def test_bad_requests_are_service_errors(sagemaker: SageMakerStandIn) -> None:
    """A package that does not exist and an order that does not exist are ValidationExceptions."""
    with pytest.raises(ClientError) as missing:
        sagemaker.describe_model_package(ModelPackageName="dogs/9")
    with pytest.raises(ClientError) as order:
        sagemaker.list_model_packages(ModelPackageGroupName="dogs", SortOrder="Up")

    assert missing.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": "ModelPackage dogs/9 does not exist.",
    }
    assert str(order.value) == (
        "An error occurred (ValidationException) when calling the ListModelPackages operation: "
        "SortOrder is 'Up'; allowed: Ascending, Descending."
    )


def test_arguments_that_the_stand_in_does_not_know_are_refused(sagemaker: SageMakerStandIn) -> None:
    """A filter is never silently ignored."""
    with pytest.raises(TypeError, match="NameContains"):
        sagemaker.list_model_packages(  # type: ignore[call-arg]
            ModelPackageGroupName="dogs", NameContains="x"
        )


def test_executions_of_one_pipeline_are_listed_newest_first(
    backing: Backing, sagemaker: SageMakerStandIn
) -> None:
    """One that died counts as stopped; other pipelines are not listed."""
    record(backing.root, "retraining", 1, Status.FAILED)
    running = record(backing.root, "retraining", 2, Status.EXECUTING)
    record(backing.root, "retraining", 3, Status.EXECUTING)
    record(backing.root, "training", 4, Status.SUCCEEDED)

    with hold(running.path):
        found = sagemaker.list_pipeline_executions(PipelineName="retraining", MaxResults=2)
        first = sagemaker.list_pipeline_executions(PipelineName="retraining", SortOrder="Ascending")

    assert found == {
        "PipelineExecutionSummaries": [
            {
                "PipelineExecutionArn": f"{ARN}/retraining/execution/3",
                "StartTime": START + timedelta(hours=3),
                "PipelineExecutionStatus": "Stopped",
            },
            {
                "PipelineExecutionArn": f"{ARN}/retraining/execution/2",
                "StartTime": START + timedelta(hours=2),
                "PipelineExecutionStatus": "Executing",
            },
        ]
    }
    assert len(first["PipelineExecutionSummaries"]) == 3
    assert first["PipelineExecutionSummaries"][0]["PipelineExecutionStatus"] == "Failed"


def test_an_order_that_is_not_known_here_is_refused(sagemaker: SageMakerStandIn) -> None:
    """Only the order of creation is."""
    with pytest.raises(ClientError) as caught:
        sagemaker.list_pipeline_executions(PipelineName="retraining", SortBy="PipelineExecutionArn")
    assert caught.value.response["Error"]["Message"] == (
        "SortBy is 'PipelineExecutionArn'; here: CreationTime."
    )
