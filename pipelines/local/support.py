"""Refuses what cannot run on this machine, before the first job starts."""

import re
from collections.abc import Callable, Iterator, Mapping

from pipelines.definition import COMPLETED, TRIGGERS, Json, Step
from pipelines.local.errors import UnsupportedStep, choices
from pipelines.local.expressions import CONDITION_TYPES

_STEP_NAME = re.compile("[A-Za-z0-9_-]{1,64}")
"""Names that steps can have: this machine makes folders of them.

Source: Amazon SageMaker AI API Reference, PipelineExecutionStep,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_PipelineExecutionStep.html
"""
STEP_TYPES = (
    "Condition", "Endpoint", "EndpointConfig", "Fail", "Lambda", "Model", "Processing",
    "RegisterModel", "Training", "Transform", "Tuning",
)  # fmt: skip


def check_support(step: Step, count: Callable[[Json], int]) -> None:
    """Refuse a step that needs what this machine does not emulate.

    Args:
        step: The step.
        count: The number that a value or an expression stands for.

    Raises:
        UnsupportedStep: The step cannot run here, or would reach beyond its own folder.
    """
    problems = list(_problems(step, count))
    if problems:
        raise UnsupportedStep(
            f"Step '{step.name}' cannot run on this machine: {' '.join(problems)}"
        )


def _problems(step: Step, count: Callable[[Json], int]) -> Iterator[str]:
    if not _STEP_NAME.fullmatch(step.name):
        yield "its name is not of 1 to 64 letters, digits, '_' and '-'."
    if step.type not in STEP_TYPES:
        yield f"its type is {step.type}. Supported: {choices(list(STEP_TYPES))}."
        return
    for entry in step.body.get("DependsOn", []):
        if isinstance(entry, dict) and entry.get("Trigger", COMPLETED) not in TRIGGERS:
            yield (
                f"it waits for step '{entry['Step']}' to be {entry['Trigger']}. "
                f"Supported: {choices(list(TRIGGERS))}."
            )
    arguments = step.body["Arguments"]
    match step.type:
        case "Processing":
            yield from _processing(arguments)
        case "Training":
            yield from _training(arguments, count, "HyperParameters")
        case "Tuning":
            yield from _tuning(arguments, count)
        case "Transform":
            yield from _transform(arguments)
        case "Model":
            yield from _model(arguments)
        case "EndpointConfig":
            yield from _endpoint_config(arguments)
        case "Condition":
            yield from _conditions(arguments["Conditions"])


def _processing(arguments: Mapping[str, Json]) -> Iterator[str]:
    if not arguments["AppSpecification"].get("ContainerEntrypoint"):
        yield "it has no ContainerEntrypoint, and the entry point inside its image is unknown here."
    for item in arguments.get("ProcessingInputs", []):
        what, source = f"input '{item['InputName']}'", item.get("S3Input", {})
        yield from _name(what, item["InputName"])
        yield from _local_path(what, source.get("LocalPath"))
        if source.get("S3DataType") not in {"ManifestFile", "S3Prefix"}:
            yield (
                f"{what} has S3DataType {source.get('S3DataType')}; only S3Prefix and "
                "ManifestFile are supported."
            )
        if source.get("S3InputMode", "File") != "File":
            yield f"{what} has S3InputMode {source['S3InputMode']}; only File is supported."
        if source.get("S3CompressionType", "None") != "None":
            yield (
                f"{what} has S3CompressionType {source['S3CompressionType']}; "
                "only None is supported."
            )
    for item in arguments.get("ProcessingOutputConfig", {}).get("Outputs", []):
        what = f"output '{item['OutputName']}'"
        yield from _name(what, item["OutputName"])
        yield from _local_path(what, item.get("S3Output", {}).get("LocalPath"))


def _training(
    arguments: Mapping[str, Json], count: Callable[[Json], int], hyperparameters: str
) -> Iterator[str]:
    for name in ("sagemaker_program", "sagemaker_submit_directory"):
        if name not in arguments.get(hyperparameters, {}):
            yield f"it has no hyperparameter '{name}'; only script mode is supported."
    if count(arguments["ResourceConfig"].get("InstanceCount", 1)) != 1:
        yield "it trains on several instances; only InstanceCount 1 is supported."
    checkpoints = arguments.get("CheckpointConfig", {})
    if "LocalPath" in checkpoints:
        yield from _local_path("CheckpointConfig", checkpoints["LocalPath"])
    for channel in arguments.get("InputDataConfig", []):
        what = f"channel '{channel['ChannelName']}'"
        yield from _name(what, channel["ChannelName"])
        source = channel["DataSource"].get("S3DataSource", {})
        if source.get("S3DataType") != "S3Prefix":
            yield f"{what} has S3DataType {source.get('S3DataType')}; only S3Prefix is supported."
        if channel.get("CompressionType", "None") != "None":
            yield (
                f"{what} has CompressionType {channel['CompressionType']}; only None is supported."
            )
        mode = channel.get("InputMode", arguments["AlgorithmSpecification"]["TrainingInputMode"])
        if mode == "Pipe":
            yield f"{what} has InputMode Pipe; use File or FastFile."


def _name(what: str, name: Json) -> Iterator[str]:
    if not isinstance(name, str) or name in {"", ".", ".."} or "/" in name:
        yield f"{what} has a name that is part of a path; expected one without '/'."


def _local_path(what: str, path: Json) -> Iterator[str]:
    if not isinstance(path, str) or not path.startswith("/opt/ml/") or ".." in path.split("/"):
        yield f"{what} has LocalPath '{path}'; expected a path below /opt/ml/."


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


def _transform(arguments: Mapping[str, Json]) -> Iterator[str]:
    source, target = arguments["TransformInput"], arguments["TransformOutput"]
    kind = source["DataSource"]["S3DataSource"]["S3DataType"]
    if kind != "S3Prefix":
        yield f"its input has S3DataType {kind}; only S3Prefix is supported."
    for name, home in (
        ("CompressionType", source),
        ("SplitType", source),
        ("AssembleWith", target),
    ):
        if home.get(name, "None") != "None":
            yield f"it has {name} {home[name]}; only None is supported: one object, one request."
    for name in ("DataCaptureConfig", "DataProcessing"):
        if arguments.get(name):
            yield f"it uses {name}, which is not emulated."


def _model(arguments: Mapping[str, Json]) -> Iterator[str]:
    containers = arguments.get("Containers", [arguments.get("PrimaryContainer")])
    if len(containers) != 1 or containers[0] is None:
        yield "its model has no container or several; only one is supported."
        return
    if not {"ModelDataUrl", "ModelPackageName"} & containers[0].keys():
        yield "its container has neither ModelPackageName nor ModelDataUrl."


def _endpoint_config(arguments: Mapping[str, Json]) -> Iterator[str]:
    for name in ("AsyncInferenceConfig", "ShadowProductionVariants", "ExplainerConfig"):
        if arguments.get(name):
            yield f"it uses {name}, which is not emulated."
    for variant in arguments["ProductionVariants"]:
        if "ModelName" not in variant:
            yield f"variant '{variant['VariantName']}' has no ModelName; only models are supported."


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
