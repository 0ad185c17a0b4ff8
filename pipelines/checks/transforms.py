"""Rules about batch transforms that the shape of the request does not say."""

from collections.abc import Iterator

from pipelines.checks.analysis import Analysis
from pipelines.checks.document import Located, arguments
from pipelines.checks.rules import Problem, rule
from pipelines.checks.values import known_number, known_text
from pipelines.definition import Step, is_expression
from pipelines.wording import quote

_API_URL = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/"
MAX_PAYLOAD_MB = 100
_DEFAULT_PAYLOAD_MB = 6


@rule(
    "D056",
    "Batch transforms hold at most 100 MB in flight",
    f"{_API_URL}API_CreateTransformJob.html#sagemaker-CreateTransformJob-request-MaxPayloadInMB",
)
def payload_in_flight(analysis: Analysis) -> Iterator[Problem]:
    """`MaxPayloadInMB`, and its product with `MaxConcurrentTransforms`, have one limit."""
    for step in analysis.of_type("Transform"):
        request = arguments(step)
        place = request.dig("MaxPayloadInMB")
        payload = known_number(analysis, step, place)
        if place.value is None:
            payload = _DEFAULT_PAYLOAD_MB
        concurrent = known_number(analysis, step, request.dig("MaxConcurrentTransforms")) or 1
        if payload is not None and payload * concurrent > MAX_PAYLOAD_MB:
            yield Problem(
                place.pointer if place.value is not None else request.pointer,
                f"Step '{step.name}' sends {concurrent:g} requests of up to {payload:g} MB at a "
                f"time; expected MaxConcurrentTransforms times MaxPayloadInMB of at most "
                f"{MAX_PAYLOAD_MB}.",
            )


@rule(
    "D057",
    "Records are batched only where there are records",
    f"{_API_URL}API_CreateTransformJob.html#sagemaker-CreateTransformJob-request-BatchStrategy",
)
def strategy_of_records(analysis: Analysis) -> Iterator[Problem]:
    """`MultiRecord` puts records into one request, and only split objects have records."""
    for step in analysis.of_type("Transform"):
        strategy = arguments(step).dig("BatchStrategy")
        kind = known_text(analysis, step, strategy)
        if kind == "MultiRecord" and _is_whole(analysis, step):
            yield Problem(
                strategy.pointer,
                f"Step '{step.name}' has the BatchStrategy {kind} for objects that are not split; "
                "remove it, or set SplitType to Line, RecordIO or TFRecord.",
            )


@rule("D058", "Images are not split", f"{_API_URL}API_TransformInput.html")
def whole_images(analysis: Analysis) -> Iterator[Problem]:
    """An image has no lines: each object is one request."""
    for step in analysis.of_type("Transform"):
        source = arguments(step).dig("TransformInput")
        content_type = known_text(analysis, step, source.dig("ContentType")) or ""
        split = source.dig("SplitType")
        kind = known_text(analysis, step, split) or "None"
        if content_type.startswith(("image/", "application/x-image")) and kind != "None":
            yield Problem(
                split.pointer,
                f"Step '{step.name}' splits objects of type {quote(content_type)} by {kind}; "
                "expected SplitType None.",
            )


def _is_whole(analysis: Analysis, step: Step) -> bool:
    split = arguments(step).dig("TransformInput", "SplitType")
    return split.value is None or known_text(analysis, step, split) == "None"


@rule(
    "D059",
    "Batch transforms do not write into their input",
    f"{_API_URL}API_TransformOutput.html",
)
def output_outside_of_the_input(analysis: Analysis) -> Iterator[Problem]:
    """The next execution would take the answers for images."""
    for step in analysis.of_type("Transform"):
        request = arguments(step)
        source = request.dig("TransformInput", "DataSource", "S3DataSource", "S3Uri")
        target = request.dig("TransformOutput", "S3OutputPath")
        prefix = known_text(analysis, step, source)
        if prefix and _start(analysis, step, target).startswith(prefix):
            yield Problem(
                target.pointer,
                f"Step '{step.name}' writes its answers below its own input {quote(prefix)}; "
                "expected another prefix.",
            )


def _start(analysis: Analysis, step: Step, item: Located) -> str:
    """What is known of a string from its start on."""
    text = known_text(analysis, step, item)
    if text is None and is_expression(item.value) and "Std:Join" in item.value:
        join = item.value["Std:Join"]
        first = Located(f"{item.pointer}/Std:Join/Values/0", join["Values"][0])
        text = f"{_start(analysis, step, first)}{join.get('On', '')}"
    return text or ""
