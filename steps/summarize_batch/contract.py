"""Names and summary schema of SummarizeBatch.

Standard library only: the declaration and the script import it.
"""

from enum import StrEnum
from typing import TypedDict


class Input(StrEnum):
    """Inputs of the job; each one's folder is `/opt/ml/processing/input/<name>`."""

    ANSWERS = "answers"
    """The batch transform's output."""
    CODE = "code"
    IMAGES = "images"
    """What the batch transform was given."""


class Output(StrEnum):
    """Outputs of the job; each one's folder is `/opt/ml/processing/output/<name>`."""

    SUMMARY = "summary"


SUMMARY_FILE = "summary.json"
PAGE_FILE = "report.html"
PREDICTIONS_FILE = "predictions.csv"


class Failure(TypedDict):
    """An image without an answer that can be read."""

    file: str
    reason: str


class BatchSummary(TypedDict):
    """Content of `summary.json`; all files are paths relative to their input."""

    failures: list[Failure]
    ignored: list[str]
    """Files among the images that are none by their names."""
    labels: dict[str, int]
    """Number of images by predicted label."""
    num_answers: int
    num_failures: int
    num_images: int
    unmatched_answers: list[str]
    """Answers to something that is not among the images."""
