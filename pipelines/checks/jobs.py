"""Rules about processing and training jobs that the shape of the request does not say."""

import posixpath
import re
from collections.abc import Iterator

from pipelines.checks.analysis import Analysis
from pipelines.checks.document import Located, arguments, child
from pipelines.checks.properties import training_definitions
from pipelines.checks.rules import Problem, rule
from pipelines.checks.values import known_number, value_of
from pipelines.definition import Step
from pipelines.instances import has_own_disks
from pipelines.wording import quote

_GUIDE_URL = "https://docs.aws.amazon.com/sagemaker/latest/dg/"
_API_URL = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/"
PROCESSING_DIR = "/opt/ml/processing/"


def trainings(analysis: Analysis) -> Iterator[tuple[Step, Located]]:
    """Every training job that is defined, by itself or for a tuning step."""
    for step in analysis.of_type("Training", "Tuning"):
        if step.type == "Training":
            yield step, arguments(step)
        else:
            yield from ((step, item) for item in training_definitions(step))


def _is_spot(training: Located) -> bool | None:
    """Whether a job runs on spot instances; none where only the execution will tell."""
    given = training.dig("EnableManagedSpotTraining").value
    if given is None:
        return False
    return given if isinstance(given, bool) else None


def _local_paths(step: Step) -> Iterator[Located]:
    request = arguments(step)
    inputs = request.objects("ProcessingInputs")
    outputs = request.objects("ProcessingOutputConfig", "Outputs")
    places = [
        *(item.dig("S3Input", "LocalPath") for item in inputs),
        *(item.dig("S3Output", "LocalPath") for item in outputs),
    ]
    yield from (place for place in places if isinstance(place.value, str))


@rule(
    "D050",
    "Processing inputs and outputs lie under /opt/ml/processing",
    f"{_GUIDE_URL}build-your-own-processing-container.html",
)
def processing_paths(analysis: Analysis) -> Iterator[Problem]:
    """The service mounts and uploads nothing outside that folder."""
    for step in analysis.of_type("Processing"):
        for place in _local_paths(step):
            if not place.value.startswith(PROCESSING_DIR) or ".." in place.value:
                yield Problem(
                    place.pointer,
                    f"Step '{step.name}' has the local path '{place.value}'; expected a folder "
                    f"under {PROCESSING_DIR}.",
                )


@rule(
    "D051",
    "Processing inputs and outputs have folders of their own",
    f"{_API_URL}API_ProcessingS3Input.html",
)
def distinct_paths(analysis: Analysis) -> Iterator[Problem]:
    """Inputs in one folder hide each other; an output in an input's folder uploads the input."""
    for step in analysis.of_type("Processing"):
        seen: dict[str, str] = {}
        for place in _local_paths(step):
            folder = posixpath.normpath(place.value)
            if folder in seen:
                yield Problem(
                    place.pointer,
                    f"Step '{step.name}' uses the local path '{place.value}' twice; it is also at "
                    f"{seen[folder]}.",
                )
            seen.setdefault(folder, place.pointer)


@rule(
    "D052",
    "Spot training has a wait limit that covers the run",
    f"{_API_URL}API_StoppingCondition.html",
)
def spot_wait(analysis: Analysis) -> Iterator[Problem]:
    """`MaxWaitTimeInSeconds` goes with spot training, and is not below `MaxRuntimeInSeconds`."""
    for step, training in trainings(analysis):
        limits = training.dig("StoppingCondition")
        wait, run = limits.dig("MaxWaitTimeInSeconds"), limits.dig("MaxRuntimeInSeconds")
        is_spot = _is_spot(training)
        if is_spot and wait.value is None:
            yield Problem(
                limits.pointer,
                f"Step '{step.name}' trains on spot instances without MaxWaitTimeInSeconds; "
                "expected at least MaxRuntimeInSeconds.",
            )
        elif is_spot is False and wait.value is not None:
            yield Problem(
                wait.pointer,
                f"Step '{step.name}' has MaxWaitTimeInSeconds, which only spot training takes; "
                "set EnableManagedSpotTraining or remove it.",
            )
        elif is_spot:
            wait_seconds = known_number(analysis, step, wait)
            run_seconds = known_number(analysis, step, run)
            if wait_seconds is not None and run_seconds is not None and wait_seconds < run_seconds:
                yield Problem(
                    wait.pointer,
                    f"Step '{step.name}' waits at most {wait_seconds:g} s for a spot run of up to "
                    f"{run_seconds:g} s; expected MaxWaitTimeInSeconds of at least "
                    "MaxRuntimeInSeconds.",
                )


@rule("D053", "Spot training keeps checkpoints", f"{_GUIDE_URL}model-managed-spot-training.html")
def spot_checkpoints(analysis: Analysis) -> Iterator[Problem]:
    """An interrupted job without checkpoints loses all its work and starts again."""
    for step, training in trainings(analysis):
        if _is_spot(training) and training.dig("CheckpointConfig").value is None:
            yield Problem(
                training.pointer,
                f"Step '{step.name}' trains on spot instances without CheckpointConfig: an "
                "interruption loses the work. Add one, or train on demand.",
            )


@rule(
    "D054",
    "Regular expressions of metrics compile and capture a value",
    f"{_API_URL}API_MetricDefinition.html",
)
def metric_regexes(analysis: Analysis) -> Iterator[Problem]:
    """The first group of the expression is the metric's value."""
    for step, training in trainings(analysis):
        for item in training.objects("AlgorithmSpecification", "MetricDefinitions"):
            regex = item.value.get("Regex")
            if not isinstance(regex, str):
                continue
            lead = (
                f"Metric {quote(item.value.get('Name'))} of step '{step.name}' has the expression"
            )
            try:
                num_groups = re.compile(regex).groups
            except re.error as error:
                yield Problem(
                    child(item.pointer, "Regex"),
                    f"{lead} {quote(regex)}, which does not compile: {error}.",
                )
                continue
            if num_groups == 0:
                yield Problem(
                    child(item.pointer, "Regex"),
                    f"{lead} {quote(regex)}, which captures nothing; put the value in parentheses.",
                )


@rule(
    "D055",
    "Instances with disks of their own take no key for a volume",
    f"{_API_URL}API_ResourceConfig.html#sagemaker-Type-ResourceConfig-VolumeKmsKeyId",
)
def volume_keys(analysis: Analysis) -> Iterator[Problem]:
    """Such disks are encrypted by the instance, and the service refuses a key for them."""
    clusters = [
        *((step, training.dig("ResourceConfig")) for step, training in trainings(analysis)),
        *(
            (step, arguments(step).dig("ProcessingResources", "ClusterConfig"))
            for step in analysis.of_type("Processing")
        ),
        *(
            (step, arguments(step).dig("TransformResources"))
            for step in analysis.of_type("Transform")
        ),
    ]
    for step, cluster in clusters:
        key = cluster.dig("VolumeKmsKeyId")
        if key.value is None:
            continue
        for known in value_of(analysis, step, cluster.dig("InstanceType")).known:
            if isinstance(known.value, str) and has_own_disks(known.value):
                yield Problem(
                    key.pointer,
                    f"Step '{step.name}' has a VolumeKmsKeyId and may run on {known.value}, whose "
                    "own disks take none; expected another instance type, or no key.",
                )
                break
