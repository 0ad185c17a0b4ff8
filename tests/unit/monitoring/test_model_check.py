"""Tests of the check of a classifier's quality."""

import itertools
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring import model_check as model_check_module
from monitoring.baseline import BaselineError
from monitoring.classification import ConfusionMatrix, confusion_matrix
from monitoring.documents import document_text
from monitoring.model_check import ModelBaseline, ModelCheck, ModelCheckResult, allowance
from monitoring.model_quality import model_statistics, suggest_model_constraints
from monitoring.status import Status

LABELS = ("cat", "dog")
GOOD = ConfusionMatrix(labels=LABELS, counts=np.array([[570, 30], [20, 380]]))
METRICS = ["accuracy", "weightedRecall", "weightedPrecision", "weightedF05", "weightedF1",
           "weightedF2"]  # fmt: skip


def baseline(matrix: ConfusionMatrix = GOOD, **changes: object) -> ModelBaseline:
    """The baseline of a matrix, with other constraints where they are given."""
    constraints: Any = suggest_model_constraints(matrix)
    for name, constraint in changes.items():
        constraints["multiclass_classification_constraints"][name] = constraint
    return ModelBaseline.of(model_statistics(matrix, seed=0), constraints)


def check(
    expected: ModelBaseline, counts: list[list[int]], labels: str = "cat dog"
) -> ModelCheckResult:
    """The result for images counted by actual and predicted label."""
    names = labels.split()
    model_check = ModelCheck(expected)
    for actual, row in zip(names, counts, strict=True):
        for predicted, count in zip(names, row, strict=True):
            model_check.update(actual=[actual] * count, predicted=[predicted] * count)
    return model_check.result()


def test_worse_model() -> None:
    """Every metric that fell is a violation, in camel case and in Model Monitor's words."""
    result = check(baseline(), [[180, 120], [100, 100]])
    assert result.status is Status.COMPLETED_WITH_VIOLATIONS
    assert [item["metric_name"] for item in result.violations] == METRICS
    accuracy = result.violations[0]
    assert accuracy["constraint_check_type"] == "LessThanThreshold"
    match = re.fullmatch(
        r"Metric accuracy with 0\.56 \+/- (0\.0\d+) was LessThanThreshold '0\.95'",
        accuracy["description"],
    )
    # The deviation of samples of 80 % is half of the standard error sqrt(0.56 * 0.44 / 500).
    assert match is not None
    assert 0.002 < float(match[1]) < 0.03
    assert result.document() == {"violations": list(result.violations)}
    assert result.metrics["accuracy"] == 0.56
    assert result.num_images == 500


def test_few_images_have_no_deviation() -> None:
    """Below 200 images the standard deviation is the text "NaN"."""
    [accuracy, *_] = check(baseline(), [[60, 40], [30, 69]]).violations
    value = 129 / 199
    assert accuracy["description"] == (
        f"Metric accuracy with {value} +/- NaN was LessThanThreshold '0.95'"
    )


def test_same_model() -> None:
    """The baseline's own counts are fine, and so is what is a little worse by chance."""
    same = check(baseline(), GOOD.counts.tolist())
    assert (same.violations, same.status) == ((), Status.COMPLETED)
    # 0.936 of 500: with the additions 2.326 * sqrt(0.949 * 0.051 / 1002 + 0.934 * 0.066 / 502).
    assert allowance(0.95, 1000, 0.936, 500) == pytest.approx(0.0304, abs=2e-4)
    assert check(baseline(), [[280, 20], [12, 188]]).violations == ()


@given(
    st.lists(st.text(min_size=1, max_size=2), min_size=1, max_size=4, unique=True),
    st.data(),
    st.integers(1, 3),
)
def test_a_window_equal_to_the_baseline_never_violates(
    labels: list[str], data: st.DataObject, times: int
) -> None:
    """The baseline's own images are as good as they were, in any order and whatever the model is.

    The baseline is read back from its files.
    """
    known = st.sampled_from(labels)
    pairs = data.draw(st.lists(st.tuples(known, known), min_size=1, max_size=60))
    matrix = confusion_matrix(
        labels, actual=[actual for actual, _ in pairs], predicted=[guess for _, guess in pairs]
    )
    expected = ModelBaseline.of(
        json.loads(document_text(model_statistics(matrix, seed=0))),
        json.loads(document_text(suggest_model_constraints(matrix))),
    )
    window = data.draw(st.permutations(pairs * times))
    model_check = ModelCheck(expected)
    for block in (window[:7], window[7:]):
        model_check.update(
            actual=[actual for actual, _ in block], predicted=[guess for _, guess in block]
        )
    result = model_check.result()
    assert result.violations == ()
    assert result.num_images == len(pairs) * times


def test_too_few_images() -> None:
    """Twenty images beside a thousand are worth 19.6, too few to judge; 21 are enough."""
    few = check(baseline(), [[0, 20], [0, 0]])
    assert (few.violations, few.status) == ((), Status.INSUFFICIENT_DATA)
    assert few.metrics["accuracy"] == 0.0
    assert check(baseline(), [[0, 21], [0, 0]]).status is Status.COMPLETED_WITH_VIOLATIONS


def test_no_images() -> None:
    """Without labels there is nothing to judge, which is no pass."""
    result = ModelCheck(baseline()).result()
    assert (result.matrix, result.statistics, result.metrics) == (None, None, {})
    assert (result.num_images, result.violations) == (0, ())
    assert result.status is Status.INSUFFICIENT_DATA


def test_new_label() -> None:
    """Images of a kind that the model does not know count as wrong, under their own label."""
    result = check(baseline(), [[90, 5, 0], [5, 90, 0], [50, 50, 0]], "cat dog owl")
    assert result.matrix is not None
    assert result.matrix.labels == ("cat", "dog", "owl")
    assert result.metrics["accuracy"] == pytest.approx(180 / 290)
    assert result.status is Status.COMPLETED_WITH_VIOLATIONS


def test_any_number_of_new_labels() -> None:
    """Beyond a hundred they count together, and wrong answers among them stay wrong."""
    new = [f"label {number:05}" for number in range(20_000)]
    model_check = ModelCheck(baseline())
    model_check.update(actual=["cat"] * 10, predicted=["cat"] * 10)
    for start in range(0, 20_000, 1000):
        part = new[start : start + 1000]
        model_check.update(actual=part, predicted=["cat"] * 1000)
        model_check.update(actual=part, predicted=part)
        model_check.update(actual=part, predicted=[*part[1:], part[0]])
    matrix = model_check.result().matrix
    assert matrix is not None
    assert matrix.labels == ("cat", "dog", "(other answers)", "(other labels)", *new[:100])
    assert matrix.num_images == 60_010
    assert matrix.accuracy == pytest.approx(20_010 / 60_010)
    assert matrix.counts[3, :4].tolist() == [19_900, 0, 19_899, 19_900]


@given(
    st.lists(st.tuples(*[st.sampled_from(["cat", "dog", *"abcdefgh"])] * 2), max_size=40),
    st.lists(st.integers(0, 40), max_size=3),
    st.data(),
)
def test_neither_order_nor_blocks_matter(
    pairs: list[tuple[str, str]], cuts: list[int], data: st.DataObject
) -> None:
    """Images in any order and blocks give the same counts, with all the right answers."""
    results = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_check_module, "MAX_NEW_LABELS", 3)
        for order, ends in ((pairs, []), (data.draw(st.permutations(pairs)), sorted(cuts))):
            model_check = ModelCheck(baseline())
            for start, stop in itertools.pairwise([0, *ends, len(order)]):
                block = order[start:stop]
                model_check.update(
                    actual=[actual for actual, _ in block], predicted=[guess for _, guess in block]
                )
            results.append(model_check.result())
    one, other = results
    assert one.statistics == other.statistics
    assert one.violations == other.violations
    if one.matrix is not None:
        assert one.matrix.num_images == len(pairs)
        assert one.matrix.counts.trace() == sum(actual == guess for actual, guess in pairs)
        assert len(one.matrix.labels) <= 2 + 3 + 2


def test_names_of_metrics() -> None:
    """Metrics go to CloudWatch under the names that they have in the statistics."""
    metrics = check(baseline(), [[90, 10], [10, 90]]).metrics
    names = ["accuracy", "weighted_recall", "weighted_precision", "weighted_f0_5", "weighted_f1",
             "weighted_f2"]  # fmt: skip
    constant = [f"{name}_best_constant_classifier" for name in names]
    assert list(metrics) == [*names, *constant]


def test_operators() -> None:
    """A metric that must not be greater violates above its threshold; others may have none."""
    greater = {"threshold": 0.5, "comparison_operator": "GreaterThanThreshold"}
    expected = baseline(accuracy=greater)
    [violation] = check(expected, GOOD.counts.tolist()).violations
    assert violation["constraint_check_type"] == "GreaterThanThreshold"
    assert violation["description"].endswith(" was GreaterThanThreshold '0.5'")
    constraints = {"multiclass_classification_constraints": {"accuracy": greater}}
    alone = ModelBaseline.of(model_statistics(GOOD, seed=0), constraints)
    assert check(alone, [[20, 280], [150, 50]]).violations == ()


def test_ragged_labels() -> None:
    """Labels without an answer, and answers without a label, are a mistake of the caller."""
    with pytest.raises(ValueError, match="zip"):
        ModelCheck(baseline()).update(actual=["cat"], predicted=[])


@pytest.mark.parametrize("size", [25, 100, 500])
def test_false_alarms(size: int) -> None:
    """Of 300 windows of an unchanged model at most 5 % violate anything."""
    shares = np.array([0.55, 0.03, 0.02, 0.02, 0.26, 0.02, 0.01, 0.01, 0.08])
    generator = np.random.default_rng(size)
    names = "cat dog owl"
    num_violated = 0
    for _ in range(300):
        counts = generator.multinomial(400, shares).reshape(3, 3)
        matrix = ConfusionMatrix(labels=tuple(names.split()), counts=counts)
        window = generator.multinomial(size, shares).reshape(3, 3).tolist()
        num_violated += bool(check(baseline(matrix), window, names).violations)
    assert num_violated <= 15


def test_load(tmp_path: Path) -> None:
    """The files that Evaluate writes are read back."""
    paths = tmp_path / "statistics.json", tmp_path / "constraints.json"
    paths[0].write_text(document_text(model_statistics(GOOD, seed=0)))
    paths[1].write_text(document_text(suggest_model_constraints(GOOD)))
    loaded = ModelBaseline.load(*paths)
    assert loaded == baseline()
    assert (loaded.labels, loaded.num_images) == (LABELS, 1000)


@pytest.mark.parametrize(
    "constraints",
    [
        {},
        [],
        {"multiclass_classification_constraints": {"accuracy": {}}},
        {"multiclass_classification_constraints": []},
        {"multiclass_classification_constraints": {"auc": {"threshold": 0.5}}},
        {
            "multiclass_classification_constraints": {
                "accuracy": {"threshold": 0.5, "comparison_operator": "Equal"}
            }
        },
        {
            "multiclass_classification_constraints": {
                "accuracy": {"threshold": 95, "comparison_operator": "LessThanThreshold"}
            }
        },
    ],
    ids=["empty", "list", "no-threshold", "no-object", "metric", "operator", "percent"],
)
def test_files_that_are_not_as_documented(constraints: object, tmp_path: Path) -> None:
    """Files that are no baseline of a classifier are refused with their place."""
    paths = tmp_path / "statistics.json", tmp_path / "constraints.json"
    paths[0].write_text(document_text(model_statistics(GOOD, seed=0)))
    paths[1].write_text(json.dumps(constraints))
    with pytest.raises(BaselineError) as caught:
        ModelBaseline.load(*paths)
    start = f"The baseline in {tmp_path} is none of a classifier's quality ("
    assert str(caught.value).startswith(start)


def test_baseline_without_images() -> None:
    """Statistics of nothing are no baseline."""
    statistics: Any = dict(model_statistics(GOOD, seed=0))
    statistics["dataset"] = {"item_count": 0}
    with pytest.raises(ValueError, match="there is no image"):
        ModelBaseline.of(statistics, suggest_model_constraints(GOOD))
    assert math.isfinite(allowance(1.0, 1, 0.0, 1))
