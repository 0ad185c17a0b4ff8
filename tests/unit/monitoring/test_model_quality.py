"""Tests of the model-quality files."""

import math

import numpy as np
import pytest

from monitoring.classification import ConfusionMatrix
from monitoring.documents import document_text
from monitoring.model_quality import model_statistics, quality_metrics, suggest_model_constraints

# The documentation's own example: 2,096 images, rows are actual labels.
DOCUMENTED = ConfusionMatrix(labels=("0", "1"), counts=np.array([[1180, 510], [268, 138]]))

# Worked out from the definitions: sums over both labels of figure * images / 2,096.
PRECISION = (1180 / 1448, 138 / 648)
RECALL = (1180 / 1690, 138 / 406)
SHARE = (1690 / 2096, 406 / 2096)


def weighted_f(beta: float) -> float:
    """F_beta of the documented matrix by the definition from precision and recall."""
    return sum(
        share * (1 + beta**2) * precision * recall / (beta**2 * precision + recall)
        for share, precision, recall in zip(SHARE, PRECISION, RECALL, strict=True)
    )


EXPECTED = {
    "accuracy": 1318 / 2096,
    "weighted_recall": 1318 / 2096,
    "weighted_precision": sum(s * p for s, p in zip(SHARE, PRECISION, strict=True)),
    "weighted_f0_5": weighted_f(0.5),
    "weighted_f1": weighted_f(1.0),
    "weighted_f2": weighted_f(2.0),
}


def test_documented_matrix() -> None:
    """The documented confusion matrix gives the documented accuracy, 0.6288, and its kin."""
    metrics = quality_metrics(DOCUMENTED)
    assert round(metrics["accuracy"], 4) == 0.6288
    assert metrics == pytest.approx(EXPECTED, rel=1e-14)


def test_statistics_document() -> None:
    """The file has the documented keys: the matrix, and each metric twice."""
    statistics = model_statistics(DOCUMENTED, seed=0)
    metrics = dict(statistics["multiclass_classification_metrics"])
    assert statistics["version"] == 0.0
    assert statistics["dataset"] == {"item_count": 2096}
    assert metrics.pop("confusion_matrix") == {
        "0": {"0": 1180, "1": 510},
        "1": {"0": 268, "1": 138},
    }
    assert set(metrics) == {
        *EXPECTED,
        *(f"{name}_best_constant_classifier" for name in EXPECTED),
    }
    for name, value in EXPECTED.items():
        assert metrics[name]["value"] == pytest.approx(value, rel=1e-14)


def test_best_constant_classifier_answers_the_most_frequent_label() -> None:
    """Of the constant answers, "0" is right most often: 1,690 of 2,096 times."""
    metrics = model_statistics(DOCUMENTED, seed=0)["multiclass_classification_metrics"]
    accuracy = metrics["accuracy_best_constant_classifier"]
    assert accuracy["value"] == pytest.approx(1690 / 2096)
    precision = metrics["weighted_precision_best_constant_classifier"]
    assert precision["value"] == pytest.approx((1690 / 2096) ** 2)


def test_standard_deviation_of_few_images_is_a_text() -> None:
    """Below 200 images the standard deviation is the text "NaN", from 200 on a number."""
    few = ConfusionMatrix(labels=("a", "b"), counts=np.array([[100, 9], [10, 80]]))
    enough = ConfusionMatrix(labels=("a", "b"), counts=np.array([[100, 10], [10, 80]]))
    texts = model_statistics(few, seed=0)["multiclass_classification_metrics"]
    numbers = model_statistics(enough, seed=0)["multiclass_classification_metrics"]
    assert texts["weighted_f1"]["standard_deviation"] == "NaN"
    assert isinstance(numbers["weighted_f1"]["standard_deviation"], float)
    assert '"standard_deviation": "NaN"' in document_text({"metrics": texts})


def test_standard_deviation_is_that_of_drawing_without_replacement() -> None:
    """Averaged over seeds, the spread of the accuracy is the hypergeometric distribution's.

    Variance of the fraction of hits among n of N: p * (1 - p) / n * (N - n) / (N - 1); five draws
    about their own mean show 4/5 of it.
    """
    p, num_all, num_drawn = 1318 / 2096, 2096, 1677
    variance = p * (1 - p) / num_drawn * (num_all - num_drawn) / (num_all - 1)
    squares = [
        model_statistics(DOCUMENTED, seed=seed)["multiclass_classification_metrics"]["accuracy"][
            "standard_deviation"
        ]
        ** 2
        for seed in range(300)
    ]
    assert math.fsum(squares) / 300 == pytest.approx(variance * 4 / 5, rel=0.15)


def test_same_seed_same_file() -> None:
    """The file depends on nothing but the matrix and the seed."""
    first, again = (model_statistics(DOCUMENTED, seed=3) for _ in range(2))
    assert first == again
    assert first != model_statistics(DOCUMENTED, seed=4)


def test_constraints_document() -> None:
    """Six metrics, each held to the baseline's value; none of the constant classifier."""
    assert suggest_model_constraints(DOCUMENTED) == {
        "version": 0.0,
        "multiclass_classification_constraints": {
            name: {
                "threshold": pytest.approx(value, rel=1e-14),
                "comparison_operator": "LessThanThreshold",
            }
            for name, value in EXPECTED.items()
        },
    }
