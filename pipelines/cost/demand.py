"""Reads from a definition which instances its steps use, how many of them and for how long."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipelines.cost.prices import Use
from pipelines.definition import Json, Step, is_expression, parse_path, steps
from pipelines.local.parameters import Value

TUNING = "Tuning"
"""Type of the steps that run several training jobs."""
_USES = {
    "Processing": Use.PROCESSING,
    "Training": Use.TRAINING,
    "Transform": Use.TRANSFORM,
    TUNING: Use.TRAINING,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Demand:
    """What the jobs of a step use; None for what only the execution will tell."""

    step: str
    type: str
    use: Use
    instance_type: str | None
    num_instances: int | None
    """Of one job."""
    num_jobs: int | None = 1
    """Training jobs of a tuning step, at most."""
    num_parallel_jobs: int | None = 1
    """How many of them run at the same time, at most."""
    limit_seconds: int | None = None
    """How long one job may run; None also where there is no limit."""
    volume_gb: int | None = None
    """Volume of each instance; None also where there is none."""
    is_spot: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """A production variant of an endpoint, at its start; None for what is not known before."""

    step: str
    """The step that makes the endpoint's configuration."""
    name: str
    instance_type: str | None
    num_instances: int | None


def demands(definition: Mapping[str, Json], parameters: Mapping[str, Value]) -> list[Demand]:
    """What each step with jobs uses, in document order.

    Args:
        definition: The parsed JSON.
        parameters: Values of all pipeline parameters.
    """
    return [
        _demand(step, step.body["Arguments"], parameters)
        for step in steps(definition)
        if step.type in _USES
    ]


def variants(definition: Mapping[str, Json], parameters: Mapping[str, Value]) -> list[Variant]:
    """The production variants of the endpoints that a definition configures."""
    return [
        Variant(
            step=step.name,
            name=str(body["VariantName"]),
            instance_type=_text(body, parameters, "InstanceType"),
            num_instances=_number(body, parameters, "InitialInstanceCount"),
        )
        for step, body in _variants(definition)
    ]


def _variants(definition: Mapping[str, Json]) -> Iterator[tuple[Step, Json]]:
    for step in steps(definition):
        if step.type == "EndpointConfig":
            for body in step.body["Arguments"]["ProductionVariants"]:
                yield step, body


def _demand(step: Step, request: Json, parameters: Mapping[str, Value]) -> Demand:
    num_jobs: int | None = 1
    num_parallel_jobs: int | None = 1
    job = request
    if step.type == TUNING:
        job = request.get("TrainingJobDefinition", {})
        limits = ("HyperParameterTuningJobConfig", "ResourceLimits")
        num_jobs = _number(request, parameters, *limits, "MaxNumberOfTrainingJobs")
        num_parallel_jobs = _number(request, parameters, *limits, "MaxParallelTrainingJobs")
    cluster = {
        "Processing": ("ProcessingResources", "ClusterConfig"),
        "Transform": ("TransformResources",),
    }.get(step.type, ("ResourceConfig",))
    return Demand(
        step=step.name,
        type=step.type,
        use=_USES[step.type],
        instance_type=_text(job, parameters, *cluster, "InstanceType"),
        num_instances=_number(job, parameters, *cluster, "InstanceCount"),
        num_jobs=num_jobs,
        num_parallel_jobs=num_parallel_jobs,
        limit_seconds=_number(job, parameters, "StoppingCondition", "MaxRuntimeInSeconds"),
        volume_gb=_number(job, parameters, *cluster, "VolumeSizeInGB"),
        is_spot=_value(job, parameters, "EnableManagedSpotTraining") is True,
    )


def _value(request: Json, parameters: Mapping[str, Value], *path: str) -> Json:
    """A member of a request: a literal or the value of a parameter, else None."""
    value = request
    for key in path:
        if not isinstance(value, dict) or is_expression(value):
            return None
        value = value.get(key)
    if not is_expression(value):
        return value
    segments = parse_path(value["Get"]) if "Get" in value else ()
    is_parameter = segments[:1] == ("Parameters",)
    return parameters.get(str(segments[1])) if is_parameter else None


def _text(request: Json, parameters: Mapping[str, Value], *path: str) -> str | None:
    value = _value(request, parameters, *path)
    return value if isinstance(value, str) else None


def _number(request: Json, parameters: Mapping[str, Value], *path: str) -> int | None:
    value = _value(request, parameters, *path)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
