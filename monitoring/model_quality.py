"""The model-quality files of a classifier with any number of labels, under Model Monitor's names.

Source: Amazon SageMaker AI Developer Guide, "Model quality metrics and Amazon CloudWatch
monitoring",
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal, TypedDict

import numpy as np

from monitoring.classification import ConfusionMatrix
from monitoring.data_quality import DatasetStatistics

MINIMUM_IMAGES = 200
"""With fewer, a standard deviation is the text "NaN"."""

NUM_SUBSAMPLES = 5
SUBSAMPLE_FRACTION = 0.8

BEST_CONSTANT_CLASSIFIER = "best_constant_classifier"
"""Suffix of the figures of a classifier that always answers the most frequent actual label.

The documented example uses the rarest label instead, which is no classifier's best; nothing is
gated on these figures.
"""


class QualityMetric(StrEnum):
    """The metrics; `weighted` means that each label counts with its number of images."""

    ACCURACY = "accuracy"
    WEIGHTED_RECALL = "weighted_recall"
    WEIGHTED_PRECISION = "weighted_precision"
    WEIGHTED_F0_5 = "weighted_f0_5"
    WEIGHTED_F1 = "weighted_f1"
    WEIGHTED_F2 = "weighted_f2"


class MetricStatistics(TypedDict):
    """A metric's value and how much it varies over random subsamples."""

    value: float
    standard_deviation: float | Literal["NaN"]


class ModelStatistics(TypedDict):
    """Content of `statistics.json`."""

    version: float
    dataset: DatasetStatistics
    multiclass_classification_metrics: Mapping[str, MetricStatistics | dict[str, dict[str, int]]]
    """`confusion_matrix` (by actual, then predicted label), and each metric's statistics."""


class MetricConstraint(TypedDict):
    """The value that a metric must not fall below."""

    threshold: float
    comparison_operator: str


class ModelConstraints(TypedDict):
    """Content of `constraints.json`."""

    version: float
    multiclass_classification_constraints: dict[str, MetricConstraint]


def quality_metrics(matrix: ConfusionMatrix) -> dict[QualityMetric, float]:
    """Every metric's value."""
    return {
        QualityMetric.ACCURACY: matrix.accuracy,
        QualityMetric.WEIGHTED_RECALL: matrix.weighted(matrix.recall()),
        QualityMetric.WEIGHTED_PRECISION: matrix.weighted(matrix.precision()),
        QualityMetric.WEIGHTED_F0_5: matrix.weighted(matrix.f_score(0.5)),
        QualityMetric.WEIGHTED_F1: matrix.weighted(matrix.f_score(1.0)),
        QualityMetric.WEIGHTED_F2: matrix.weighted(matrix.f_score(2.0)),
    }


def model_statistics(matrix: ConfusionMatrix, *, seed: int) -> ModelStatistics:
    """Statistics of a classifier.

    Args:
        matrix: Its confusion matrix.
        seed: Decides the subsamples behind the standard deviations.
    """
    constant = _best_constant_classifier(matrix)
    metrics = {str(name): value for name, value in metric_statistics(matrix, seed).items()}
    for name, value in metric_statistics(constant, seed).items():
        metrics[f"{name}_{BEST_CONSTANT_CLASSIFIER}"] = value
    return {
        "version": 0.0,
        "dataset": {"item_count": matrix.num_images},
        "multiclass_classification_metrics": {
            "confusion_matrix": matrix.to_document(),
            **metrics,
        },
    }


def suggest_model_constraints(matrix: ConfusionMatrix) -> ModelConstraints:
    """Constraints that hold a classifier to the baseline's values."""
    return {
        "version": 0.0,
        "multiclass_classification_constraints": {
            str(name): {"threshold": value, "comparison_operator": "LessThanThreshold"}
            for name, value in quality_metrics(matrix).items()
        },
    }


def metric_statistics(matrix: ConfusionMatrix, seed: int) -> dict[QualityMetric, MetricStatistics]:
    """Every metric with its standard deviation over random subsamples, which `seed` decides."""
    values = quality_metrics(matrix)
    if matrix.num_images < MINIMUM_IMAGES:
        return {
            name: {"value": value, "standard_deviation": "NaN"} for name, value in values.items()
        }
    samples = [quality_metrics(subsample) for subsample in _subsamples(matrix, seed)]
    return {
        name: {
            "value": value,
            "standard_deviation": float(np.std([sample[name] for sample in samples])),
        }
        for name, value in values.items()
    }


def _subsamples(matrix: ConfusionMatrix, seed: int) -> list[ConfusionMatrix]:
    """Random subsamples without replacement; an image is no more than its cell of the matrix."""
    generator = np.random.default_rng(seed)
    num_images = round(matrix.num_images * SUBSAMPLE_FRACTION)
    draws = generator.multivariate_hypergeometric(
        matrix.counts.ravel(), num_images, size=NUM_SUBSAMPLES, method="marginals"
    )
    return [
        ConfusionMatrix(labels=matrix.labels, counts=draw.reshape(matrix.counts.shape))
        for draw in draws
    ]


def _best_constant_classifier(matrix: ConfusionMatrix) -> ConfusionMatrix:
    counts = np.zeros_like(matrix.counts)
    counts[:, int(np.argmax(matrix.num_actual))] = matrix.num_actual
    return ConfusionMatrix(labels=matrix.labels, counts=counts)
