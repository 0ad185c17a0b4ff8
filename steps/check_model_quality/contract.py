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
    num_conflicting: int
    """Ids with different labels, of which the one that was collected last counts."""
    num_damaged: int
    """Labels that could not be read."""
    num_damaged_records: int
    """Captured records that could not be read; CheckDrift judges those."""
    num_labels: int
    """Ids with a label that was collected since the window began."""
    num_late: int
    """Answers whose label was collected after the end of the window; they count like the others."""
    num_pairs: int
    """Answers that are judged: those with a label and a predicted label."""
    num_records: int
    """Answers of the window."""
    num_repeated: int
    """Further labels of ids that have one."""
    num_shared: int
    """Answers beyond the first of their id; the label of an id is that of all of its answers."""
    num_unanswered: int
    """Answers with a label and without a predicted label."""
    num_unlabelled: int
    """Answers without a label."""
    num_unmatched: int
    """Ids with a label and without an answer in the window; it may lie before or after."""
    num_violations: int
    status: str
    """`Completed`, `CompletedWithViolations` or `InsufficientData`."""
    worst: str
    """The worst violations in words."""


PROPERTY_FILES: Mapping[str, type] = {CHECK_FILE: QualityCheck}
"""Schema of each file that a definition may read a JSON path from, by file name."""
