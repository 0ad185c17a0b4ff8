"""Runs the functions of Lambda steps in this process, with stand-ins for the service clients.

A function is the folder `<functions>/<name>/` with a module `handler.py`. Its
`respond(event, *, sagemaker)` takes the clients it needs as keyword arguments; the names of the
parameters say which.
"""

import importlib.util
import inspect
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from pipelines.definition import Json
from pipelines.local.errors import StepFailed, UnsupportedStep, choices
from pipelines.local.registry import Registry

Respond: TypeAlias = Callable[..., Mapping[str, Json]]

_OUTPUT_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "String": str,
    "Integer": int,
    "Float": (int, float),
    "Boolean": bool,
}


class SageMakerStandIn:
    """The operations of the SageMaker client that functions may use, over the local registry."""

    def __init__(self, registry: Registry) -> None:
        """Answer from `registry`."""
        self._registry = registry

    def describe_model_package(self, *, ModelPackageName: str) -> dict[str, Any]:  # noqa: N803
        """The model package with an ARN or a name `<group>/<version>`."""
        package = self._registry.find(ModelPackageName)
        if package is None:
            raise _refusal(
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
                raise _refusal(
                    "ListModelPackages", f"{name} is '{value}'; allowed: {choices(list(allowed))}."
                )
        group = ModelPackageGroupName.rpartition("/")[2]
        # Versions count up with time, so both orders are the order of the versions.
        packages = self._registry.packages(group)
        if not packages:
            raise _refusal(
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


_SUMMARY = (
    "ModelPackageArn", "ModelPackageGroupName", "ModelPackageVersion", "ModelPackageDescription",
    "CreationTime", "ModelPackageStatus", "ModelApprovalStatus",
)  # fmt: skip


def _with_time(package: Mapping[str, Any]) -> dict[str, Any]:
    return {**package, "CreationTime": datetime.fromisoformat(package["CreationTime"])}


def _refusal(operation: str, message: str) -> Exception:
    """The service's answer to a bad request: the error that a function would catch there."""
    from botocore.exceptions import ClientError

    error: Exception = ClientError(
        {"Error": {"Code": "ValidationException", "Message": message}}, operation
    )
    return error


_STAND_INS: Mapping[str, Callable[[Registry], object]] = {"sagemaker": SageMakerStandIn}
"""What makes a stand-in, by the name of the parameter that asks for it."""


def load_function(step: str, function_arn: str, functions_dir: Path) -> Respond:
    """Find the code of a Lambda step by the last word of its function's name.

    Args:
        step: Name of the step, for messages.
        function_arn: For example `arn:aws:lambda:...:function:<project>-find_approved_model`, which
            is the folder `find_approved_model`.
        functions_dir: Folder of the functions.

    Returns:
        The module's `respond`.

    Raises:
        UnsupportedStep: There is no such function, or it asks for a client that has no stand-in.
    """
    name = function_arn.rpartition(":")[2].rpartition("-")[2]
    path = functions_dir / name / "handler.py"
    known = [found.parent.name for found in functions_dir.glob("*/handler.py")]
    if name not in known:
        raise UnsupportedStep(
            f"Step '{step}' calls the function '{name}', which has no {path}. "
            f"Functions: {choices(known)}."
        )
    specification = importlib.util.spec_from_file_location(f"local_function_{name}", path)
    assert specification is not None  # noqa: S101 - the path ends with .py
    assert specification.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    respond: Respond | None = getattr(module, "respond", None)
    if respond is None:
        raise UnsupportedStep(
            f"Step '{step}' calls the function '{name}', whose {path} has no 'respond'; "
            "expected respond(event, *, <clients>)."
        )
    for parameter in _clients(respond):
        if parameter not in _STAND_INS:
            raise UnsupportedStep(
                f"Step '{step}' calls the function '{name}', which asks for the client "
                f"'{parameter}'. Stand-ins: {choices(list(_STAND_INS))}."
            )
    return respond


def call_function(
    respond: Respond,
    event: Mapping[str, Json],
    outputs: list[Mapping[str, str]],
    *,
    registry: Registry,
) -> dict[str, Json]:
    """Call a function and read the output parameters from what it returns.

    Args:
        respond: Result of `load_function`.
        event: The step's resolved arguments.
        outputs: The step's OutputParameters.
        registry: Where the stand-ins look.

    Returns:
        The output parameters by name.

    Raises:
        StepFailed: The function raised, or an output is missing or of the wrong type.
    """
    clients = {name: _STAND_INS[name](registry) for name in _clients(respond)}
    try:
        answer = respond(dict(event), **clients)
    except (Exception, SystemExit) as error:
        raise StepFailed(f"Lambda function failed: {type(error).__name__}: {error}") from error
    values: dict[str, Json] = {}
    for output in outputs:
        name, kind = output["OutputName"], output["OutputType"]
        if name not in answer:
            raise StepFailed(
                f"The Lambda function returned no output '{name}'. "
                f"Returned: {choices(list(answer))}."
            )
        value = answer[name]
        if not isinstance(value, _OUTPUT_TYPES[kind]) or (
            isinstance(value, bool) and kind != "Boolean"
        ):
            raise StepFailed(
                f"Output '{name}' of the Lambda function is {value!r}; expected {kind}."
            )
        values[name] = value
    return values


def _clients(respond: Respond) -> list[str]:
    parameters = inspect.signature(respond).parameters.values()
    return [item.name for item in parameters if item.kind is inspect.Parameter.KEYWORD_ONLY]
