"""Checks current data against a baseline, and says what does not fit in Model Monitor's format.

Records arrive in blocks; between them only counts and sketches are kept. What is missing is a
violation, and what is too little to tell is reported as that: neither passes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from monitoring.answers import Record
from monitoring.baseline import Baseline, Expectation
from monitoring.data_quality import CheckType, DataStatistics, InferredType, Violation, Violations
from monitoring.data_statistics import Block, Column, FeatureAccumulator
from monitoring.distance import (
    NumericalDistance,
    categorical_distance,
    chi_squared_distance,
    effective_size,
    robust_distance,
)
from monitoring.documents import number_text
from monitoring.embedding_drift import (
    EMBEDDING_FEATURE,
    EMBEDDING_PREFIX,
    EmbeddingAccumulator,
)
from monitoring.settings import CategoricalMethod, Settings

MIN_EFFECTIVE_SIZE = 20
"""From this on a distribution that looks unchanged counts as that: 40 values against 40, or 21
against a thousand. With less, chance alone explains a distance of 0.4.
"""

MAX_SHOWN_TEXTS = 5
MAX_SHOWN_CHARACTERS = 40


class Status(StrEnum):
    """How a check ended; the first two are Model Monitor's words."""

    COMPLETED = "Completed"
    COMPLETED_WITH_VIOLATIONS = "CompletedWithViolations"
    INSUFFICIENT_DATA = "InsufficientData"
    """No violation was found, but for some feature too few values came to say that it is fine."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckResult:
    """What a check found."""

    statistics: DataStatistics
    """Statistics of the current data."""
    violations: tuple[Violation, ...]
    """Ordered by feature."""
    undecided: tuple[str, ...]
    """Features whose distribution could not be judged for want of values."""
    distances: dict[str, float]
    """Distance from the baseline of each feature that was compared, as its method gives it.

    That of all embedding projections together is under `EMBEDDING_FEATURE`.
    """
    thresholds: dict[str, float]
    """Of each of these features, the largest distance that is no drift."""

    @property
    def num_records(self) -> int:
        """Size of the current data."""
        return self.statistics["dataset"]["item_count"]

    @property
    def status(self) -> Status:
        """Violations count more than a want of data."""
        if self.violations:
            return Status.COMPLETED_WITH_VIOLATIONS
        return Status.INSUFFICIENT_DATA if self.undecided else Status.COMPLETED

    def document(self) -> Violations:
        """Content of `constraint_violations.json`."""
        return {"violations": list(self.violations)}


class DataCheck:
    """A check of current records against a baseline: `update` with blocks, then the `result`."""

    def __init__(self, baseline: Baseline) -> None:
        self._baseline = baseline
        self._num_records = 0
        self._embedding: EmbeddingAccumulator | None = None
        if baseline.embedding is not None:
            self._embedding = EmbeddingAccumulator(baseline.embedding)
        self._features: dict[str, _CurrentFeature] = {}
        """The features that occurred so far."""

    def update(self, records: Sequence[Record]) -> None:
        """Add a block of records; a field that a record does not have counts as missing."""
        names = {name for record in records for name in record}
        self.update_columns(
            {name: [record.get(name) for record in records] for name in names},
            num_records=len(records),
        )

    def update_columns(self, columns: Mapping[str, Column], *, num_records: int) -> None:
        """Add a block of records by column: much faster, above all where columns are arrays.

        Args:
            columns: Values by field, one per record; None and NaN are missing. Fields that no
                record has may be left out.
            num_records: Size of the block.

        Raises:
            ValueError: A column has another length.
        """
        if wrong := {name: len(item) for name, item in columns.items() if len(item) != num_records}:
            raise ValueError(
                f"A block of {num_records} records has columns of other sizes: {wrong}."
            )
        if not num_records:
            return
        for name in columns.keys() - self._features.keys():
            self._features[name] = _CurrentFeature(
                name, num_missing=self._num_records, expectation=self._baseline.features.get(name)
            )
        for name, feature in self._features.items():
            if name in columns:
                feature.values.update(Block.of(columns[name]))
            else:
                feature.values.num_missing += num_records
        if self._embedding is not None:
            self._embedding.update(columns, num_records=num_records)
        self._num_records += num_records

    def result(self) -> CheckResult:
        """Judge what has come so far; without any record, every expected feature is missing."""
        features = [self._features[name] for name in sorted(self._features)]
        compared = {
            EMBEDDING_FEATURE: self._compare_embedding(),
            **{feature.values.name: feature.compare() for feature in features},
        }
        comparisons = {name: item for name, item in sorted(compared.items()) if item is not None}
        return CheckResult(
            statistics={
                "version": 0.0,
                "dataset": {"item_count": self._num_records},
                "features": [feature.values.statistics() for feature in features],
            },
            violations=tuple(
                sorted(self._violations(comparisons), key=lambda item: item["feature_name"])
            ),
            undecided=tuple(name for name, item in comparisons.items() if item.is_undecided),
            distances={
                name: item.distance
                for name, item in comparisons.items()
                if item.distance is not None
            },
            thresholds={
                name: item.threshold
                for name, item in comparisons.items()
                if item.distance is not None
            },
        )

    def _compare_embedding(self) -> "_Comparison | None":
        """Compare the embeddings; None where there are none, or it is not asked for."""
        settings, expected = self._baseline.settings, self._baseline.embedding
        if not settings.is_evaluated or not settings.is_compared:
            return None
        if expected is None or self._embedding is None:
            # The constraints of a baseline without calibration: no pass.
            has_embedding = any(
                name.startswith(EMBEDDING_PREFIX) for name in self._baseline.features
            )
            return _undecided(0.0) if has_embedding else None
        size = self._embedding.size
        if not size:
            return _undecided(0.0)
        return _Comparison(
            distance=self._embedding.distance(),
            threshold=expected.threshold(size),
            is_small=size < MIN_EFFECTIVE_SIZE,
        )

    def _violations(self, comparisons: Mapping[str, "_Comparison"]) -> Iterator[Violation]:
        expected = self._baseline.features
        counts = (
            f"Number of columns in current dataset: {len(self._features)}, "
            f"Number of columns in baseline constraints: {len(expected)}"
        )
        if EMBEDDING_FEATURE in comparisons:
            yield from _check_drift(EMBEDDING_FEATURE, comparisons[EMBEDDING_FEATURE])
        for name in sorted({*expected, *self._features}):
            settings = expected[name].settings if name in expected else self._baseline.settings
            if not settings.is_evaluated:
                continue
            if name not in self._features:
                reason = f"The column is missing in current dataset. {counts}"
                yield _violation(name, CheckType.MISSING_COLUMN, reason)
            elif name not in expected:
                reason = f"There is an extra column in current dataset. {counts}"
                yield _violation(name, CheckType.EXTRA_COLUMN, reason)
            else:
                values = self._features[name].values
                yield from _check_types(values, expected[name])
                yield from _check_completeness(values, expected[name])
                yield from _check_domain(values, expected[name])
                if name in comparisons:
                    yield from _check_drift(name, comparisons[name])


@dataclass(frozen=True, kw_only=True, slots=True)
class _Comparison:
    """A current distribution beside the baseline's."""

    distance: float | None
    """None where one side has no values."""
    threshold: float
    is_small: bool
    """Whether the values are too few for a small distance to mean anything."""

    @property
    def is_drifted(self) -> bool:
        return self.distance is not None and self.distance > self.threshold

    @property
    def is_undecided(self) -> bool:
        return self.is_small and not self.is_drifted


class _CurrentFeature:
    """The current values of one feature, and how far they are from those of the baseline."""

    def __init__(self, name: str, *, num_missing: int, expectation: Expectation | None) -> None:
        self._expectation = expectation
        self._numbers: NumericalDistance | None = None
        if expectation is not None and expectation.numbers[0].size:
            self._numbers = NumericalDistance(*expectation.numbers)
        self.values = FeatureAccumulator(
            name, num_missing=num_missing, also=self._numbers.update if self._numbers else None
        )

    def compare(self) -> _Comparison | None:
        """Compare the distributions; None where that is not asked for."""
        if self._expectation is None:
            return None
        settings = self._expectation.settings
        if not settings.is_evaluated or not settings.is_compared:
            return None
        if self._numbers is not None:
            self.values.finish_run()
            return _compare_numbers(self._numbers, settings)
        return _compare_texts(self._expectation.texts, self.values.texts, settings)


def _compare_numbers(numbers: NumericalDistance, settings: Settings) -> _Comparison:
    threshold = settings.comparison_threshold
    size = effective_size(numbers.num_baseline, numbers.num_current)
    if not size:
        return _undecided(threshold)
    return _comparison(numbers.distance(), threshold, size, is_robust=settings.is_robust)


def _compare_texts(
    baseline: Mapping[str, int], current: Mapping[str, int], settings: Settings
) -> _Comparison:
    threshold = settings.categorical_threshold
    is_test = settings.categorical_method is CategoricalMethod.CHI_SQUARED
    if is_test:
        # A distance must exceed its threshold, and p fall below it.
        threshold = 1.0 - threshold
    size = effective_size(sum(baseline.values()), sum(current.values()))
    if not size:
        return _undecided(threshold)
    if is_test:
        return _Comparison(
            distance=chi_squared_distance(baseline, current),
            threshold=threshold,
            is_small=size < MIN_EFFECTIVE_SIZE,
        )
    distance = categorical_distance(baseline, current)
    return _comparison(distance, threshold, size, is_robust=settings.is_robust)


def _comparison(distance: float, threshold: float, size: float, *, is_robust: bool) -> _Comparison:
    is_small = size < MIN_EFFECTIVE_SIZE
    # Few values are far from any baseline by chance alone, whatever the method.
    if is_robust or is_small:
        distance = robust_distance(distance, size)
    return _Comparison(distance=distance, threshold=threshold, is_small=is_small)


def _undecided(threshold: float) -> _Comparison:
    return _Comparison(distance=None, threshold=threshold, is_small=True)


def _check_types(values: FeatureAccumulator, expectation: Expectation) -> Iterator[Violation]:
    """Hold the kinds and the signs of the values that are present against the expected type.

    A whole number is a number, so it is as good as any where Fractional is expected. The format
    has no check of its own for signs; a type that excludes negative numbers comes closest.
    """
    numbers, threshold = values.numbers, expectation.settings.type_threshold
    num_matching = {
        InferredType.INTEGRAL: numbers.num_integral,
        InferredType.FRACTIONAL: numbers.num_present,
        InferredType.STRING: values.texts.total(),
        InferredType.UNKNOWN: values.num_present,
    }[expectation.kind]
    kind: str = expectation.kind
    checks = [(kind, num_matching, values.num_present)]
    if expectation.is_non_negative:
        num_fine = numbers.num_present - numbers.num_negative
        checks.append((f"non-negative {kind}", num_fine, numbers.num_present))
    for expected, num_fine, num_checked in checks:
        if num_checked and num_fine / num_checked < threshold:
            reason = (
                "Data type match requirement is not met. "
                f"Expected data type: {expected}, Expected match: {_percent(threshold)}. "
                f"Observed: Only {_percent(num_fine / num_checked)} of data is {expected}."
            )
            yield _violation(values.name, CheckType.DATA_TYPE, reason)


def _check_completeness(
    values: FeatureAccumulator, expectation: Expectation
) -> Iterator[Violation]:
    completeness = values.num_present / values.num_values
    if completeness < expectation.completeness:
        reason = (
            f"{_unmet(completeness)} Expected completeness: {_percent(expectation.completeness)}. "
            f"Observed: {values.num_missing} of {values.num_values} values are missing."
        )
        yield _violation(values.name, CheckType.COMPLETENESS, reason)


def _check_domain(values: FeatureAccumulator, expectation: Expectation) -> Iterator[Violation]:
    num_texts, domain = values.texts.total(), expectation.domain
    if domain is None or not num_texts:
        return
    outside = {text: count for text, count in values.texts.items() if text not in domain}
    num_outside = sum(outside.values())
    fraction = (num_texts - num_outside) / num_texts
    if fraction < expectation.settings.domain_threshold:
        frequent = sorted(outside, key=lambda text: (-outside[text], text))[:MAX_SHOWN_TEXTS]
        shown = ", ".join(f"'{text[:MAX_SHOWN_CHARACTERS]}'" for text in frequent)
        reason = (
            f"{_unmet(fraction)} Expected in the domain: "
            f"{_percent(expectation.settings.domain_threshold)}. Observed: "
            f"{num_outside} of {num_texts} values are not, the most frequent: {shown}."
        )
        yield _violation(values.name, CheckType.CATEGORICAL_VALUES, reason)


def _check_drift(name: str, comparison: _Comparison) -> Iterator[Violation]:
    if comparison.is_drifted and comparison.distance is not None:
        # Readers of the format take the two numbers from this text, so nothing follows them.
        reason = (
            f"Baseline drift distance: {number_text(comparison.distance)} "
            f"exceeds threshold: {number_text(comparison.threshold)}"
        )
        yield _violation(name, CheckType.BASELINE_DRIFT, reason)


def _violation(name: str, check: CheckType, description: str) -> Violation:
    return {"feature_name": name, "constraint_check_type": check, "description": description}


def _unmet(value: float) -> str:
    return f"Value: {number_text(value)} does not meet the constraint requirement!"


def _percent(fraction: float) -> str:
    return f"{number_text(100.0 * fraction)}%"
