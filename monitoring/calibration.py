"""How far a classifier's probabilities are from the frequencies with which it is right."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

NUM_BINS = 15


@dataclass(frozen=True, kw_only=True, slots=True)
class CalibrationBin:
    """Predictions whose probability lies in (lower, upper]; the first bin includes 0."""

    lower: float
    upper: float
    num_images: int
    mean_probability: float
    """0 in an empty bin."""
    accuracy: float
    """Fraction of the bin's predictions that are right; 0 in an empty bin."""


def calibration_bins(
    probabilities: Sequence[float], are_correct: Sequence[bool]
) -> tuple[CalibrationBin, ...]:
    """Group predictions by their probability into bins of equal width.

    Args:
        probabilities: Probability of each image's predicted label, in [0, 1].
        are_correct: Whether each predicted label is the actual one.

    Raises:
        ValueError: The sequences differ in length or are empty, or a probability is outside [0, 1].

    Source: C. Guo, G. Pleiss, Y. Sun, K. Weinberger, "On Calibration of Modern Neural
        Networks", 2017, section 2, https://arxiv.org/abs/1706.04599
    """
    confidence = np.asarray(probabilities, dtype=np.float64)
    if not probabilities or len(probabilities) != len(are_correct):
        raise ValueError(
            f"Calibration needs one outcome per probability, and one at least. "
            f"Got {len(probabilities)} probabilities and {len(are_correct)} outcomes."
        )
    if not np.all((confidence >= 0) & (confidence <= 1)):
        raise ValueError(
            f"Probabilities must lie in [0, 1]; got {confidence.min()} to {confidence.max()}."
        )
    edges = np.linspace(0.0, 1.0, NUM_BINS + 1)
    indices = np.searchsorted(edges[1:-1], confidence, side="left")
    counts = np.bincount(indices, minlength=NUM_BINS)
    divisors = np.maximum(counts, 1)
    means = np.bincount(indices, weights=confidence, minlength=NUM_BINS) / divisors
    accuracies = np.bincount(indices, weights=are_correct, minlength=NUM_BINS) / divisors
    return tuple(
        CalibrationBin(
            lower=float(edges[index]),
            upper=float(edges[index + 1]),
            num_images=int(counts[index]),
            mean_probability=float(means[index]),
            accuracy=float(accuracies[index]),
        )
        for index in range(NUM_BINS)
    )


def expected_calibration_error(bins: Sequence[CalibrationBin]) -> float:
    """Distance of probability from accuracy: sum of n_b / n * |accuracy_b - probability_b|."""
    num_images = sum(group.num_images for group in bins)
    return sum(
        group.num_images / num_images * abs(group.accuracy - group.mean_probability)
        for group in bins
    )
