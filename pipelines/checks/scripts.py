"""Rules about what a job's script is given and where it leaves its results."""

import argparse
import dataclasses
import importlib
import re
from collections.abc import Iterator
from typing import Any

from pipelines.checks.analysis import Analysis, each_once
from pipelines.checks.document import Located, arguments, child
from pipelines.checks.jobs import trainings
from pipelines.checks.rules import Problem, rule
from pipelines.checks.sources import ARCHIVE, PROGRAM, has_digest, script_settings
from pipelines.checks.values import known_text, value_of
from pipelines.definition import Step, references
from pipelines.wording import alternatives

_PROGRAM = re.compile(r"steps/(?P<name>\w+)/script\.py")
_PROCESSING_PATH = re.compile(r"/opt/ml/processing(?:/[\w.-]+)+")
_RANGES = ("CategoricalParameterRanges", "ContinuousParameterRanges", "IntegerParameterRanges")


@rule(
    "D074",
    "Isolated jobs find their code in a channel",
    "https://docs.aws.amazon.com/sagemaker/latest/dg/mkt-algo-model-internet-free.html",
)
def code_of_isolated_jobs(analysis: Analysis) -> Iterator[Problem]:
    """A container without a network cannot download its code."""
    for step, training in trainings(analysis):
        archive = script_settings(training).dig(ARCHIVE)
        text = known_text(analysis, step, archive)
        is_isolated = training.dig("EnableNetworkIsolation").value is True
        if is_isolated and text is not None and text.startswith("s3://") and has_digest(text):
            yield Problem(
                archive.pointer,
                f"Step '{step.name}' downloads its code from '{text}', and its network isolation "
                "forbids that; expected the archive in a channel, as "
                "/opt/ml/input/data/<channel>/sourcedir.tar.gz.",
            )


@rule(
    "D075",
    "Each execution has outputs of its own",
    "https://sagemaker.readthedocs.io/en/stable/amazon_sagemaker_model_building_pipeline.html#execution-variables",
)
def own_outputs(analysis: Analysis) -> Iterator[Problem]:
    """An output at a fixed place is overwritten by the next execution, or by another step."""
    for step, uri in _outputs(analysis):
        text = known_text(analysis, step, uri)
        if text is not None and not list(references(uri.value)):
            yield Problem(
                uri.pointer,
                f"Step '{step.name}' writes to '{text}', as every execution does; expected "
                "Execution.PipelineExecutionId in the path.",
            )


@rule(
    "D076",
    "Scripts look where inputs and outputs are",
    "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AppSpecification.html",
)
def mounted_paths(analysis: Analysis) -> Iterator[Problem]:
    """A path below /opt/ml/processing exists only if an input or an output is there."""
    for step in analysis.of_type("Processing"):
        request = arguments(step)
        mounted = [
            *(item.dig("S3Input", "LocalPath") for item in request.objects("ProcessingInputs")),
            *(
                item.dig("S3Output", "LocalPath")
                for item in request.objects("ProcessingOutputConfig", "Outputs")
            ),
        ]
        known = {str(item.value) for item in mounted if isinstance(item.value, str)}
        if len(known) < len(mounted) or not all(map(_PROCESSING_PATH.fullmatch, known)):
            continue  # Another rule says so, and the script may be right.
        for item in _texts(request):
            match = _PROCESSING_PATH.fullmatch(item.value)
            path = match[0] if match else None
            if path and not any(f"{path}/".startswith(f"{place}/") for place in known):
                yield Problem(
                    item.pointer,
                    f"Step '{step.name}' passes '{path}', where it has no input and no output. "
                    f"{alternatives(path, known, 'It has')}",
                )


@rule(
    "D077",
    "Hyperparameters are those that the script takes",
    "https://github.com/aws/sagemaker-training-toolkit#hyperparameters",
)
def known_hyperparameters(analysis: Analysis) -> Iterator[Problem]:
    """The contract beside a script says which hyperparameters there are, and their bounds."""
    found = [
        (item.pointer, f"{name} {problem}", f"Step '{step.name}' {problem}")
        for step, training in trainings(analysis)
        if (contract := _hyperparameters(analysis, step, training)) is not None
        for name, item in _given(step, training)
        for problem in _problems(analysis, step, contract, name, item)
    ]
    yield from (Problem(*problem) for problem in each_once(found))


def _outputs(analysis: Analysis) -> Iterator[tuple[Step, Located]]:
    for step in analysis.of_type("Processing"):
        for item in arguments(step).objects("ProcessingOutputConfig", "Outputs"):
            yield step, item.dig("S3Output", "S3Uri")
    for step, training in trainings(analysis):
        yield step, training.dig("OutputDataConfig", "S3OutputPath")
    for step in analysis.of_type("Transform"):
        yield step, arguments(step).dig("TransformOutput", "S3OutputPath")


def _texts(request: Located) -> Iterator[Located]:
    """The literal container arguments and environment variables of a processing job."""
    listed = request.dig("AppSpecification", "ContainerArguments")
    values = listed.value if isinstance(listed.value, list) else []
    items = [Located(child(listed.pointer, index), value) for index, value in enumerate(values)]
    environment = request.dig("Environment")
    if isinstance(environment.value, dict):
        items += [environment.dig(name) for name in environment.value]
    return (item for item in items if isinstance(item.value, str))


def _hyperparameters(analysis: Analysis, step: Step, training: Located) -> Any:
    """The class `Hyperparameters` of the script's contract; none for a script of somebody else."""
    program = known_text(analysis, step, script_settings(training).dig(PROGRAM)) or ""
    match = _PROGRAM.fullmatch(program)
    if match is None:
        return None
    try:
        contract = importlib.import_module(f"steps.{match['name']}.contract")
    except ModuleNotFoundError:
        return None
    return getattr(contract, "Hyperparameters", None)


def _given(step: Step, training: Located) -> Iterator[tuple[str, Located]]:
    """Name and value of every hyperparameter; of a searched one, its name and its listed values."""
    settings = script_settings(training)
    if isinstance(settings.value, dict):
        for name in settings.value:
            if not name.startswith(("sagemaker_", "_")):
                yield name, settings.dig(name)
    ranges = arguments(step).dig("HyperParameterTuningJobConfig", "ParameterRanges")
    for kind in _RANGES:
        for item in ranges.objects(kind):
            name = item.dig("Name")
            listed = item.dig("Values")
            if isinstance(name.value, str):
                yield name.value, Located(name.pointer, None)
                values = listed.value if isinstance(listed.value, list) else []
                for index, value in enumerate(values):
                    yield name.value, Located(child(listed.pointer, index), value)


def _problems(
    analysis: Analysis, step: Step, contract: Any, name: str, item: Located
) -> Iterator[str]:
    known = [field.name for field in dataclasses.fields(contract)]
    if name not in known:
        yield (
            f"passes the hyperparameter '{name}', which its script does not take. "
            f"{alternatives(name, known)}"
        )
        return
    parser = argparse.ArgumentParser(exit_on_error=False)
    contract.add_arguments(parser)
    for value in value_of(analysis, step, item).known:
        if isinstance(value.value, str):
            try:
                contract.from_arguments(parser.parse_args([f"--{name}={value.value}"]))
            except (ValueError, argparse.ArgumentError) as error:
                reason = str(error).rstrip(".")
                yield f"passes a hyperparameter that its script refuses: {reason}."
