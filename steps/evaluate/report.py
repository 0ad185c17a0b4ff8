"""The evaluation report: figures of the new model, and its comparison with the approved one."""

from collections.abc import Sequence
from dataclasses import dataclass

from monitoring.calibration import CalibrationBin, calibration_bins, expected_calibration_error
from monitoring.classification import ConfusionMatrix, confusion_matrix
from steps.evaluate.contract import Comparison, EvaluationReport, LabelMetrics, Metrics, Value
from steps.evaluate.prediction import Prediction


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """A model's answers to the test images, counted."""

    predictions: tuple[Prediction, ...]
    matrix: ConfusionMatrix
    bins: tuple[CalibrationBin, ...]
    report: EvaluationReport


def evaluate(
    labels: Sequence[str],
    predictions: Sequence[Prediction],
    *,
    approved: Sequence[Prediction] | None,
    data_digest: str,
) -> Evaluation:
    """Count a model's answers.

    Args:
        labels: All labels, in the order of the network's outputs.
        predictions: Answers of the new model.
        approved: Answers of the approved model to the same images; None where no model is approved.
        data_digest: Digest of the data that the test images belong to.
    """
    matrix = confusion_matrix(
        labels,
        actual=[prediction.image.label for prediction in predictions],
        predicted=[prediction.predicted_label for prediction in predictions],
    )
    bins = calibration_bins(
        [prediction.probability for prediction in predictions],
        [prediction.is_correct for prediction in predictions],
    )
    report: EvaluationReport = {
        "metrics": _metrics(matrix, bins),
        "comparison": _compare(predictions, approved),
        "per_label": _per_label(matrix),
        "confusion_matrix": {
            actual: {predicted: count for predicted, count in row.items() if count}
            for actual, row in matrix.to_document().items()
        },
        "data_digest": data_digest,
        "num_images": matrix.num_images,
    }
    return Evaluation(predictions=tuple(predictions), matrix=matrix, bins=bins, report=report)


def _metrics(matrix: ConfusionMatrix, bins: Sequence[CalibrationBin]) -> Metrics:
    precision, recall, f1 = matrix.precision(), matrix.recall(), matrix.f_score(1.0)
    return {
        "accuracy": _value(matrix.accuracy),
        "macro_precision": _value(matrix.macro(precision)),
        "macro_recall": _value(matrix.macro(recall)),
        "macro_f1": _value(matrix.macro(f1)),
        "weighted_precision": _value(matrix.weighted(precision)),
        "weighted_recall": _value(matrix.weighted(recall)),
        "weighted_f1": _value(matrix.weighted(f1)),
        "expected_calibration_error": _value(expected_calibration_error(bins)),
    }


def _per_label(matrix: ConfusionMatrix) -> dict[str, LabelMetrics]:
    figures = zip(
        matrix.labels,
        matrix.precision().tolist(),
        matrix.recall().tolist(),
        matrix.f_score(1.0).tolist(),
        matrix.num_actual.tolist(),
        strict=True,
    )
    return {
        label: {"precision": precision, "recall": recall, "f1": f1, "num_images": num_images}
        for label, precision, recall, f1, num_images in figures
    }


def _compare(
    predictions: Sequence[Prediction], approved: Sequence[Prediction] | None
) -> Comparison:
    if approved is None:
        return {
            "has_approved_model": False,
            "approved_accuracy": _value(0.0),
            "accuracy_change": _value(0.0),
            "num_images_gained": 0,
            "num_images_lost": 0,
        }
    pairs = [
        (new.is_correct, old.is_correct) for new, old in zip(predictions, approved, strict=True)
    ]
    num_gained = sum(new and not old for new, old in pairs)
    num_lost = sum(old and not new for new, old in pairs)
    return {
        "has_approved_model": True,
        "approved_accuracy": _value(sum(old for _, old in pairs) / len(pairs)),
        # From counts: equal models differ by exactly 0, which a gate at 0 relies on.
        "accuracy_change": _value((num_gained - num_lost) / len(pairs)),
        "num_images_gained": num_gained,
        "num_images_lost": num_lost,
    }


def _value(value: float) -> Value:
    return {"value": value}
