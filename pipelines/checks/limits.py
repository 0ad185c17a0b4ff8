"""Rules about the size of a definition and of its parts."""

import json
from collections.abc import Iterator

from pipelines.checks import service
from pipelines.checks.analysis import Analysis
from pipelines.checks.document import child
from pipelines.checks.rules import Problem, rule
from pipelines.checks.shapes import Breach

_API_URL = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/"
MAX_STEPS = 50


@rule(
    "D095",
    "A pipeline has at most 50 steps",
    "https://docs.aws.amazon.com/general/latest/gr/sagemaker.html",
)
def number_of_steps(analysis: Analysis) -> Iterator[Problem]:
    """Steps in branches count."""
    if len(analysis.steps) > MAX_STEPS:
        yield Problem(
            "/Steps",
            f"The definition has {len(analysis.steps)} steps; expected at most {MAX_STEPS}.",
        )


@rule(
    "D096",
    "A pipeline has at most 200 parameters",
    f"{_API_URL}API_StartPipelineExecution.html#sagemaker-StartPipelineExecution-request-PipelineParameters",
)
def number_of_parameters(analysis: Analysis) -> Iterator[Problem]:
    """An execution can be started with so many and no more."""
    most = service.shape("ParameterList").metadata["max"]
    if len(analysis.parameters) > most:
        yield Problem(
            "/Parameters",
            f"The definition has {len(analysis.parameters)} parameters; expected at most {most}.",
        )


@rule("D097", "A definition has at most 1,048,576 characters", f"{_API_URL}API_CreatePipeline.html")
def size(analysis: Analysis) -> Iterator[Problem]:
    """Measured without white space between the values."""
    most = service.shape("PipelineDefinition").metadata["max"]
    num_characters = len(json.dumps(analysis.definition, separators=(",", ":")))
    if num_characters > most:
        yield Problem(
            "", f"The definition has {num_characters:,} characters; expected at most {most:,}."
        )


@rule(
    "D098",
    "Values of parameters have at most 1,024 characters",
    f"{_API_URL}API_Parameter.html#sagemaker-Type-Parameter-Value",
)
def length_of_values(analysis: Analysis) -> Iterator[Problem]:
    """What cannot be passed at a start is no use as a default."""
    most = service.shape("String1024").metadata["max"]
    # Where an argument takes even less, that is reported.
    reported = {pointer for pointer, _ in analysis.violations(Breach.BOUNDS)}
    for parameter in analysis.parameters:
        for item in parameter.values:
            is_long = isinstance(item.value, str) and len(item.value) > most
            if is_long and item.pointer not in reported:
                yield Problem(
                    item.pointer,
                    f"Parameter '{parameter.name}' has a value of {len(item.value)} characters; "
                    f"expected at most {most}.",
                )


@rule(
    "D099",
    "Display names and descriptions keep the service's lengths",
    f"{_API_URL}API_PipelineExecutionStep.html#sagemaker-Type-PipelineExecutionStep-StepDescription",
)
def length_of_texts(analysis: Analysis) -> Iterator[Problem]:
    """Display names have at most 256 characters, descriptions 3,072."""
    for key, shape_name in (("DisplayName", "StepDisplayName"), ("Description", "StepDescription")):
        most = service.shape(shape_name).metadata["max"]
        for step in analysis.steps:
            text = step.body.get(key)
            if text is not None and (not isinstance(text, str) or len(text) > most):
                found = f"{len(text)} characters" if isinstance(text, str) else "no string"
                yield Problem(
                    child(step.pointer, key),
                    f"The {key} of step '{step.name}' is {found}; expected a string of at most "
                    f"{most}.",
                )
