"""Rules about step types, keys of steps, and names that must be unique."""

from collections import Counter
from collections.abc import Iterator

from pipelines.checks.analysis import Analysis
from pipelines.checks.document import arguments, child, located
from pipelines.checks.properties import training_definitions
from pipelines.checks.rules import Problem, rule
from pipelines.wording import alternatives

_GUIDE_URL = "https://docs.aws.amazon.com/sagemaker/latest/dg/"

_COMMON = frozenset({"Arguments", "DependsOn", "Description", "DisplayName", "Name", "Type"})
_JOB = frozenset({"CacheConfig", "RetryPolicies"})
STEP_KEYS = {
    "Condition": _COMMON,
    "Endpoint": _COMMON,
    "EndpointConfig": _COMMON | _JOB,
    "Fail": _COMMON,
    "Lambda": _COMMON | {"CacheConfig", "FunctionArn", "OutputParameters"},
    "Model": _COMMON | {"RetryPolicies"},
    "Processing": _COMMON | _JOB | {"PropertyFiles"},
    "RegisterModel": _COMMON | {"RetryPolicies"},
    "Training": _COMMON | _JOB,
    "Transform": _COMMON | _JOB,
    "Tuning": _COMMON | _JOB,
}
"""Keys of the step types that are checked in full."""

STEP_TYPES = STEP_KEYS.keys() | {
    "AutoML",
    "Callback",
    "ClarifyCheck",
    "Cleanup",
    "EMR",
    "EMRServerless",
    "ForEach",
    "InferenceComponent",
    "Job",
    "Lineage",
    "QualityCheck",
}


@rule("D016", "Step types exist", f"{_GUIDE_URL}build-and-manage-steps-types.html")
def known_types(analysis: Analysis) -> Iterator[Problem]:
    """Every step is of a type that the service knows."""
    for step in analysis.steps:
        if step.type not in STEP_TYPES:
            yield Problem(
                f"{step.pointer}/Type",
                f"Step '{step.name}' is of the unknown type '{step.type}'. "
                f"{alternatives(step.type, STEP_TYPES, 'Types')}",
            )


@rule("D017", "Steps have only the keys of their type", f"{_GUIDE_URL}build-and-manage-steps.html")
def known_keys(analysis: Analysis) -> Iterator[Problem]:
    """A misspelt key, or one that the type cannot have, would have no effect."""
    for step in analysis.steps:
        known = STEP_KEYS.get(step.type)
        if known is None:
            continue
        for key in step.body:
            if key not in known:
                yield Problem(
                    child(step.pointer, key),
                    f"Step '{step.name}' of type {step.type} has the unknown key '{key}'. "
                    f"{alternatives(key, known)}",
                )


@rule(
    "D018",
    "Step names are unique",
    "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_SelectedStep.html",
)
def unique_steps(analysis: Analysis) -> Iterator[Problem]:
    """No two steps share a name, not even in the two branches of a condition."""
    for step in analysis.steps:
        first = analysis.steps_by_name[step.name]
        if step is not first:
            yield Problem(
                f"{step.pointer}/Name",
                f"Step '{step.name}' is defined twice; the first one is at {first.pointer}.",
            )


@rule(
    "D019",
    "Names are unique within a step",
    "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProcessingInput.html",
)
def unique_within(analysis: Analysis) -> Iterator[Problem]:
    """Channels, inputs, outputs, metrics, property files and variants have names of their own."""
    for step in analysis.steps:
        request = arguments(step)
        definitions = training_definitions(step) if step.type == "Tuning" else [request]
        lists = [
            ("input", "InputName", request.objects("ProcessingInputs")),
            ("output", "OutputName", request.objects("ProcessingOutputConfig", "Outputs")),
            ("output", "OutputName", located(step).objects("OutputParameters")),
            ("variant", "VariantName", request.objects("ProductionVariants")),
            ("property file", "PropertyFileName", located(step).objects("PropertyFiles")),
        ]
        for item in definitions:
            metrics = item.objects("AlgorithmSpecification", "MetricDefinitions")
            lists.append(("metric", "Name", metrics))
            lists.append(("channel", "ChannelName", item.objects("InputDataConfig")))
        for noun, key, items in lists:
            seen: Counter[str] = Counter()
            for item in items:
                name = str(item.value.get(key))
                seen[name] += 1
                if seen[name] > 1:
                    yield Problem(
                        child(item.pointer, key), f"Step '{step.name}' has two {noun}s '{name}'."
                    )
