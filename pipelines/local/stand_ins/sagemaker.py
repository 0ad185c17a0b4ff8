"""Stands in for the SageMaker client: this machine's models, endpoints and executions."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any

from pipelines.execution import Status
from pipelines.local.errors import StepFailed, choices
from pipelines.local.history import Recorded, executions
from pipelines.local.hosting import Hosting
from pipelines.local.registry import Registry
from pipelines.local.stand_ins.errors import refusal


class SageMakerStandIn:
    """The operations of the SageMaker client that functions may use."""

    def __init__(
        self, root: Path, registry: Registry, hosting: Hosting, is_stopping: Event
    ) -> None:
        """Prepare to answer.

        Args:
            root: Folder of the executions.
            registry: The model packages.
            hosting: The endpoints.
            is_stopping: Tells when to wait for an endpoint no longer.
        """
        self._root = root
        self._registry = registry
        self._hosting = hosting
        self._is_stopping = is_stopping

    def describe_model_package(self, *, ModelPackageName: str) -> dict[str, Any]:  # noqa: N803
        """The model package with an ARN or a name `<group>/<version>`."""
        package = self._registry.find(ModelPackageName)
        if package is None:
            raise refusal(
                "DescribeModelPackage", f"ModelPackage {ModelPackageName} does not exist."
            )
        return _with_time(package)

    def list_model_packages(
        self,
        *,
        ModelPackageGroupName: str,  # noqa: N803
        ModelApprovalStatus: str | None = None,  # noqa: N803
        SortBy: str = "CreationTime",  # noqa: N803
        SortOrder: str = "Descending",  # noqa: N803
        MaxResults: int = 100,  # noqa: N803
        NextToken: str | None = None,  # noqa: N803
    ) -> dict[str, Any]:
        """Summaries of the packages of a group; a group exists once a package is in it."""
        for name, value, allowed in (
            ("SortBy", SortBy, ("CreationTime", "Name")),
            ("SortOrder", SortOrder, ("Ascending", "Descending")),
        ):
            if value not in allowed:
                raise refusal(
                    "ListModelPackages", f"{name} is '{value}'; allowed: {choices(list(allowed))}."
                )
        group = ModelPackageGroupName.rpartition("/")[2]
        # Versions count up with time, so both orders are the order of the versions.
        packages = self._registry.packages(group)
        if not packages:
            raise refusal(
                "ListModelPackages", f"ModelPackageGroup {ModelPackageGroupName} does not exist."
            )
        if SortOrder == "Descending":
            packages.reverse()
        summaries = [
            {name: package[name] for name in _SUMMARY if name in package}
            for package in map(_with_time, packages)
            if ModelApprovalStatus in {None, package["ModelApprovalStatus"]}
        ]
        start = int(NextToken or 0)
        page: dict[str, Any] = {"ModelPackageSummaryList": summaries[start : start + MaxResults]}
        if start + MaxResults < len(summaries):
            page["NextToken"] = str(start + MaxResults)
        return page

    def describe_endpoint(self, *, EndpointName: str) -> dict[str, Any]:  # noqa: N803
        """An endpoint and what it serves."""
        endpoint = self._hosting.endpoint(EndpointName)
        if endpoint is None:
            raise refusal("DescribeEndpoint", f"Could not find endpoint '{EndpointName}'.")
        response = self._hosting.describe(endpoint)
        for name in ("CreationTime", "LastModifiedTime"):
            response[name] = datetime.fromisoformat(response[name])
        return response

    def update_endpoint(
        self,
        *,
        EndpointName: str,  # noqa: N803
        EndpointConfigName: str,  # noqa: N803
        **_: Any,
    ) -> dict[str, Any]:
        """Let an endpoint go over to another configuration; unlike the service, wait for it."""
        try:
            endpoint = self._hosting.deploy(
                EndpointName, EndpointConfigName, is_stopping=self._is_stopping
            )
        except StepFailed as error:
            raise refusal("UpdateEndpoint", str(error)) from error
        return {"EndpointArn": endpoint.arn}

    def delete_endpoint(self, *, EndpointName: str) -> dict[str, Any]:  # noqa: N803
        """End an endpoint."""
        try:
            self._hosting.stop(EndpointName)
        except StepFailed as error:
            raise refusal("DeleteEndpoint", str(error)) from error
        return {}

    def list_pipeline_executions(
        self,
        *,
        PipelineName: str,  # noqa: N803
        SortBy: str = "CreationTime",  # noqa: N803
        SortOrder: str = "Descending",  # noqa: N803
        MaxResults: int = 100,  # noqa: N803
    ) -> dict[str, Any]:
        """Summaries of the executions of a pipeline; of several pages, the first."""
        if SortBy != "CreationTime":
            raise refusal("ListPipelineExecutions", f"SortBy is '{SortBy}'; here: CreationTime.")
        found = executions(self._root, pipeline=PipelineName)
        if SortOrder == "Ascending":
            found.reverse()
        return {"PipelineExecutionSummaries": [_summary(item) for item in found[:MaxResults]]}


_SUMMARY = (
    "ModelPackageArn", "ModelPackageGroupName", "ModelPackageVersion", "ModelPackageDescription",
    "CreationTime", "ModelPackageStatus", "ModelApprovalStatus",
)  # fmt: skip


def _with_time(package: Mapping[str, Any]) -> dict[str, Any]:
    return {**package, "CreationTime": datetime.fromisoformat(package["CreationTime"])}


def _summary(recorded: Recorded) -> dict[str, Any]:
    execution = recorded.execution
    # One that died will never say so; to the service it would have been stopped.
    status = Status.STOPPED if recorded.has_died else execution.status
    return {
        "PipelineExecutionArn": execution.arn,
        "StartTime": execution.started,
        "PipelineExecutionStatus": str(status),
    }
