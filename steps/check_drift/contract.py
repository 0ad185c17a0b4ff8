"""Names and result schema of CheckDrift.

Standard library only: the declaration and the script import it.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypedDict

from steps.window_files import CHECK_FILE


class Input(StrEnum):
    """Inputs of the job; each one's folder is `/opt/ml/processing/input/<name>`."""

    BASELINE = "baseline"
    """The baselines of the model package, as Evaluate wrote them."""
    CAPTURED = "captured"
    """Files of captured records, of whole hours and all variants."""
    CODE = "code"
    HISTORY = "history"
    """Records of earlier windows."""


METRICS_NAMESPACE = "aws/sagemaker/Endpoints/data-metrics"
"""Namespace of Model Monitor's data-quality metrics."""


class DriftCheck(TypedDict):
    """Content of `check.json`, the property file that the pipeline reads."""

    distances: dict[str, float]
    """Distance from the baseline by feature, for the features that could be compared."""
    num_damaged: int
    """Records that could not be read."""
    num_records: int
    """Answers that were compared, and records that could not be read, where those are many."""
    num_violations: int
    status: str
    """`Completed`, `CompletedWithViolations` or `InsufficientData`."""
    undecided: list[str]
    """Features with too few values to say whether their distribution has changed."""
    worst: str
    """The worst violations in words."""


PROPERTY_FILES: Mapping[str, type] = {CHECK_FILE: DriftCheck}
"""Schema of each file that a definition may read a JSON path from, by file name."""
