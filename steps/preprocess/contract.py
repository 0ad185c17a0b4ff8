"""Names, defaults and bounds of Preprocess.

Standard library only: the declaration and the script import it.
"""

from enum import StrEnum
from typing import TypedDict

from inference.contract import CONTENT_TYPE_BY_SUFFIX


class Input(StrEnum):
    """Inputs of the job; each one's folder is `/opt/ml/processing/input/<name>`."""

    CODE = "code"
    RAW = "raw"


class Output(StrEnum):
    """Outputs of the job; each one's folder is `/opt/ml/processing/output/<name>`."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"
    REPORT = "report"


SUFFIXES = tuple(CONTENT_TYPE_BY_SUFFIX)
"""File names that count as images, compared in lower case."""

VALIDATION_FRACTION = 0.15
TEST_FRACTION = 0.15
MINIMUM_IMAGES_PER_LABEL = 3
"""One for each split."""

MIN_IMAGE_SIZE = 8
MAX_IMAGE_SIZE = 1024
"""Side of the decoded images in pixels."""

REPORT_FILE = "preprocess-{host:03}.json"


class Quarantined(TypedDict):
    """A file that could not be decoded."""

    file: str
    reason: str


class Moved(TypedDict):
    """A file that changed its split so that no split of its label is empty."""

    file: str
    source: str
    target: str


class PreprocessReport(TypedDict):
    """What one host found in its slice of the files; `moved` is the same on all hosts."""

    counts: dict[str, dict[str, int]]
    """Images by split and label."""
    ignored: list[str]
    """Files that are no images by their names; folders that hold none, with a final slash."""
    moved: list[Moved]
    quarantined: list[Quarantined]
