"""Checks current data against a baseline, and says what does not fit in Model Monitor's format.

Records arrive in blocks; between them only counts and sketches are kept.

What is missing is a violation, and what is too little to tell is neither a pass nor a violation:

* A column of the baseline that no record has is missing, and what must hold of every value is
  broken by a single one, however few records there are.
* A distribution, and what must hold of a part of the values only, is judged where the baseline and
  the current data have `MIN_EFFECTIVE_SIZE` values; with fewer the feature is undecided.
* Without any record nothing is missing and everything is undecided.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

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
from monitoring.status import Status
from monitoring.text_counts import TextCounts

MIN_EFFECTIVE_SIZE = 20
"""From this on a distribution is judged: 40 values against 40, or 21 against a thousand. With less,
chance alone explains a distance of 0.4.
"""

MAX_EXTRA_FEATURES = 100
"""Features unknown to the baseline that are kept, the first ones in alphabetical order: whoever
answers may give them any names.
"""

MAX_SHOWN_TEXTS = 5
MAX_SHOWN_CHARACTERS = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckResult:
    """What a check found."""

    statistics: DataStatistics
    """Statistics of the current data."""
    violations: tuple[Violation, ...]
    """Ordered by feature."""
    undecided: tuple[str, ...]
    """Features of which something could not be judged for want of values, in alphabetical order."""
    distances: dict[str, float]
    """Distance from the baseline of each feature that was judged, as its method gives it.

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
        is_decided = self.num_records and not self.undecided
        return Status.COMPLETED if is_decided else Status.INSUFFICIENT_DATA

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
        names = self._features.keys() | columns.keys()
        # One that is not among the first now is not among them later either.
        dropped = {*sorted(names - self._baseline.features.keys())[MAX_EXTRA_FEATURES:]}
        for name in self._features.keys() & dropped:
            del self._features[name]
        for name in columns.keys() - self._features.keys() - dropped:
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
        """Judge what has come so far."""
        features = [self._features[name] for name in sorted(self._features)]
        compared = {feature.values.name: feature.compare() for feature in features}
        # Last: a field of this name, which anyone may answer, must not take its place.
        if (embedding := self._compare_embedding()) is not None:
            compared[EMBEDDING_FEATURE] = embedding
        comparisons = {name: item for name, item in sorted(compared.items()) if item is not None}
        shares = {feature.values.name: feature.shares() for feature in features}
        distances = {
            name: item.distance for name, item in comparisons.items() if item.distance is not None
        }
        return CheckResult(
            statistics={
                "version": 0.0,
                "dataset": {"item_count": self._num_records},
                "features": [feature.values.statistics() for feature in features],
            },
            violations=tuple(
                sorted(self._violations(shares, comparisons), key=lambda item: item["feature_name"])
            ),
            undecided=tuple(sorted(self._undecided(shares, comparisons))),
            distances=distances,
            thresholds={name: comparisons[name].threshold for name in distances},
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
            return _UNDECIDED if has_embedding else None
        size = self._embedding.size
        if size < MIN_EFFECTIVE_SIZE:
            return _UNDECIDED
        return _Comparison(distance=self._embedding.distance(), threshold=expected.threshold(size))

    def _undecided(
        self,
        shares: "Mapping[str, Sequence[_Share]]",
        comparisons: Mapping[str, "_Comparison"],
    ) -> set[str]:
        names = {name for name, item in comparisons.items() if item.distance is None}
        if not self._num_records:
            expected = self._baseline.features.items()
            return names | {name for name, item in expected if item.settings.is_evaluated}
        num_baseline = self._baseline.num_records
        return names | {
            name
            for name, items in shares.items()
            if any(share.is_undecided(num_baseline) for share in items)
        }

    def _violations(
        self,
        shares: "Mapping[str, Sequence[_Share]]",
        comparisons: Mapping[str, "_Comparison"],
    ) -> Iterator[Violation]:
        if not self._num_records:
            return
        expected = self._baseline.features
        counts = (
            f"Number of columns in current dataset: {len(self._features)}, "
            f"Number of columns in baseline constraints: {len(expected)}"
        )
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
            for share in shares.get(name, ()):
                if share.is_violated(self._baseline.num_records):
                    yield _violation(name, share.check, share.reason)
        for name, comparison in comparisons.items():
            if comparison.distance is not None and comparison.distance > comparison.threshold:
                # Readers of the format take the two numbers from this text; nothing follows them.
                reason = (
                    f"Baseline drift distance: {number_text(comparison.distance)} "
                    f"exceeds threshold: {number_text(comparison.threshold)}"
                )
                yield _violation(name, CheckType.BASELINE_DRIFT, reason)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Comparison:
    """A current distribution beside the baseline's."""

    distance: float | None
    """None where there are too few values to tell."""
    threshold: float


_UNDECIDED = _Comparison(distance=None, threshold=0.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Share:
    """How many of some values are as they must be."""

    check: CheckType
    num_fine: int
    num_values: int
    """None is nothing to judge."""
    least: float
    """Smallest fraction of the values that must be fine."""
    reason: str
    """What a violation says."""

    def is_undecided(self, num_baseline: int) -> bool:
        """Whether a part of the values must be fine, and they are too few to tell."""
        size = effective_size(num_baseline, self.num_values)
        return 0 < self.least < 1 and size < MIN_EFFECTIVE_SIZE

    def is_violated(self, num_baseline: int) -> bool:
        """Whether too many values are not fine."""
        is_short = self.num_fine / self.num_values < self.least
        return is_short and not self.is_undecided(num_baseline)


class _CurrentFeature:
    """The current values of one feature, and how far they are from those of the baseline."""

    def __init__(self, name: str, *, num_missing: int, expectation: Expectation | None) -> None:
        self._expectation = expectation
        self._numbers: NumericalDistance | None = None
        if expectation is not None and expectation.numbers[0].size:
            self._numbers = NumericalDistance(*expectation.numbers)
        self.values = FeatureAccumulator(
            name,
            num_missing=num_missing,
            known_texts=() if expectation is None else expectation.known_texts,
            also=self._numbers.update if self._numbers else None,
        )

    def shares(self) -> Sequence[_Share]:
        """What is asked of the values; nothing where the feature is unknown or not evaluated."""
        values, expectation = self.values, self._expectation
        if expectation is None or not expectation.settings.is_evaluated:
            return ()
        shares = (
            *_types(values, expectation),
            _completeness(values, expectation),
            *_domain(values, expectation),
        )
        return [share for share in shares if share.num_values]

    def compare(self) -> _Comparison | None:
        """Compare the distributions; None where that is not asked for or cannot be done."""
        if self._expectation is None:
            return None
        settings = self._expectation.settings
        if not settings.is_evaluated or not settings.is_compared:
            return None
        if self._numbers is not None:
            self.values.finish_run()
            return _compare_numbers(self._numbers, settings)
        if self._expectation.kind is InferredType.STRING and not self._expectation.texts:
            # More different texts than a baseline lists.
            return None
        return _compare_texts(self._expectation.texts, self.values.texts, settings)


def _compare_numbers(numbers: NumericalDistance, settings: Settings) -> _Comparison:
    size = effective_size(numbers.num_baseline, numbers.num_current)
    if size < MIN_EFFECTIVE_SIZE:
        return _UNDECIDED
    distance = numbers.distance()
    if settings.is_robust:
        distance = robust_distance(distance, size)
    return _Comparison(distance=distance, threshold=settings.comparison_threshold)


def _compare_texts(
    baseline: Mapping[str, int], current: TextCounts, settings: Settings
) -> _Comparison:
    size = effective_size(sum(baseline.values()), current.total)
    if size < MIN_EFFECTIVE_SIZE:
        return _UNDECIDED
    counts = current.listed
    if current.num_unlisted:
        # A part of the others would not be all of them: they count as one text.
        counts = {text: count for text, count in counts.items() if text in baseline}
    num_others = current.total - sum(counts.values())
    threshold = settings.categorical_threshold
    if settings.categorical_method is CategoricalMethod.CHI_SQUARED:
        distance = chi_squared_distance(baseline, counts, num_others=num_others)
        # A distance must exceed its threshold, and p fall below it.
        return _Comparison(distance=distance, threshold=1.0 - threshold)
    distance = categorical_distance(baseline, counts, num_others=num_others)
    if settings.is_robust:
        distance = robust_distance(distance, size)
    return _Comparison(distance=distance, threshold=threshold)


def _types(values: FeatureAccumulator, expectation: Expectation) -> Iterator[_Share]:
    """Kinds and signs of the values that are present.

    A whole number is a number, so it is as good as any where Fractional is expected. The format
    has no check of its own for signs; a type that excludes negative numbers comes closest.
    """
    numbers, least = values.numbers, expectation.settings.type_threshold
    num_matching = {
        InferredType.INTEGRAL: numbers.num_integral,
        InferredType.FRACTIONAL: numbers.num_present,
        InferredType.STRING: values.texts.total,
        InferredType.UNKNOWN: values.num_present,
    }[expectation.kind]
    kind: str = expectation.kind
    checks = [(kind, num_matching, values.num_present)]
    if expectation.is_non_negative:
        num_fine = numbers.num_present - numbers.num_negative
        checks.append((f"non-negative {kind}", num_fine, numbers.num_present))
    for expected, num_fine, num_values in checks:
        observed = _percent(num_fine / max(num_values, 1))
        yield _Share(
            check=CheckType.DATA_TYPE,
            num_fine=num_fine,
            num_values=num_values,
            least=least,
            reason="Data type match requirement is not met. "
            f"Expected data type: {expected}, Expected match: {_percent(least)}. "
            f"Observed: Only {observed} of data is {expected}.",
        )


def _completeness(values: FeatureAccumulator, expectation: Expectation) -> _Share:
    return _Share(
        check=CheckType.COMPLETENESS,
        num_fine=values.num_present,
        num_values=values.num_values,
        least=expectation.completeness,
        reason=f"{_unmet(values.num_present / values.num_values)} "
        f"Expected completeness: {_percent(expectation.completeness)}. "
        f"Observed: {values.num_missing} of {values.num_values} values are missing.",
    )


def _domain(values: FeatureAccumulator, expectation: Expectation) -> Iterator[_Share]:
    texts, domain = values.texts, expectation.domain
    if domain is None or not texts.total:
        return
    outside = {text: count for text, count in texts.listed.items() if text not in domain}
    num_outside = sum(outside.values()) + texts.num_unlisted
    num_fine = texts.total - num_outside
    frequent = sorted(outside, key=lambda text: (-outside[text], text))[:MAX_SHOWN_TEXTS]
    shown = ", ".join(f"'{text[:MAX_SHOWN_CHARACTERS]}'" for text in frequent)
    yield _Share(
        check=CheckType.CATEGORICAL_VALUES,
        num_fine=num_fine,
        num_values=texts.total,
        least=expectation.settings.domain_threshold,
        reason=f"{_unmet(num_fine / texts.total)} "
        f"Expected in the domain: {_percent(expectation.settings.domain_threshold)}. "
        f"Observed: {num_outside} of {texts.total} values are not, "
        f"{'among them' if texts.num_unlisted else 'the most frequent'}: {shown}.",
    )


def _violation(name: str, check: CheckType, description: str) -> Violation:
    return {"feature_name": name, "constraint_check_type": check, "description": description}


def _unmet(value: float) -> str:
    return f"Value: {number_text(value)} does not meet the constraint requirement!"


def _percent(fraction: float) -> str:
    return f"{number_text(100.0 * fraction)}%"
