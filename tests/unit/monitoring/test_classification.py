"""Tests of the figures of a classifier."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.classification import ConfusionMatrix, confusion_matrix, wilson_interval

LABELS = ("a", "b", "c", "d")
PAIRS = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1)


def matrix_of(pairs: list[tuple[str, str]]) -> ConfusionMatrix:
    """The confusion matrix of (actual, predicted) pairs."""
    return confusion_matrix(
        LABELS, actual=[actual for actual, _ in pairs], predicted=[guess for _, guess in pairs]
    )


@given(PAIRS)
def test_figures_agree_with_counting_pairs(pairs: list[tuple[str, str]]) -> None:
    """Every figure is what its definition gives when the images are counted one by one."""
    matrix = matrix_of(pairs)
    for index, label in enumerate(LABELS):
        hits = sum(actual == guess == label for actual, guess in pairs)
        num_actual = sum(actual == label for actual, _ in pairs)
        num_predicted = sum(guess == label for _, guess in pairs)
        precision = hits / num_predicted if num_predicted else 0.0
        recall = hits / num_actual if num_actual else 0.0
        assert matrix.precision()[index] == pytest.approx(precision)
        assert matrix.recall()[index] == pytest.approx(recall)
        for beta in (0.5, 1.0, 2.0):
            weighted = beta**2 * precision + recall
            score = (1 + beta**2) * precision * recall / weighted if weighted else 0.0
            assert matrix.f_score(beta)[index] == pytest.approx(score)
    assert matrix.accuracy == pytest.approx(np.mean([actual == guess for actual, guess in pairs]))


@given(PAIRS)
def test_weighted_recall_is_accuracy(pairs: list[tuple[str, str]]) -> None:
    """Recall weighted by the number of images is the fraction of right answers."""
    matrix = matrix_of(pairs)
    assert matrix.weighted(matrix.recall()) == pytest.approx(matrix.accuracy)


def test_macro_leaves_out_labels_without_images() -> None:
    """A label that has no image has no recall, and does not lower the mean of the others."""
    matrix = matrix_of([("a", "a"), ("b", "a")])
    assert matrix.macro(matrix.recall()) == pytest.approx(0.5)


def test_document() -> None:
    """Rows are actual labels; every pair of labels has its count."""
    matrix = confusion_matrix(["x", "y"], actual=["x", "x", "y"], predicted=["y", "x", "y"])
    assert matrix.to_document() == {"x": {"x": 1, "y": 1}, "y": {"x": 0, "y": 1}}


@pytest.mark.parametrize(
    ("actual", "predicted", "message"),
    [
        (["a"], [], "Got 1 actual labels and 0 predicted ones."),
        (["a"], ["z"], "Unknown labels: z. Known: a, b, c, d."),
        ([], [], "A confusion matrix needs counts from 0 and at least one image."),
    ],
    ids=["lengths", "unknown", "empty"],
)
def test_answers_that_cannot_be_counted(
    actual: list[str], predicted: list[str], message: str
) -> None:
    """What cannot be counted is an error that says why."""
    with pytest.raises(ValueError, match=r"^[A-Z]") as caught:
        confusion_matrix(LABELS, actual=actual, predicted=predicted)
    assert str(caught.value) == message


def test_matrix_of_the_wrong_shape() -> None:
    """A matrix has one row and one column per label."""
    with pytest.raises(ValueError, match=r"^Confusion") as caught:
        ConfusionMatrix(labels=("a", "b"), counts=np.ones((2, 3), dtype=np.int64))
    assert str(caught.value) == (
        "Confusion matrix of shape (2, 3) does not fit 2 labels. "
        "Expected one row and one column per label."
    )


@pytest.mark.parametrize(
    ("num_hits", "num_images", "low", "high"),
    [(5, 10, 0.2366, 0.7634), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0)],
    ids=["half", "none", "all"],
)
def test_wilson_interval(num_hits: int, num_images: int, low: float, high: float) -> None:
    """The interval has the published values, and never leaves [0, 1]."""
    assert wilson_interval(num_hits, num_images) == pytest.approx((low, high), abs=5e-5)


def test_wilson_interval_without_images() -> None:
    """Of nothing there is no fraction."""
    with pytest.raises(ValueError, match=r"^Expected") as caught:
        wilson_interval(0, 0)
    assert str(caught.value) == "Expected 0 to 0 hits among 1 image or more, got 0."
