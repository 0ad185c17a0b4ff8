"""Rules about the code and the images that jobs run."""

import re
from collections import Counter
from collections.abc import Iterator

from pipelines.checks.analysis import Analysis
from pipelines.checks.document import Located, arguments, child
from pipelines.checks.jobs import trainings
from pipelines.checks.rules import Problem, rule
from pipelines.checks.values import known_text, value_of
from pipelines.definition import Json, Step, is_expression
from pipelines.wording import alternatives, quote

_GUIDE_URL = "https://docs.aws.amazon.com/sagemaker/latest/dg/"
_DIGEST = re.compile(r"(?:^|/)[0-9a-f]{32,}(?:/|$)")
_CHANNEL_PATH = re.compile(r"/opt/ml/input/data/(?P<channel>[^/]+)/.+")
_CODE = "code"
PROGRAM, ARCHIVE = "sagemaker_program", "sagemaker_submit_directory"


def _code_uris(analysis: Analysis) -> Iterator[tuple[Step, Located]]:
    for step in analysis.of_type("Processing"):
        for item in arguments(step).objects("ProcessingInputs"):
            if item.value.get("InputName") == _CODE:
                yield step, item.dig("S3Input", "S3Uri")
    for step, training in trainings(analysis):
        for item in training.objects("InputDataConfig"):
            if item.value.get("ChannelName") == _CODE:
                yield step, item.dig("DataSource", "S3DataSource", "S3Uri")
        archive = script_settings(training).dig(ARCHIVE)
        text = known_text(analysis, step, archive)
        if archive.value is not None and (text is None or text.startswith("s3://")):
            yield step, archive


def script_settings(training: Located) -> Located:
    """The hyperparameters of a training job that are not searched."""
    key = "HyperParameters" if "HyperParameters" in training.value else "StaticHyperParameters"
    return training.dig(key)


@rule("D070", "Code is addressed by its content", f"{_GUIDE_URL}pipelines-caching.html")
def content_addressed(analysis: Analysis) -> Iterator[Problem]:
    """A URI that holds the code's digest keeps its meaning, so that caches stay true."""
    for step, uri in _code_uris(analysis):
        if uri.value is not None and not has_digest(_visible(analysis, step, uri)):
            given = quote(uri.value)
            yield Problem(
                uri.pointer,
                f"Step '{step.name}' runs code from {given}, which is not addressed by its "
                "content; expected a digest of 32 or more hexadecimal digits as a part of the "
                "path.",
            )


def has_digest(uri: str) -> bool:
    """Whether a part of the path is a digest."""
    return _DIGEST.search(uri) is not None


def _visible(analysis: Analysis, step: Step, item: Located) -> str:
    """What is known of a string: all of it, or the literal parts of a join."""
    text = known_text(analysis, step, item)
    if text is not None:
        return text
    value: Json = item.value
    if is_expression(value) and "Std:Join" in value:
        parts = (part if isinstance(part, str) else "?" for part in value["Std:Join"]["Values"])
        return str(value["Std:Join"].get("On", "")).join(parts)
    return ""


@rule(
    "D071",
    "Script mode has a program and the archive that holds it",
    "https://github.com/aws/sagemaker-training-toolkit#create-a-docker-image-and-train-a-model",
)
def script_mode(analysis: Analysis) -> Iterator[Problem]:
    """The toolkit needs both hyperparameters, and an archive in a channel needs the channel."""
    for step, training in trainings(analysis):
        settings = script_settings(training)
        given = [key for key in (PROGRAM, ARCHIVE) if settings.dig(key).value is not None]
        if len(given) == 1:
            missing = PROGRAM if given == [ARCHIVE] else ARCHIVE
            yield Problem(
                settings.pointer,
                f"Step '{step.name}' has the hyperparameter '{given[0]}' without '{missing}'.",
            )
        archive = settings.dig(ARCHIVE)
        path = _CHANNEL_PATH.fullmatch(known_text(analysis, step, archive) or "")
        channels = training.names("InputDataConfig", key="ChannelName")
        if path is not None and path["channel"] not in channels:
            yield Problem(
                archive.pointer,
                f"Step '{step.name}' unpacks its code from channel '{path['channel']}', which it "
                f"does not have. {alternatives(path['channel'], channels, 'Its channels')}",
            )


def _images(analysis: Analysis) -> Iterator[tuple[Step, Located, str]]:
    """Every image with the purpose that it must serve: training or inference."""
    for step, training in trainings(analysis):
        yield step, training.dig("AlgorithmSpecification", "TrainingImage"), "training"
    for step in analysis.of_type("Model", "RegisterModel"):
        request = arguments(step)
        containers = [
            request.dig("PrimaryContainer"),
            *request.objects("Containers"),
            *request.objects("InferenceSpecification", "Containers"),
        ]
        yield from ((step, item.dig("Image"), "inference") for item in containers)


@rule(
    "D072",
    "Images fit what they are used for",
    "https://aws.github.io/deep-learning-containers/reference/available_images/",
)
def fitting_images(analysis: Analysis) -> Iterator[Problem]:
    """Training jobs run training images, and models are served by inference images."""
    for step, image, purpose in _images(analysis):
        for known in value_of(analysis, step, image).known:
            if not isinstance(known.value, str):
                continue
            repository = known.value.rpartition("/")[2].partition(":")[0].partition("@")[0]
            kinds = {"inference", "training"} & set(re.split(r"[-_]", repository))
            if kinds and purpose not in kinds:
                yield Problem(
                    known.pointer,
                    f"Step '{step.name}' uses image '{repository}', which is for {kinds.pop()}; "
                    f"expected an image for {purpose}.",
                )


_REGION = re.compile(
    r"arn:aws[a-z-]*:[a-z0-9-]+:(?P<arn>[a-z]{2}(?:-[a-z]+)+-\d):"
    r"|\.dkr\.ecr(?:-fips)?\.(?P<registry>[a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com"
)


@rule(
    "D073",
    "Images and resources are in one region",
    "https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/sagemaker-algo-docker-registry-paths.html",
)
def one_region(analysis: Analysis) -> Iterator[Problem]:
    """A pipeline runs in one region and cannot use an image or a function of another one."""
    places = [
        (item.pointer, match["arn"] or match["registry"])
        for item in _strings(Located("", analysis.definition))
        if (match := _REGION.search(item.value))
    ]
    counts = Counter(region for _, region in places)
    if len(counts) < 2:  # noqa: PLR2004  two regions
        return
    home, _ = counts.most_common(1)[0]
    for pointer, region in places:
        if region != home:
            yield Problem(
                pointer,
                f"Region '{region}' differs from '{home}', where the other images and resources "
                "are.",
            )


def _strings(item: Located) -> Iterator[Located]:
    if isinstance(item.value, str):
        yield item
    elif isinstance(item.value, dict):
        for key, value in item.value.items():
            yield from _strings(Located(child(item.pointer, key), value))
    elif isinstance(item.value, list):
        for index, value in enumerate(item.value):
            yield from _strings(Located(child(item.pointer, index), value))
