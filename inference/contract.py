"""What a model package takes and answers: file names, media types and the response schema.

The response is also the data that monitoring watches, so its fields are the baselines' columns.
Standard library only: host modules may import this module, and nothing else of `inference`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

WEIGHTS_FILE = "weights.pt"
SPEC_FILE = "spec.json"
LABELS_FILE = "labels.json"
TRAINING_FILE = "training.json"
CODE_DIR = "code"

SERVING_PROGRAM = "inference.handler"
"""Module under `code/` that the serving toolkit imports (variable SAGEMAKER_PROGRAM)."""

CONTENT_TYPE_BY_SUFFIX: Mapping[str, str] = {
    ".bmp": "image/bmp",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
}
"""Names of files that count as images, compared in lower case, and what they are sent as."""

IMAGE_CONTENT_TYPES = ("application/x-image", *sorted({*CONTENT_TYPE_BY_SUFFIX.values()}))
"""Bodies that are one encoded image; its content alone decides the format."""

CONTENT_TYPES = (*IMAGE_CONTENT_TYPES, "application/json")

RESPONSE_TYPES = ("application/json", "application/jsonlines", "text/csv")
"""What an answer can be.

Several answers to a request for JSON are JSON Lines, so data capture must list the first two as
JSON content types: what it is not told of it stores in base64, which monitoring cannot read.
"""

ARCHITECTURES = (
    "small_cnn", "convnext_tiny", "efficientnet_b0", "mobilenet_v3_small", "resnet18", "resnet50",
)  # fmt: skip
"""Networks that `inference.model` builds: `small_cnn` is ours, the others are torchvision's."""

MAX_BODY_BYTES = 100 * 1024 * 1024
"""Largest request that the handler reads: the most that a batch transform may send.

Source: Amazon SageMaker AI API Reference, CreateTransformJob, MaxPayloadInMB,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html
"""

MAX_REQUEST_BYTES = 6 * 1024 * 1024
"""Largest request that an endpoint passes on to the handler.

Source: Amazon SageMaker AI API Reference, InvokeEndpoint, Body,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

MAX_IMAGE_PIXELS = 80_000_000
"""Pixels that one request, or one file of a training set, may unpack to.

A few bytes can claim any size. Below the 89,478,485 at which Pillow starts to warn.
"""

MAX_IMAGES = 1000
"""Images that one request may hold: an endpoint must answer all of them within a minute."""

MAX_TOP_LABELS = 3
NUM_EMBEDDING_PROJECTIONS = 8
PROJECTION_FIELDS = tuple(f"embedding_{index:02}" for index in range(NUM_EMBEDDING_PROJECTIONS))


class FieldType(StrEnum):
    """How monitoring treats a response field."""

    FRACTIONAL = "Fractional"
    STRING = "String"


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One field of a response."""

    name: str
    type: FieldType
    is_non_negative: bool
    """Whether a negative number can only be a fault; False for strings."""


def response_fields(num_labels: int) -> tuple[Field, ...]:
    """Fields of the response to one image, in the order of the keys (alphabetical).

    Discrete facts are strings and only continuous numbers are numeric: the published
    analyzer's distance between distributions is blind to ties.

    Args:
        num_labels: Number of labels that the model tells apart; of two, none is third-best.
    """
    numbers = [
        "blue_mean", "brightness", "contrast", "entropy", "green_mean", "probability", "red_mean",
        "sharpness",
    ]  # fmt: skip
    ranks = range(2, min(MAX_TOP_LABELS, num_labels) + 1)
    numbers += [f"top_{rank}_probability" for rank in ranks]
    strings = ["predicted_label", "size_bucket", *(f"top_{rank}_label" for rank in ranks)]
    fields = (
        *(Field(name=name, type=FieldType.FRACTIONAL, is_non_negative=True) for name in numbers),
        *(
            Field(name=name, type=FieldType.FRACTIONAL, is_non_negative=False)
            for name in PROJECTION_FIELDS
        ),
        *(Field(name=name, type=FieldType.STRING, is_non_negative=False) for name in strings),
    )
    return tuple(sorted(fields, key=lambda field: field.name))
