"""Names and report schema of Evaluate.

Standard library only: the declaration and the script import it.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypedDict


class Input(StrEnum):
    """Inputs of the job; each one's folder is `/opt/ml/processing/input/<name>`."""

    APPROVED = "approved"
    """`model.tar.gz` of the approved model in force, or any other file where there is none."""
    CODE = "code"
    MODEL = "model"
    TEST = "test"


class Output(StrEnum):
    """Outputs of the job; each one's folder is `/opt/ml/processing/output/<name>`."""

    BASELINE = "baseline"
    EVALUATION = "evaluation"
    SAMPLES = "samples"
    """Test images and the answers to them, for who deploys the model to compare with."""


MODEL_FILE = "model.tar.gz"
"""Name of a model's archive in the inputs `model` and `approved`."""

REPORT_FILE = "evaluation.json"
PAGE_FILE = "report.html"
PREDICTIONS_FILE = "predictions.csv"


class Value(TypedDict):
    """A metric's value, in the shape that SageMaker's own reports have."""

    value: float


class LabelMetrics(TypedDict):
    """Figures of one label; a figure whose denominator is 0 is 0."""

    precision: float
    recall: float
    f1: float
    num_images: int


class Metrics(TypedDict):
    """Figures over the test split."""

    accuracy: Value
    macro_precision: Value
    macro_recall: Value
    macro_f1: Value
    weighted_precision: Value
    weighted_recall: Value
    weighted_f1: Value
    expected_calibration_error: Value


class Comparison(TypedDict):
    """The new model against the approved model in force, on the same test images."""

    has_approved_model: bool
    approved_accuracy: Value
    """0 where no model is approved."""
    accuracy_change: Value
    """New accuracy less the approved one; 0 where no model is approved: nothing can be lost."""
    num_images_gained: int
    """Images that the new model gets right and the approved one wrong; 0 where none is approved."""
    num_images_lost: int
    """Images that the approved model gets right and the new one wrong; 0 where none is approved."""


class EvaluationReport(TypedDict):
    """Content of `evaluation.json`, the property file that the gate and the registration read."""

    metrics: Metrics
    comparison: Comparison
    per_label: dict[str, LabelMetrics]
    confusion_matrix: dict[str, dict[str, int]]
    """Number of images by actual label, then by predicted label; pairs without any are left out.

    The file must stay small for the service to read values from it, however many labels there are.
    """
    data_digest: str
    num_images: int


PROPERTY_FILES: Mapping[str, type] = {REPORT_FILE: EvaluationReport}
"""Schema of each file that a definition may read a JSON path from, by file name."""
