"""Tests of the drift of embeddings."""

import copy
import json
import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from numpy.typing import NDArray

from monitoring import embedding_drift
from monitoring.baseline import Baseline, BaselineError
from monitoring.data_check import CheckResult, DataCheck
from monitoring.data_constraints import suggest_data_constraints
from monitoring.data_statistics import data_statistics
from monitoring.documents import document_text
from monitoring.embedding_drift import (
    EmbeddingAccumulator,
    EmbeddingBaseline,
    embedding_document,
)
from monitoring.status import Status

NAMES = tuple(f"embedding_{index:02}" for index in range(8))
MIXING = np.random.default_rng(4).normal(size=(8, 8))
NUM_IMAGES = 600


def points(num_images: int, seed: int, *, new_kind: float = 0.0) -> NDArray[np.float64]:
    """Correlated embeddings of three kinds of object, and a share of a fourth kind."""
    generator = np.random.default_rng(seed)
    centres = np.array([[2, 0, 0], [0, 2, 0], [0, 0, 2], [-1.5, -1.5, -1.5]])
    kinds = generator.integers(0, 3, num_images)
    kinds[: round(new_kind * num_images)] = 3
    values = generator.normal(size=(num_images, 8))
    values[:, :3] += centres[kinds]
    return np.asarray(values @ MIXING)


def columns(values: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Embeddings by column."""
    return dict(zip(NAMES, values.T, strict=True))


def document(values: NDArray[np.float64]) -> Any:
    """The baseline's document, as it is read back from its file."""
    return json.loads(_document_text(values.tobytes(), values.shape))


@cache  # Calibrating takes long.
def _document_text(values: bytes, shape: tuple[int, ...]) -> str:
    return document_text(
        embedding_document(columns(np.frombuffer(values).reshape(shape)), seed=0) or {}
    )


def baseline(values: NDArray[np.float64], **config: object) -> Baseline:
    """The whole baseline of embeddings."""
    statistics = data_statistics(columns(values))
    constraints: Any = copy.deepcopy(suggest_data_constraints(statistics))
    constraints["monitoring_config"].update(config)
    return Baseline.of(statistics, constraints, document(values))


def check(expected: Baseline, *blocks: NDArray[np.float64]) -> CheckResult:
    """The result of checking blocks of embeddings."""
    data_check = DataCheck(expected)
    for block in blocks:
        data_check.update_columns(columns(block), num_records=len(block))
    return data_check.result()


def test_new_kind_of_object() -> None:
    """Fifteen percent of another kind are found, although no projection drifts by itself."""
    result = check(baseline(points(NUM_IMAGES, 1)), points(500, 2, new_kind=0.15))
    [violation] = result.violations
    assert violation == {
        "feature_name": "embedding",
        "constraint_check_type": "baseline_drift_check",
        "description": f"Baseline drift distance: {result.distances['embedding']} "
        f"exceeds threshold: {result.thresholds['embedding']}",
    }


def test_a_field_of_the_same_name_hides_nothing() -> None:
    """An answer may have any fields; one that is called `embedding` is an extra column besides."""
    values = points(500, 2, new_kind=0.15)
    data_check = DataCheck(baseline(points(NUM_IMAGES, 1)))
    data_check.update_columns({**columns(values), "embedding": values[:, 0]}, num_records=500)
    found = {(item["feature_name"], item["constraint_check_type"]) for item in
             data_check.result().violations}  # fmt: skip
    assert found == {("embedding", "baseline_drift_check"), ("embedding", "extra_column_check")}


def test_same_window() -> None:
    """The baseline's own images are at no distance, in whatever order and blocks they come."""
    values = points(NUM_IMAGES, 1)
    result = check(baseline(values), values[300:], values[:300])
    assert result.distances["embedding"] == pytest.approx(0.0, abs=1e-9)
    assert result.status is Status.COMPLETED


@given(
    st_numpy.arrays(
        np.float64,
        st.tuples(st.integers(40, 60), st.integers(1, 4)),
        elements=st.floats(-1, 1) | st.sampled_from([0.0, 1e-300, 1e30, -1e100]),
        fill=st.sampled_from([0.0, 0.1, 1e30]),
    ),
    st.sampled_from([1.0, 1e-12, 1e50]),
    st.integers(0, 60),
)
@settings(max_examples=40)
def test_a_window_equal_to_the_baseline_never_violates(
    values: NDArray[np.float64], scale: float, cut: int
) -> None:
    """The baseline's own embeddings have not drifted: ties, constants and any scale included."""
    values = np.clip(values * scale, -1e100, 1e100)
    names = [f"embedding_{index:02}" for index in range(values.shape[1])]
    table = dict(zip(names, values.T, strict=True))
    with pytest.MonkeyPatch.context() as patch:
        # The critical value is that of other tests; here it only takes time.
        patch.setattr(embedding_drift, "NUM_SPLITS", 5)
        document: Any = json.loads(document_text(embedding_document(table, seed=0) or {}))
    statistics = data_statistics(table)
    constraints = suggest_data_constraints(statistics)
    data_check = DataCheck(Baseline.of(statistics, constraints, document))
    for block in np.split(values[::-1], [cut]):
        data_check.update_columns(dict(zip(names, block.T, strict=True)), num_records=len(block))
    result = data_check.result()
    assert result.violations == ()
    assert result.distances["embedding"] < result.thresholds["embedding"]


@pytest.mark.parametrize("baseline_size", [60, 250, 1000])
def test_false_alarms(baseline_size: int) -> None:
    """Of 400 windows of the baseline's own distribution at most 2 % count as drifted.

    Whatever the sizes: what is fitted to few images fits others worse, and that is no drift.
    """
    num_drifted = 0
    for seed in range(4):
        expected = EmbeddingBaseline.of(document(points(baseline_size, seed)))
        for window in range(100):
            accumulator = EmbeddingAccumulator(expected)
            size = (5, 50, 200, 1000)[window % 4]
            values = points(size, 1000 * (seed + 1) + window)
            accumulator.update(columns(values), num_records=size)
            threshold = expected.threshold(accumulator.size)
            num_drifted += accumulator.distance() > threshold
    assert num_drifted <= 8


def test_distances_to_anchors() -> None:
    """They are Euclidean distances of whitened points, whose covariance is the unit matrix."""
    values = points(NUM_IMAGES, 1)
    fit = EmbeddingBaseline.of(document(values)).fit
    white = (values - values.mean(axis=0)) / values.std(axis=0) @ fit.whitening_ff
    np.testing.assert_allclose(np.cov(white.T), np.eye(8), atol=1e-9)
    found = fit.anchor_distances(values)
    for index in (0, 31):
        exact = [math.dist(point, fit.anchors_af[index]) for point in white]
        np.testing.assert_allclose(found[:, index], exact, rtol=1e-9)
    np.testing.assert_allclose(fit.mean_distances_a, found.mean(axis=0), rtol=1e-12)


def test_same_seed_same_baseline() -> None:
    """Nothing but the seed is random."""
    values = points(100, 1)
    first, again, other = (embedding_document(columns(values), seed=seed) for seed in (0, 0, 1))
    assert first == again != other


def test_few_images() -> None:
    """Of too few images there is no baseline."""
    assert embedding_document(columns(points(39, 1)), seed=0) is None
    assert embedding_document(columns(points(40, 1)), seed=0) is not None


def test_window_without_calibration() -> None:
    """Embeddings that the baseline says nothing about are undecided, which is no pass."""
    values = points(NUM_IMAGES, 1)
    statistics = data_statistics(columns(values))
    expected = Baseline.of(statistics, suggest_data_constraints(statistics))
    result = check(expected, values)
    assert (result.violations, result.undecided) == ((), ("embedding",))
    assert result.status is Status.INSUFFICIENT_DATA
    assert "embedding" not in result.distances


def test_disabled_comparison() -> None:
    """Where distributions are not compared, embeddings are not either."""
    disabled = {"perform_comparison": "Disabled"}
    expected = baseline(points(NUM_IMAGES, 1), distribution_constraints=disabled)
    result = check(expected, points(500, 2, new_kind=0.5))
    assert (result.violations, result.undecided, result.distances) == ((), (), {})


@pytest.mark.parametrize("num_images", [0, 1, 20], ids=["none", "one", "few"])
def test_small_window(num_images: int) -> None:
    """A few images like the baseline's are undecided."""
    result = check(baseline(points(NUM_IMAGES, 1)), points(num_images, 2))
    assert "embedding" in result.undecided


def test_records_that_lack_a_projection() -> None:
    """They do not count here; that something is missing is another check's finding."""
    values = points(100, 2)
    by_column: dict[str, list[float | str | None]] = {
        name: list(column) for name, column in columns(values).items()
    }
    by_column["embedding_03"][50:] = [None, "text", math.nan, *[None] * 47]
    accumulator = EmbeddingAccumulator(EmbeddingBaseline.of(document(points(NUM_IMAGES, 1))))
    accumulator.update(by_column, num_records=100)
    del by_column["embedding_00"]
    accumulator.update(by_column, num_records=100)
    assert accumulator.num_images == 50
    expected = EmbeddingAccumulator(EmbeddingBaseline.of(document(points(NUM_IMAGES, 1))))
    expected.update(columns(values[:50]), num_records=50)
    assert accumulator.distance() == expected.distance()


def test_gigantic_values() -> None:
    """One gigantic embedding among many is survived, and many are a drift."""
    values = points(500, 2)
    values[0] = 1e99
    expected = baseline(points(NUM_IMAGES, 1))
    assert math.isfinite(check(expected, values).distances["embedding"])
    values[:100] = 1e99
    assert "embedding" in [item["feature_name"] for item in check(expected, values).violations]


def test_images_that_are_all_the_same() -> None:
    """A baseline without any variance still has room for its own image, and for no other."""
    values = np.ones((50, 8))
    expected = baseline(values)
    assert check(expected, values).violations == ()
    other = check(expected, values + 0.5).violations
    assert "embedding" in [item["feature_name"] for item in other]


@pytest.mark.parametrize(
    "change",
    [
        {"mean": [1.0]},
        {"precision": [[1.0]]},
        {"std_dev": [0.0] * 8},
        {"anchors": [["a"] * 8]},
        {"critical_value": -1.0},
        {"item_count": 0},
        {"features": None},
    ],
    ids=["short", "shape", "zero", "text", "negative", "size", "null"],
)
def test_file_that_is_not_as_documented(change: dict[str, object], tmp_path: Path) -> None:
    """A file that does not fit is refused by name when the baseline is loaded."""
    values = points(50, 1)
    statistics = data_statistics(columns(values))
    files = {
        "statistics.json": statistics,
        "constraints.json": suggest_data_constraints(statistics),
        "embedding.json": {**document(values), **change},
    }
    for name, content in files.items():
        (tmp_path / name).write_text(document_text(content))  # type: ignore[arg-type]
    with pytest.raises(BaselineError) as caught:
        Baseline.load(tmp_path / "statistics.json", tmp_path / "constraints.json")
    start = (
        f"The baseline in {tmp_path} cannot be used: its 'embedding.json' is not as documented ("
    )
    assert str(caught.value).startswith(start)
