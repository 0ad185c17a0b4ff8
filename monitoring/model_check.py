"""Checks a classifier's current quality against a baseline, in Model Monitor's format.

Model Monitor compares the numbers as they are, so that every second window of an unchanged model
violates a constraint that is its baseline's value. Here a metric must be worse by more than chance
explains, as the robust distances of the data-quality check are.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self, TypedDict

import numpy as np

from monitoring.baseline import BaselineError, read_document
from monitoring.classification import ConfusionMatrix
from monitoring.data_check import MIN_EFFECTIVE_SIZE
from monitoring.distance import effective_size
from monitoring.documents import number_text
from monitoring.model_quality import (
    MetricStatistics,
    ModelStatistics,
    QualityMetric,
    metric_statistics,
    model_statistics,
)
from monitoring.status import Status

CRITICAL_VALUE = 2.326
"""Standard errors by which chance makes a metric worse in 1 of 100 windows of a normal variable."""

MAX_NEW_LABELS = 100
"""Labels unknown to the baseline that have a row and a column of their own, the first ones in
alphabetical order: whoever labels may write anything.
"""

OTHER_LABELS, OTHER_ANSWERS = "(other labels)", "(other answers)"
"""All further ones, actual and predicted: two names, so that a wrong answer stays wrong."""

SUBSAMPLE_SEED = 0
"""Decides the subsamples behind the standard deviations."""


class ComparisonOperator(StrEnum):
    """When a metric violates its threshold."""

    LESS_THAN = "LessThanThreshold"
    GREATER_THAN = "GreaterThanThreshold"


class QualityViolation(TypedDict):
    """One metric that is worse than its threshold."""

    constraint_check_type: str
    """The comparison operator."""
    metric_name: str
    """In camel case, unlike in the other files."""
    description: str


class QualityViolations(TypedDict):
    """Content of `constraint_violations.json`."""

    violations: list[QualityViolation]


@dataclass(frozen=True, kw_only=True, slots=True)
class QualityConstraint:
    """What one metric is held to."""

    threshold: float
    operator: ComparisonOperator


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelBaseline:
    """What a model's quality is held against."""

    labels: tuple[str, ...]
    """The labels that the baseline knows."""
    num_images: int
    constraints: Mapping[QualityMetric, QualityConstraint]

    @classmethod
    def load(cls, statistics_path: Path, constraints_path: Path) -> Self:
        """Read the model-quality files of a classifier, whoever wrote them.

        Raises:
            BaselineError: A file is missing or is not as documented.
        """
        statistics, constraints = map(read_document, (statistics_path, constraints_path))
        try:
            return cls.of(statistics, constraints)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BaselineError(
                f"The baseline in {statistics_path.parent} is none of a classifier's quality "
                f"({error!r})."
            ) from error

    @classmethod
    def of(cls, statistics: object, constraints: object) -> Self:
        """The baseline in the content of the two files.

        Raises:
            KeyError: An entry is missing.
            TypeError: An entry is of another type.
            ValueError: A metric or an operator is unknown, or a threshold is no fraction.
        """
        if not isinstance(statistics, Mapping) or not isinstance(constraints, Mapping):
            raise TypeError("the files hold no objects")
        num_images = int(statistics["dataset"]["item_count"])
        if num_images < 1:
            raise ValueError("there is no image")
        matrix = statistics["multiclass_classification_metrics"]["confusion_matrix"]
        return cls(
            labels=tuple(sorted({*matrix, *(name for row in matrix.values() for name in row)})),
            num_images=num_images,
            constraints={
                QualityMetric(name): _constraint(entry)
                for name, entry in constraints["multiclass_classification_constraints"].items()
            },
        )


def _constraint(entry: Mapping[str, object]) -> QualityConstraint:
    threshold = entry["threshold"]
    # Written so that NaN, which no number exceeds, is refused too.
    if not isinstance(threshold, int | float) or not 0 <= threshold <= 1:
        raise ValueError(f"threshold {threshold!r} is no number from 0 to 1")
    operator = ComparisonOperator(str(entry["comparison_operator"]))
    return QualityConstraint(threshold=threshold, operator=operator)


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelCheckResult:
    """What a check of quality found."""

    matrix: ConfusionMatrix | None
    """None without any image."""
    statistics: ModelStatistics | None
    """None without any image."""
    violations: tuple[QualityViolation, ...]
    """In the order of the metrics."""
    status: Status

    @property
    def num_images(self) -> int:
        """Images whose actual label is known."""
        return 0 if self.matrix is None else self.matrix.num_images

    @property
    def metrics(self) -> dict[str, float]:
        """Value of each metric under the name that CloudWatch has for it; none without an image."""
        if self.statistics is None:
            return {}
        entries = self.statistics["multiclass_classification_metrics"]
        return {
            name: entry["value"]
            for name, entry in entries.items()
            if name != "confusion_matrix" and isinstance(entry["value"], float)
        }

    def document(self) -> QualityViolations:
        """Content of `constraint_violations.json`."""
        return {"violations": list(self.violations)}


class ModelCheck:
    """A check of answers against labels: `update` with blocks, then the `result`.

    Between the blocks only counts by actual and predicted label are kept, and of labels that the
    baseline does not know no more than `MAX_NEW_LABELS`.
    """

    def __init__(self, baseline: ModelBaseline) -> None:
        self._baseline = baseline
        self._counts: Counter[tuple[str, str]] = Counter()
        self._known = {*baseline.labels, OTHER_LABELS, OTHER_ANSWERS}
        self._new: set[str] = set()
        """Labels of the counts that the baseline does not know."""

    def update(self, *, actual: Sequence[str], predicted: Sequence[str]) -> None:
        """Add images by their actual and predicted labels; labels may be new.

        Raises:
            ValueError: The sequences differ in length.
        """
        self._counts.update(zip(actual, predicted, strict=True))
        self._new |= {*actual, *predicted} - self._known
        if len(self._new) > MAX_NEW_LABELS:
            self._bound()

    def _bound(self) -> None:
        """Count together what is not among the first new labels.

        Such a label is not among them later either, so the order of the images does not matter.
        """
        others = set(sorted(self._new)[MAX_NEW_LABELS:])
        counts: Counter[tuple[str, str]] = Counter()
        for (actual, predicted), count in self._counts.items():
            answer = OTHER_LABELS if actual == predicted else OTHER_ANSWERS
            pair = (
                OTHER_LABELS if actual in others else actual,
                answer if predicted in others else predicted,
            )
            counts[pair] += count
        self._counts = counts
        self._new -= others

    def result(self) -> ModelCheckResult:
        """Judge what has come so far."""
        matrix = self._matrix()
        if matrix is None:
            status = Status.INSUFFICIENT_DATA
            return ModelCheckResult(matrix=None, statistics=None, violations=(), status=status)
        violations: tuple[QualityViolation, ...] = ()
        status = Status.INSUFFICIENT_DATA
        if effective_size(self._baseline.num_images, matrix.num_images) >= MIN_EFFECTIVE_SIZE:
            violations = _violations(matrix, self._baseline)
            status = Status.COMPLETED_WITH_VIOLATIONS if violations else Status.COMPLETED
        return ModelCheckResult(
            matrix=matrix,
            statistics=model_statistics(matrix, seed=SUBSAMPLE_SEED),
            violations=violations,
            status=status,
        )

    def _matrix(self) -> ConfusionMatrix | None:
        if not self._counts:
            return None
        new = {label for pair in self._counts for label in pair} - {*self._baseline.labels}
        labels = (*self._baseline.labels, *sorted(new))
        index = {label: position for position, label in enumerate(labels)}
        counts = np.zeros((len(labels), len(labels)), dtype=np.int64)
        for (actual, predicted), count in self._counts.items():
            counts[index[actual], index[predicted]] = count
        return ConfusionMatrix(labels=labels, counts=counts)


def allowance(threshold: float, num_baseline: int, value: float, num_current: int) -> float:
    """How much worse than its threshold chance makes a metric: `CRITICAL_VALUE` standard errors.

    The metrics are taken for fractions of images, which they are nearly. To each of the two
    samples one hit and one miss are added, without which small samples look too sure.

    Source: A. Agresti, B. Caffo, "Simple and Effective Confidence Intervals for Proportions and
        Differences of Proportions Result from Adding Two Successes and Two Failures", The American
        Statistician 54, 2000
    """
    variance = 0.0
    for fraction, size in ((threshold, num_baseline), (value, num_current)):
        adjusted = (fraction * size + 1) / (size + 2)
        variance += adjusted * (1 - adjusted) / (size + 2)
    return CRITICAL_VALUE * math.sqrt(variance)


def _violations(matrix: ConfusionMatrix, baseline: ModelBaseline) -> tuple[QualityViolation, ...]:
    violations = []
    for metric, current in metric_statistics(matrix, SUBSAMPLE_SEED).items():
        constraint = baseline.constraints.get(metric)
        if constraint is None:
            continue
        worse = constraint.threshold - current["value"]
        if constraint.operator is ComparisonOperator.GREATER_THAN:
            worse = -worse
        chance = allowance(
            constraint.threshold, baseline.num_images, current["value"], matrix.num_images
        )
        if worse > chance:
            violations.append(_violation(metric, current, constraint))
    return tuple(violations)


def _violation(
    metric: QualityMetric, current: MetricStatistics, constraint: QualityConstraint
) -> QualityViolation:
    name = _camel_case(metric)
    deviation = current["standard_deviation"]
    shown = deviation if isinstance(deviation, str) else number_text(deviation)
    return {
        "constraint_check_type": constraint.operator,
        "metric_name": name,
        "description": f"Metric {name} with {number_text(current['value'])} +/- {shown} was "
        f"{constraint.operator} '{number_text(constraint.threshold)}'",
    }


def _camel_case(name: str) -> str:
    """`weighted_f0_5` is `weightedF05`."""
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))
