"""Refuses what cannot run on this machine, before the first job starts."""

from collections.abc import Callable, Iterator, Mapping

from pipelines.definition import Json, Step
from pipelines.local.errors import UnsupportedStep, choices
from pipelines.local.expressions import CONDITION_TYPES

STEP_TYPES = ("Condition", "Fail", "Lambda", "Processing", "RegisterModel", "Training", "Tuning")


def check_support(step: Step, count: Callable[[Json], int]) -> None:
    """Refuse a step that needs what this machine does not emulate.

    Args:
        step: The step.
        count: The number that a value or an expression stands for.

    Raises:
        UnsupportedStep: The step cannot run here.
    """
    problems = list(_problems(step, count))
    if problems:
        raise UnsupportedStep(
            f"Step '{step.name}' cannot run on this machine: {' '.join(problems)}"
        )


def _problems(step: Step, count: Callable[[Json], int]) -> Iterator[str]:
    if step.type not in STEP_TYPES:
        yield f"its type is {step.type}. Supported: {choices(list(STEP_TYPES))}."
        return
    for entry in step.body.get("DependsOn", []):
        trigger = entry.get("Trigger", "Succeeded") if isinstance(entry, dict) else "Succeeded"
        if trigger != "Succeeded":
            yield (
                f"it waits for step '{entry['Step']}' to be {trigger}; only Succeeded is supported."
            )
    arguments = step.body["Arguments"]
    match step.type:
        case "Processing":
            yield from _processing(arguments)
        case "Training":
            yield from _training(arguments, count, "HyperParameters")
        case "Tuning":
            yield from _tuning(arguments, count)
        case "Condition":
            yield from _conditions(arguments["Conditions"])


def _processing(arguments: Mapping[str, Json]) -> Iterator[str]:
    if not arguments["AppSpecification"].get("ContainerEntrypoint"):
        yield "it has no ContainerEntrypoint, and the entry point inside its image is unknown here."
    for item in arguments.get("ProcessingInputs", []):
        kind = item.get("S3Input", {}).get("S3DataType")
        if kind != "S3Prefix":
            yield f"input '{item['InputName']}' has S3DataType {kind}; only S3Prefix is supported."


def _training(
    arguments: Mapping[str, Json], count: Callable[[Json], int], hyperparameters: str
) -> Iterator[str]:
    for name in ("sagemaker_program", "sagemaker_submit_directory"):
        if name not in arguments.get(hyperparameters, {}):
            yield f"it has no hyperparameter '{name}'; only script mode is supported."
    if count(arguments["ResourceConfig"].get("InstanceCount", 1)) != 1:
        yield "it trains on several instances; only InstanceCount 1 is supported."
    for channel in arguments.get("InputDataConfig", []):
        source = channel["DataSource"].get("S3DataSource", {})
        if source.get("S3DataType") != "S3Prefix":
            yield (
                f"channel '{channel['ChannelName']}' has S3DataType {source.get('S3DataType')}; "
                "only S3Prefix is supported."
            )
        mode = channel.get("InputMode", arguments["AlgorithmSpecification"]["TrainingInputMode"])
        if mode == "Pipe":
            yield f"channel '{channel['ChannelName']}' has InputMode Pipe; use File or FastFile."


def _tuning(arguments: Mapping[str, Json], count: Callable[[Json], int]) -> Iterator[str]:
    for name in ("TrainingJobDefinitions", "WarmStartConfig", "Autotune"):
        if arguments.get(name):
            yield f"it uses {name}, which is not emulated."
    config = arguments["HyperParameterTuningJobConfig"]
    for name, home in (
        ("AutoParameters", config.get("ParameterRanges", {})),
        ("MaxRuntimeInSeconds", config["ResourceLimits"]),
        ("TuningJobCompletionCriteria", config),
    ):
        if home.get(name):
            yield f"it uses {name}, which is not emulated."
    if "TrainingJobDefinition" not in arguments:
        yield "it has no TrainingJobDefinition."
    else:
        yield from _training(arguments["TrainingJobDefinition"], count, "StaticHyperParameters")


def _conditions(conditions: list[Mapping[str, Json]]) -> Iterator[str]:
    for condition in conditions:
        if condition["Type"] not in CONDITION_TYPES:
            yield (
                f"it has a condition of type {condition['Type']}. "
                f"Supported: {choices(list(CONDITION_TYPES))}."
            )
        nested = condition.get(
            "Conditions", [condition[key] for key in ("Condition",) if key in condition]
        )
        yield from _conditions(nested)
