"""Keys of a model package's customer metadata that a deployment of the package reads.

Standard library only: host modules and Lambda functions import this module too.
"""

from enum import StrEnum


class Metadata(StrEnum):
    """Where the training pipeline left what belongs to the model."""

    BASELINE_URI = "baseline_uri"
    """S3 prefix of the baselines."""
    EVALUATION_URI = "evaluation_uri"
    """S3 prefix of the evaluation report and its page."""
    SAMPLES_URI = "samples_uri"
    """S3 prefix of the samples."""
