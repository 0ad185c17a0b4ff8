"""Names and result schema of CheckBatch.

Standard library only: the declaration and the script import it.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypedDict


class Input(StrEnum):
    """Inputs of the job; each one's folder is `/opt/ml/processing/input/<name>`."""

    ANSWERS = "answers"
    """The batch transform's output."""
    BASELINE = "baseline"
    """The baselines of the model package, as Evaluate wrote them."""
    CODE = "code"


class Output(StrEnum):
    """Outputs of the job; each one's folder is `/opt/ml/processing/output/<name>`."""

    VIOLATIONS = "violations"
    """`statistics.json` of the batch, `constraints.json` of the baseline, and the files below."""


VIOLATIONS_FILE = "constraint_violations.json"
CHECK_FILE = "check.json"


class BatchCheck(TypedDict):
    """Content of `check.json`, the property file that a condition may read."""

    distances: dict[str, float]
    """Distance from the baseline by feature, for the features that could be compared."""
    num_records: int
    """Answers, with those that cannot be read: of these every feature is missing."""
    num_unreadable: int
    num_violations: int
    status: str
    """`Completed`, `CompletedWithViolations` or `InsufficientData`."""
    undecided: list[str]
    """Features with too few values to say whether their distribution has changed."""


PROPERTY_FILES: Mapping[str, type] = {CHECK_FILE: BatchCheck}
"""Schema of each file that a definition may read a JSON path from, by file name."""
