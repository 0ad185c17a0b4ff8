"""Names and result schema of CheckModelQuality.

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
    LABELS = "labels"
    """Files of labels that were collected since the window began."""


METRICS_NAMESPACE = "aws/sagemaker/Endpoints/model-metrics"
"""Namespace of Model Monitor's model-quality metrics."""


LABEL_FIGURE = "recall of "
"""How the record of a window calls the recall of a label, before its name."""


class QualityCheck(TypedDict):
    """Content of `check.json`, the property file that the pipeline reads."""

    metrics: dict[str, float]
    """Metrics of the window; empty where no answer has a label."""
    num_damaged: int
    """Labels that could not be read."""
    num_labels: int
    """Labels that were collected since the window began."""
    num_pairs: int
    """Answers with a label."""
    num_records: int
    """Answers of the window."""
    num_violations: int
    status: str
    """`Completed`, `CompletedWithViolations` or `InsufficientData`."""
    worst: str
    """The worst violations in words."""


PROPERTY_FILES: Mapping[str, type] = {CHECK_FILE: QualityCheck}
"""Schema of each file that a definition may read a JSON path from, by file name."""
