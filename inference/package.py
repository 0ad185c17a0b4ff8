"""Keys of a model package's customer metadata that other pipelines read.

Standard library only: host modules and Lambda functions import this module too.
"""

from collections.abc import Mapping
from enum import StrEnum

HYPERPARAMETER_PREFIX = "hyperparameter."
"""Before the name of each hyperparameter that the model was trained with."""


class Metadata(StrEnum):
    """Where the training pipeline left what belongs to the model."""

    BASELINE_URI = "baseline_uri"
    """S3 prefix of the baselines."""
    EVALUATION_URI = "evaluation_uri"
    """S3 prefix of the evaluation report and its page."""
    SAMPLES_URI = "samples_uri"
    """S3 prefix of the samples."""
    IMAGE_SIZE = "image_size"
    """Side of the images that the model was trained on, in pixels."""
    RAW_DATA_URI = "raw_data_uri"
    """S3 prefix of the image folder that the model was trained on."""


def parameter_name(name: str) -> str:
    """Pipeline parameter of a setting: `learning_rate` is `LearningRate`."""
    return name.title().replace("_", "")


def retraining_parameters(metadata: Mapping[str, str]) -> dict[str, str]:
    """Parameters with which the pipeline `retraining` repeats a training on the images of today.

    Args:
        metadata: Customer metadata of the model package that the training registered.
    """
    kept = (Metadata.IMAGE_SIZE, Metadata.RAW_DATA_URI)
    settings = {key: metadata[key] for key in kept if key in metadata} | {
        key.removeprefix(HYPERPARAMETER_PREFIX): value
        for key, value in metadata.items()
        if key.startswith(HYPERPARAMETER_PREFIX)
    }
    return {parameter_name(name): value for name, value in sorted(settings.items())}
