"""Figures of a classifier, computed once, in float64, from the counts of its confusion matrix.

A figure whose denominator is 0 is 0: a label that is never predicted has no precision to be
proud of.
Shapes: K labels.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfusionMatrix:
    """Counts of images by actual and predicted label."""

    labels: tuple[str, ...]
    counts: NDArray[np.int64]
    """Shape (K, K); rows are actual labels, columns predicted ones."""

    def __post_init__(self) -> None:
        if self.counts.shape != (len(self.labels), len(self.labels)):
            raise ValueError(
                f"Confusion matrix of shape {self.counts.shape} does not fit {len(self.labels)} "
                "labels. Expected one row and one column per label."
            )
        if self.counts.min(initial=0) < 0 or not self.counts.any():
            raise ValueError("A confusion matrix needs counts from 0 and at least one image.")

    @property
    def num_images(self) -> int:
        """Number of images counted."""
        return int(self.counts.sum())

    @property
    def num_actual(self) -> NDArray[np.int64]:
        """Images of each label, shape (K,)."""
        return np.asarray(self.counts.sum(axis=1), dtype=np.int64)

    @property
    def num_predicted(self) -> NDArray[np.int64]:
        """Predictions of each label, shape (K,)."""
        return np.asarray(self.counts.sum(axis=0), dtype=np.int64)

    @property
    def accuracy(self) -> float:
        """Fraction of images whose predicted label is the actual one."""
        return float(np.trace(self.counts) / self.num_images)

    def precision(self) -> NDArray[np.float64]:
        """Per label, the fraction of its predictions that are right, shape (K,)."""
        return _ratio(np.diag(self.counts), self.num_predicted)

    def recall(self) -> NDArray[np.float64]:
        """Per label, the fraction of its images that are found, shape (K,)."""
        return _ratio(np.diag(self.counts), self.num_actual)

    def f_score(self, beta: float) -> NDArray[np.float64]:
        """Per label, the weighted harmonic mean of precision and recall, shape (K,).

        F_beta = (1 + beta^2) * TP / ((1 + beta^2) * TP + beta^2 * FN + FP); a beta above 1
        favours recall.

        Source: C. J. van Rijsbergen, "Information Retrieval", 2nd edition, 1979, chapter 7
        """
        weight = beta**2
        weighted_hits = (1 + weight) * np.diag(self.counts).astype(np.float64)
        return _ratio(weighted_hits, weight * self.num_actual + self.num_predicted)

    def macro(self, per_label: NDArray[np.float64]) -> float:
        """Mean of a figure over the labels that have an image: each label counts the same."""
        return float(per_label[self.num_actual > 0].mean())

    def weighted(self, per_label: NDArray[np.float64]) -> float:
        """Mean of a figure over the images: each label counts with its number of images."""
        return float(per_label @ self.num_actual / self.num_images)

    def to_document(self) -> dict[str, dict[str, int]]:
        """Counts by actual label, then by predicted label."""
        return {
            actual: dict(zip(self.labels, row, strict=True))
            for actual, row in zip(self.labels, self.counts.tolist(), strict=True)
        }


def confusion_matrix(
    labels: Sequence[str], *, actual: Sequence[str], predicted: Sequence[str]
) -> ConfusionMatrix:
    """Count images by actual and predicted label.

    Args:
        labels: All labels, in the order of rows and columns.
        actual: Actual label of each image.
        predicted: Predicted label of each image.

    Raises:
        ValueError: The sequences differ in length or are empty, or a label is unknown.
    """
    if len(actual) != len(predicted):
        raise ValueError(f"Got {len(actual)} actual labels and {len(predicted)} predicted ones.")
    if unknown := sorted({*actual, *predicted} - set(labels)):
        raise ValueError(
            f"Unknown labels: {', '.join(unknown[:10])}. Known: {', '.join(sorted(labels)[:10])}."
        )
    index = {label: position for position, label in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(counts, ([index[name] for name in actual], [index[name] for name in predicted]), 1)
    return ConfusionMatrix(labels=tuple(labels), counts=counts)


def _ratio(numerator: NDArray[np.number], denominator: NDArray[np.number]) -> NDArray[np.float64]:
    quotients = np.zeros(len(numerator), dtype=np.float64)
    np.divide(numerator, denominator, out=quotients, where=denominator > 0)
    return quotients


def wilson_interval(num_hits: int, num_images: int) -> tuple[float, float]:
    """Where a fraction of `num_hits` among `num_images` lies with 95 % confidence.

    Raises:
        ValueError: There is no image, or there are more hits than images.

    Source: E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference",
        Journal of the American Statistical Association 22, 1927
    """
    if not 0 <= num_hits <= num_images or not num_images:
        raise ValueError(f"Expected 0 to {num_images} hits among 1 image or more, got {num_hits}.")
    z = 1.959964
    fraction = num_hits / num_images
    centre = fraction + z**2 / (2 * num_images)
    spread = z * math.sqrt(fraction * (1 - fraction) / num_images + (z / (2 * num_images)) ** 2)
    scale = 1 + z**2 / num_images
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)
