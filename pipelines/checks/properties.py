"""Where a reference leads: to a parameter, a variable of the execution, or a step's property."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pipelines.checks import service
from pipelines.checks.document import (
    PARAMETER_TYPES,
    Document,
    Located,
    Parameter,
    Use,
    ValueType,
    arguments,
    located,
)
from pipelines.definition import Step
from pipelines.wording import alternatives

EXECUTION_VARIABLES = frozenset(
    {
        "CurrentDateTime",
        "PipelineArn",
        "PipelineExecutionArn",
        "PipelineExecutionId",
        "PipelineName",
        "ProcessingJobName",
        "StartDateTime",
        "TrainingJobName",
    }
)
STEPS_WITHOUT_PROPERTIES = frozenset({"Cleanup", "Condition", "Fail"})


class Dead(StrEnum):
    """Why a reference leads nowhere."""

    NAME = "an output, input, channel, metric or other named thing that the step does not have"
    NO_PROPERTIES = "a step of a type that has no properties"
    PARAMETER = "a parameter that is not declared"
    PROPERTY = "a property that the step's type does not have"
    PROPERTY_FILE = "a property file that the step does not declare"
    ROOT = "neither a parameter nor a step nor the execution"
    STEP = "a step that does not exist"


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadEnd:
    """A reference that leads nowhere."""

    why: Dead
    key: str
    """What is wrong: dead ends with the same key are one mistake."""
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What a reference leads to."""

    type: ValueType | None
    """Type of the value; none where it cannot be known before the execution."""
    parameter: Parameter | None = None


_UNKNOWN = Target(type=None)


def resolve(document: Document, use: Use) -> Target | DeadEnd:
    """Follow a reference."""
    root, *path = use.reference.segments
    name = str(path[0]) if path else ""
    if root == "Parameters" and len(path) == 1:
        parameter = document.parameters_by_name.get(name)
        if parameter is not None:
            return Target(type=parameter.type, parameter=parameter)
        known = alternatives(name, document.parameters_by_name, "Declared")
        return DeadEnd(
            why=Dead.PARAMETER, key=name, message=f"Parameter '{name}' is not declared. {known}"
        )
    if root == "Execution" and len(path) == 1 and name in EXECUTION_VARIABLES:
        return Target(type=ValueType.STRING)
    if root == "Steps" and len(path) > 1:
        step = document.steps_by_name.get(name)
        if step is None:
            return missing_step(document, use.subject, name)
        return _property(use, step, path[1:])
    if root == "Execution" and len(path) == 1:
        known = alternatives(name, EXECUTION_VARIABLES, "Variables of an execution")
    else:
        known = "Expected Parameters.<name>, Steps.<name>.<property> or Execution.<variable>."
    text = use.reference.text
    message = f"{use.subject} refers to '{text}', which leads nowhere. {known}"
    return DeadEnd(why=Dead.ROOT, key=text, message=message)


def missing_step(document: Document, subject: str, name: str) -> DeadEnd:
    """The dead end of a name that no step has."""
    known = alternatives(name, document.steps_by_name, "Steps")
    return DeadEnd(
        why=Dead.STEP,
        key=name,
        message=f"{subject} refers to step '{name}', which does not exist. {known}",
    )


def _property(use: Use, step: Step, path: list[str | int]) -> Target | DeadEnd:
    if step.type in STEPS_WITHOUT_PROPERTIES:
        return DeadEnd(
            why=Dead.NO_PROPERTIES,
            key=step.name,
            message=f"{use.subject} reads '{use.reference.text}', but step '{step.name}' is a "
            f"{step.type} step, which has no properties. Read a step that runs a job, or name it "
            "in DependsOn.",
        )
    if path[0] == "PropertyFiles" and step.type == "Processing":
        names = located(step).names("PropertyFiles", key="PropertyFileName")
        missing = _missing(use, step, str(path[-1]), "property file", names)
        if missing is None:
            return _UNKNOWN
        return DeadEnd(why=Dead.PROPERTY_FILE, key=missing.key, message=missing.message)
    if path[0] == "OutputParameters" and step.type in {"Callback", "Lambda"}:
        return _output_parameter(use, step, str(path[-1]))
    operation = service.OPERATIONS.get(step.type)
    if operation is None:
        return _UNKNOWN
    members: dict[str, service.Shape] = {}
    for describe in operation.describe:
        members = {**service.response_shape(describe).members, **members}
    return _walk(use, step, members, path)


def _output_parameter(use: Use, step: Step, name: str) -> Target | DeadEnd:
    outputs = located(step).objects("OutputParameters")
    types = {str(item.value.get("OutputName")): item.value.get("OutputType") for item in outputs}
    missing = _missing(use, step, name, "output", list(types))
    if missing is not None:
        return missing
    return Target(type=next((kind for kind in PARAMETER_TYPES if kind == types[name]), None))


def _walk(
    use: Use, step: Step, members: Mapping[str, service.Shape], path: list[str | int]
) -> Target | DeadEnd:
    shape: service.Shape | None = None
    for depth, segment in enumerate(path):
        if shape is None or isinstance(shape, service.StructureShape):
            known = members if shape is None else shape.members
            if segment not in known:
                return _no_member(use, step, path[:depth], segment, known)
            shape = known[str(segment)]
        elif isinstance(shape, (service.ListShape, service.MapShape)):
            is_list = isinstance(shape, service.ListShape)
            noun, names = _declared(step, path[:depth])
            if isinstance(segment, int) and names is not None and is_list:
                names = [str(index) for index in range(len(names))]
            if names is not None:
                missing = _missing(use, step, str(segment), noun, names)
                if missing is not None:
                    return missing
            shape = shape.member if is_list else shape.value
        else:
            return _no_member(use, step, path[:depth], segment, {})
    return Target(type=None if shape is None else service.value_type(shape))


def _no_member(
    use: Use,
    step: Step,
    path: list[str | int],
    segment: str | int,
    known: Mapping[str, service.Shape],
) -> DeadEnd:
    place = ".".join(str(part) for part in path) or f"a {step.type} step"
    return DeadEnd(
        why=Dead.PROPERTY,
        key=f"{step.name} {path} {segment}",
        message=f"{use.subject} reads '{use.reference.text}', but {place} has no property "
        f"'{segment}'. {alternatives(str(segment), known, 'Properties')}",
    )


def _missing(use: Use, step: Step, name: str, noun: str, names: list[str]) -> DeadEnd | None:
    if name in names:
        return None
    return DeadEnd(
        why=Dead.NAME,
        key=f"{step.name} {noun} {name}",
        message=alternatives(
            name,
            names,
            f"{use.subject} reads {noun} '{name}' of step '{step.name}', which has {noun}s",
        ),
    )


@dataclass(frozen=True, slots=True)
class _Named:
    """Entries of a step's properties that the step itself names."""

    noun: str
    path: tuple[str, ...]
    """Where the names stand in the step's arguments."""
    key: str | None
    """Member that holds the name; none where the names are the keys of an object."""


_METRICS = ("AlgorithmSpecification", "MetricDefinitions")
_OUTPUTS = ("ProcessingOutputConfig", "Outputs")
_NAMED = {
    ("Processing", "Environment"): _Named("environment variable", ("Environment",), None),
    ("Processing", "ProcessingInputs"): _Named("input", ("ProcessingInputs",), "InputName"),
    ("Processing", *_OUTPUTS): _Named("output", _OUTPUTS, "OutputName"),
    ("Training", "Environment"): _Named("environment variable", ("Environment",), None),
    ("Training", "FinalMetricDataList"): _Named("metric", _METRICS, "Name"),
    ("Training", "HyperParameters"): _Named("hyperparameter", ("HyperParameters",), None),
    ("Training", "InputDataConfig"): _Named("channel", ("InputDataConfig",), "ChannelName"),
}


def _declared(step: Step, path: list[str | int]) -> tuple[str, list[str] | None]:
    """Noun and names of the entries at a path of the properties; no names where they are free."""
    if step.type == "Tuning" and path[-1] == "TunedHyperParameters":
        # A search without any range is reported as such.
        names = [item.value.get("Name") for item in tuning_ranges(step)]
        return "tuned hyperparameter", [name for name in names if isinstance(name, str)] or None
    named = _NAMED.get((step.type, *map(str, path)))
    if named is None:
        return "entry", None
    request = arguments(step)
    if named.key is not None:
        names = request.names(*named.path, key=named.key)
        # Without definitions the algorithm may be a built-in one, which brings its own metrics.
        return named.noun, None if named.path == _METRICS and not names else names
    found = request.dig(*named.path).value
    return named.noun, list(found) if isinstance(found, dict) else []


def tuning_ranges(step: Step) -> list[Located]:
    """The ranges that a tuning step searches."""
    request = arguments(step)
    holders = [
        request.dig("HyperParameterTuningJobConfig", "ParameterRanges"),
        *(item.dig("HyperParameterRanges") for item in training_definitions(step)),
    ]
    kinds = (
        "IntegerParameterRanges",
        "ContinuousParameterRanges",
        "CategoricalParameterRanges",
        "AutoParameters",
    )
    return [item for holder in holders for kind in kinds for item in holder.objects(kind)]


def training_definitions(step: Step) -> list[Located]:
    """The definitions of the training jobs that a tuning step starts."""
    request = arguments(step)
    single = request.dig("TrainingJobDefinition")
    return [
        *([single] if isinstance(single.value, dict) else []),
        *request.objects("TrainingJobDefinitions"),
    ]
