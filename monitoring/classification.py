"""Figures of a classifier, computed once, in float64, from the counts of its confusion matrix.

A figure whose denominator is 0 is 0: a label that is never predicted has no precision to be proud of.
Shapes: K labels.
"""

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
                f"Confusion matrix of shape {self.counts.shape} does not fit {len(self.labels)} labels; "
                "expected one row and one column per label."
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
        return self.counts.sum(axis=1)

    @property
    def num_predicted(self) -> NDArray[np.int64]:
        """Predictions of each label, shape (K,)."""
        return self.counts.sum(axis=0)

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

        F_beta = (1 + beta^2) * TP / ((1 + beta^2) * TP + beta^2 * FN + FP); a beta above 1 favours recall.

        Source: C. J. van Rijsbergen, "Information Retrieval", 2nd edition, 1979, chapter 7
        """
        weighted = (1 + beta**2) * np.diag(self.counts)
        return _ratio(weighted, beta**2 * self.num_actual + self.num_predicted)

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
        ValueError: The sequences differ in length, there is no image, or a label is not among `labels`.
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


def _ratio(
    numerator: NDArray[np.int64] | NDArray[np.float64],
    denominator: NDArray[np.int64] | NDArray[np.float64],
) -> NDArray[np.float64]:
    zeros = np.zeros(len(numerator), dtype=np.float64)
    return np.divide(numerator, denominator, out=zeros, where=denominator > 0)
