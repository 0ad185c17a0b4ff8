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


class ServiceError(Exception):
    """A stand-in's answer to a bad request; `response` has the shape of botocore's ClientError."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.response = {"Error": {"Code": code, "Message": message}}


class SageMakerStandIn:
    """The operations of the SageMaker client that functions may use, over the local registry."""

    def __init__(self, registry: Registry) -> None:
        """Answer from `registry`."""
        self._registry = registry

    def describe_model_package(self, *, ModelPackageName: str) -> dict[str, Any]:  # noqa: N803
        """The model package with an ARN or a name `<group>/<version>`."""
        package = self._registry.find(ModelPackageName)
        if package is None:
            raise ServiceError(
                "ValidationException", f"ModelPackage {ModelPackageName} does not exist."
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
        """Summaries of the packages of a group; none for a group that does not exist yet."""
        for name, value, allowed in (
            ("SortBy", SortBy, ("CreationTime", "Name")),
            ("SortOrder", SortOrder, ("Ascending", "Descending")),
        ):
            if value not in allowed:
                raise ServiceError(
                    "ValidationException",
                    f"{name} is '{value}'; allowed: {choices(list(allowed))}.",
                )
        group = ModelPackageGroupName.rpartition("/")[2]
        # Versions count up with time, so both orders are the order of the versions.
        packages = self._registry.packages(group)
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


def stand_ins(registry: Registry) -> dict[str, object]:
    """The stand-ins by the name of the parameter that asks for them."""
    return {"sagemaker": SageMakerStandIn(registry)}


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
    if not path.is_file():
        known = [found.parent.name for found in functions_dir.glob("*/handler.py")]
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
    known = list(stand_ins(Registry(functions_dir)))
    for parameter in _clients(respond):
        if parameter not in known:
            raise UnsupportedStep(
                f"Step '{step}' calls the function '{name}', which asks for the client "
                f"'{parameter}'. Stand-ins: {choices(known)}."
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
    clients = stand_ins(registry)
    try:
        answer = respond(dict(event), **{name: clients[name] for name in _clients(respond)})
    except Exception as error:
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
