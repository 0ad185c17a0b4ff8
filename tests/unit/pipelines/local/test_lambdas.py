"""Tests of pipelines.local.lambdas."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pipelines.local.errors import StepFailed, UnsupportedStep
from pipelines.local.lambdas import (
    SageMakerStandIn,
    call_function,
    load_function,
)
from pipelines.local.registry import Registry

ARN = "arn:aws:lambda:us-east-1:111122223333:function:project-find_model"


@pytest.fixture
def functions_dir(tmp_path: Path) -> Path:
    """A folder with one function."""
    folder = tmp_path / "functions" / "find_model"
    folder.mkdir(parents=True)
    (folder / "handler.py").write_text(
        "def respond(event, *, sagemaker):\n"
        "    found = sagemaker.list_model_packages(ModelPackageGroupName=event['Group'])\n"
        "    return {'Count': len(found['ModelPackageSummaryList'])}\n"
    )
    return folder.parent


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """A registry with three packages, the middle one approved."""
    registry = Registry(tmp_path)
    for day in (1, 2, 3):
        registry.register(
            {
                "ModelPackageGroupName": "dogs",
                "ModelApprovalStatus": "Approved" if day == 2 else "Rejected",
                "InferenceSpecification": {},
            },
            now=datetime(2026, 11, day, tzinfo=UTC),
        )
    return registry


def test_the_function_of_an_arn_runs_with_stand_ins(
    functions_dir: Path, registry: Registry
) -> None:
    """The last word of the name is the folder; the parameters say which clients it gets."""
    respond = load_function("Find", ARN, functions_dir)

    outputs = call_function(
        respond,
        {"Group": "dogs"},
        [{"OutputName": "Count", "OutputType": "Integer"}],
        registry=registry,
    )

    assert outputs == {"Count": 3}


def test_unknown_functions_are_refused(functions_dir: Path) -> None:
    """The error names the file that is missing and the functions that exist."""
    with pytest.raises(UnsupportedStep) as error:
        load_function("Find", "arn:aws:lambda:r:1:function:project-other", functions_dir)

    assert str(error.value) == (
        f"Step 'Find' calls the function 'other', which has no {functions_dir}/other/handler.py. "
        "Functions: find_model."
    )


def test_functions_outside_the_folder_are_not_loaded(functions_dir: Path) -> None:
    """A function's name is no path."""
    (functions_dir.parent / "handler.py").write_text("raise AssertionError('loaded')\n")

    with pytest.raises(UnsupportedStep) as error:
        load_function("Find", "arn:aws:lambda:r:1:function:..", functions_dir)

    assert str(error.value) == (
        f"Step 'Find' calls the function '..', which has no {functions_dir}/../handler.py. "
        "Functions: find_model."
    )


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        pytest.param(
            "x = 1",
            "whose {path} has no 'respond'; expected respond(event, *, <clients>).",
            id="no-respond",
        ),
        pytest.param(
            "def respond(event, *, dynamodb): ...",
            "which asks for the client 'dynamodb'. Stand-ins: sagemaker.",
            id="no-stand-in",
        ),
    ],
)
def test_functions_that_cannot_run_here_are_refused(
    functions_dir: Path, code: str, problem: str
) -> None:
    """A handler without the plain function, or with a client that has no stand-in, is refused."""
    path = functions_dir / "find_model" / "handler.py"
    path.write_text(code)

    with pytest.raises(UnsupportedStep) as error:
        load_function("Find", ARN, functions_dir)

    assert str(error.value) == (
        f"Step 'Find' calls the function 'find_model', {problem.format(path=path)}"
    )


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        pytest.param(
            {}, "String", "The Lambda function returned no output 'x'. Returned: none.", id="none"
        ),
        pytest.param(
            {"x": 1},
            "String",
            "Output 'x' of the Lambda function is 1; expected String.",
            id="string",
        ),
        pytest.param(
            {"x": True},
            "Integer",
            "Output 'x' of the Lambda function is True; expected Integer.",
            id="boolean-is-no-integer",
        ),
        pytest.param(
            {"x": 1.5},
            "Integer",
            "Output 'x' of the Lambda function is 1.5; expected Integer.",
            id="float",
        ),
    ],
)
def test_outputs_must_be_there_and_of_their_type(
    registry: Registry, answer: Any, kind: str, message: str
) -> None:
    """A missing or ill-typed output fails the step."""
    with pytest.raises(StepFailed) as error:
        call_function(
            lambda _: answer, {}, [{"OutputName": "x", "OutputType": kind}], registry=registry
        )

    assert str(error.value) == message


@pytest.mark.parametrize("kind", [LookupError, SystemExit])
def test_an_exception_is_the_failure_reason(registry: Registry, kind: type[BaseException]) -> None:
    """What the function raises fails the step with the type and the message."""

    def respond(event: Any) -> Any:
        raise kind(event["name"])

    with pytest.raises(StepFailed) as error:
        call_function(respond, {"name": "nobody"}, [], registry=registry)

    assert str(error.value) == f"Lambda function failed: {kind.__name__}: nobody"


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
    registry: Registry, filters: dict[str, Any], versions: list[int]
) -> None:
    """Filter, order and paging of list_model_packages work, and times are times."""
    page = SageMakerStandIn(registry).list_model_packages(ModelPackageGroupName="dogs", **filters)

    summaries = page["ModelPackageSummaryList"]
    assert [summary["ModelPackageVersion"] for summary in summaries] == versions
    assert all(
        summary["CreationTime"].day == summary["ModelPackageVersion"] for summary in summaries
    )
    assert all("InferenceSpecification" not in summary for summary in summaries)
    assert page.get("NextToken") == ("2" if filters == {"MaxResults": 2} else None)


def test_a_group_that_does_not_exist_is_refused(registry: Registry) -> None:
    """Before the first registration there is no group, which a function sees as on the service."""

    def respond(event: Any, *, sagemaker: Any) -> Any:
        try:
            sagemaker.list_model_packages(ModelPackageGroupName="cats")
        except ClientError as error:
            return {"Code": error.response["Error"]["Code"], "Text": str(error)}

    outputs = [{"OutputName": name, "OutputType": "String"} for name in ("Code", "Text")]

    assert call_function(respond, {}, outputs, registry=registry) == {
        "Code": "ValidationException",
        "Text": (
            "An error occurred (ValidationException) when calling the ListModelPackages operation: "
            "ModelPackageGroup cats does not exist."
        ),
    }


def test_a_filter_that_nothing_passes_gives_an_empty_page(registry: Registry) -> None:
    """A group without an approved package is no error."""
    page = SageMakerStandIn(registry).list_model_packages(
        ModelPackageGroupName="dogs", ModelApprovalStatus="PendingManualApproval"
    )

    assert page == {"ModelPackageSummaryList": []}


def test_a_package_is_described(registry: Registry) -> None:
    """describe_model_package gives everything, by ARN."""
    arn = "arn:aws:sagemaker:local-machine:000000000000:model-package/dogs/2"

    package = SageMakerStandIn(registry).describe_model_package(ModelPackageName=arn)

    assert (package["ModelPackageArn"], package["InferenceSpecification"]) == (arn, {})
    assert package["CreationTime"] == datetime(2026, 11, 2, tzinfo=UTC)


def test_bad_requests_are_service_errors(registry: Registry) -> None:
    """A package that does not exist and an order that does not exist are ValidationExceptions."""
    stand_in = SageMakerStandIn(registry)

    with pytest.raises(ClientError) as missing:
        stand_in.describe_model_package(ModelPackageName="dogs/9")
    with pytest.raises(ClientError) as order:
        stand_in.list_model_packages(ModelPackageGroupName="dogs", SortOrder="Up")

    assert missing.value.response == {
        "Error": {"Code": "ValidationException", "Message": "ModelPackage dogs/9 does not exist."}
    }
    assert str(order.value) == (
        "An error occurred (ValidationException) when calling the ListModelPackages operation: "
        "SortOrder is 'Up'; allowed: Ascending, Descending."
    )


def test_arguments_that_the_stand_in_does_not_know_are_refused(registry: Registry) -> None:
    """A filter is never silently ignored."""
    with pytest.raises(TypeError, match="NameContains"):
        SageMakerStandIn(registry).list_model_packages(  # type: ignore[call-arg]
            ModelPackageGroupName="dogs", NameContains="x"
        )
