"""Embedding drift: whether the embeddings of a window are, together, those of the baseline.

A new kind of object moves no single projection much, and all of them a little. So the projections
are compared as points: of each window the mean distance to every one of some fixed points, the
anchors, is compared with that of the baseline. Distributions that differ in more than these means
are not told apart, but with enough anchors at random places few are left.

With w the window's mean distances and b the baseline's, C the covariance of one image's distances,
and r a small multiple of its mean variance,

    D = sqrt((w - b)' * (C + r * I)^-1 * (w - b)).

For n images of the baseline's own distribution, D^2 * n * m / (n + m) is distributed alike
whatever n is, m being the size of the baseline. So one critical value serves windows of all
sizes. Evaluate finds it by taking one random half of the baseline for a baseline and the other one
for a window, again and again: of the same images that b, C and the whitening come from, a window
would look closer than it is. The means are summed up as records
come: every record counts, in memory that does not depend on their number.

`tests/benchmarks/drift.py` measures what the defaults below find and how often they are wrong.

Source: K. Chwialkowski, A. Ramdas, D. Sejdinovic, A. Gretton, "Fast Two-Sample Testing with
Analytic Representations of Probability Measures", 2015, https://arxiv.org/abs/1506.04725
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self, TypedDict

import numpy as np
from numpy.typing import NDArray

from monitoring.data_statistics import MAX_NUMBER, Column, Value
from monitoring.distance import effective_size

EMBEDDING_FEATURE = "embedding"
"""What violations call all projections together."""

EMBEDDING_PREFIX = "embedding_"
"""How the names of the projections begin."""

MIN_BASELINE_SIZE = 40
"""With fewer images in a baseline chance cannot be told from drift: no window is judged."""

NUM_ANCHORS = 32
ANCHOR_SPREAD = 1.5
"""Standard deviation of the anchors, in those of the embeddings: among them and around them."""

REGULARIZATION = 0.1
"""r as a multiple of the mean variance: keeps the noise of C out of D in small baselines."""

NUM_SPLITS = 500
"""Each gives two values: either half is the baseline once."""

MAX_CALIBRATION_IMAGES = 2000
"""Images of the baseline that are split; more would not change the critical value."""

SIGNIFICANCE = 0.005
"""Fraction of the windows of the baseline's own distribution that are taken for a drift."""

MAX_DEVIATIONS = 1000.0
"""A projection that is further away than so many standard deviations counts as that far."""

_MIN_VARIANCE = 1e-6
"""Directions in which embeddings vary less, as a fraction of the mean, count as if by that."""


class EmbeddingDocument(TypedDict):
    """Content of `embedding.json`; F projections, A anchors."""

    version: float
    item_count: int
    """Images of the baseline."""
    features: list[str]
    """Names of the projections."""
    mean: list[float]
    """F numbers."""
    std_dev: list[float]
    """F numbers above 0."""
    whitening: list[list[float]]
    """(F, F): makes the standardized projections uncorrelated, with variance 1."""
    anchors: list[list[float]]
    """(A, F): whitened."""
    mean_distances: list[float]
    """A numbers: b."""
    precision: list[list[float]]
    """(A, A): the inverse of C + r * I."""
    critical_value: float
    """Largest D^2 * n * m / (n + m) that chance explains."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AnchorFit:
    """Where the embeddings of some images are, and how they vary; arrays as in the document."""

    mean_f: NDArray[np.float64]
    std_dev_f: NDArray[np.float64]
    whitening_ff: NDArray[np.float64]
    anchors_af: NDArray[np.float64]
    mean_distances_a: NDArray[np.float64]
    precision_aa: NDArray[np.float64]

    @classmethod
    def of(cls, points_nf: NDArray[np.float64], anchors_af: NDArray[np.float64]) -> Self:
        """The fit to embeddings, with these anchors."""
        mean_f, std_dev_f = points_nf.mean(axis=0), points_nf.std(axis=0)
        # Images that are all the same have no variance: then any other one is far away.
        std_dev_f[std_dev_f == 0.0] = 1.0
        whitening_ff = _whitening((points_nf - mean_f) / std_dev_f)
        distances_na = _anchor_distances(points_nf, mean_f, std_dev_f, whitening_ff, anchors_af)
        covariance_aa = np.cov(distances_na, rowvar=False)
        ridge = REGULARIZATION * float(np.trace(covariance_aa)) / len(anchors_af)
        covariance_aa += max(ridge, _MIN_VARIANCE) * np.eye(len(anchors_af))
        return cls(
            mean_f=mean_f,
            std_dev_f=std_dev_f,
            whitening_ff=whitening_ff,
            anchors_af=anchors_af,
            mean_distances_a=distances_na.mean(axis=0),
            precision_aa=np.asarray(np.linalg.inv(covariance_aa), dtype=np.float64),
        )

    def anchor_distances(self, points_nf: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distances of embeddings to the anchors, shape (n, a)."""
        return _anchor_distances(
            points_nf, self.mean_f, self.std_dev_f, self.whitening_ff, self.anchors_af
        )

    def distance(self, mean_distances_a: NDArray[np.float64]) -> float:
        """D of a window with these mean distances to the anchors."""
        change_a = mean_distances_a - self.mean_distances_a
        return math.sqrt(max(0.0, float(change_a @ self.precision_aa @ change_a)))


@dataclass(frozen=True, kw_only=True, slots=True)
class EmbeddingBaseline:
    """What the embeddings of a window are held against."""

    num_images: int
    features: tuple[str, ...]
    """Names of the projections."""
    fit: AnchorFit
    critical_value: float

    @classmethod
    def of(cls, document: EmbeddingDocument) -> Self:
        """The baseline that a document holds.

        Raises:
            ValueError: An entry has another shape than the others, or is no finite number.
            KeyError: An entry is missing.
            TypeError: An entry is of another type.
        """
        features = tuple(document["features"])
        num_features, num_anchors = len(features), len(document["anchors"])
        size, critical_value = document["item_count"], document["critical_value"]
        if not size >= 1 or not 0 < critical_value < math.inf:
            raise ValueError(f"size {size} or critical value {critical_value} is none")
        std_dev_f = _array(document["std_dev"], (num_features,))
        if not std_dev_f.min(initial=1.0) > 0:
            raise ValueError("a standard deviation is not above 0")
        fit = AnchorFit(
            mean_f=_array(document["mean"], (num_features,)),
            std_dev_f=std_dev_f,
            whitening_ff=_array(document["whitening"], (num_features, num_features)),
            anchors_af=_array(document["anchors"], (num_anchors, num_features)),
            mean_distances_a=_array(document["mean_distances"], (num_anchors,)),
            precision_aa=_array(document["precision"], (num_anchors, num_anchors)),
        )
        return cls(
            num_images=int(size), features=features, fit=fit, critical_value=float(critical_value)
        )

    def threshold(self, size: float) -> float:
        """Largest D that chance explains, for samples of an effective size above 0."""
        return math.sqrt(self.critical_value / size)


class EmbeddingAccumulator:
    """The mean distances to the anchors of any number of blocks of embeddings."""

    def __init__(self, baseline: EmbeddingBaseline) -> None:
        self._baseline = baseline
        self._sum_a = np.zeros(len(baseline.fit.anchors_af))
        self.num_images = 0
        """Images so far of which all projections are known."""

    def update(self, columns: Mapping[str, Column], *, num_records: int) -> None:
        """Add a block of records by column; those that lack a projection do not count."""
        baseline = self._baseline
        if not columns.keys() >= {*baseline.features}:
            return
        points_nf = np.empty((num_records, len(baseline.features)))
        for index, name in enumerate(baseline.features):
            points_nf[:, index] = _numbers(columns[name])
        # What the check of values takes for missing is missing here, too.
        points_nf = points_nf[(np.abs(points_nf) <= MAX_NUMBER).all(axis=1)]
        self._sum_a += baseline.fit.anchor_distances(points_nf).sum(axis=0)
        self.num_images += len(points_nf)

    @property
    def size(self) -> float:
        """Effective size of the baseline and what came so far."""
        return effective_size(self._baseline.num_images, self.num_images)

    def distance(self) -> float:
        """D, once there is an image."""
        return self._baseline.fit.distance(self._sum_a / self.num_images)


def embedding_document(columns: Mapping[str, Column], *, seed: int) -> EmbeddingDocument | None:
    """The baseline of the embeddings of images; None if there are too few.

    Args:
        columns: Finite projections by name, one per image.
        seed: Decides the anchors, and the halves that are compared.
    """
    names = sorted(columns)
    points_nf = np.array([columns[name] for name in names], dtype=np.float64).T
    num_images, num_features = points_nf.shape
    if num_images < MIN_BASELINE_SIZE:
        return None
    generator = np.random.default_rng(seed)
    anchors_af = ANCHOR_SPREAD * generator.standard_normal((NUM_ANCHORS, num_features))
    fit = AnchorFit.of(points_nf, anchors_af)
    return {
        "version": 0.0,
        "item_count": num_images,
        "features": names,
        "mean": fit.mean_f.tolist(),
        "std_dev": fit.std_dev_f.tolist(),
        "whitening": fit.whitening_ff.tolist(),
        "anchors": anchors_af.tolist(),
        "mean_distances": fit.mean_distances_a.tolist(),
        "precision": fit.precision_aa.tolist(),
        "critical_value": _critical_value(points_nf, anchors_af, generator),
    }


def _anchor_distances(
    points_nf: NDArray[np.float64],
    mean_f: NDArray[np.float64],
    std_dev_f: NDArray[np.float64],
    whitening_ff: NDArray[np.float64],
    anchors_af: NDArray[np.float64],
) -> NDArray[np.float64]:
    standard_nf = (points_nf - mean_f) / std_dev_f
    white_nf = np.clip(standard_nf, -MAX_DEVIATIONS, MAX_DEVIATIONS) @ whitening_ff
    # |x - a|^2 = |x|^2 - 2 * x'a + |a|^2, which rounding may turn negative.
    squares_na = white_nf @ (-2.0 * anchors_af.T)
    squares_na += np.square(white_nf).sum(axis=1)[:, np.newaxis]
    squares_na += np.square(anchors_af).sum(axis=1)
    return np.sqrt(np.maximum(squares_na, 0.0))


def _whitening(standard_nf: NDArray[np.float64]) -> NDArray[np.float64]:
    variances_f, directions_ff = np.linalg.eigh(np.atleast_2d(np.cov(standard_nf, rowvar=False)))
    return np.asarray(directions_ff / np.sqrt(np.maximum(variances_f, _MIN_VARIANCE)))


def _critical_value(
    points_nf: NDArray[np.float64],
    anchors_af: NDArray[np.float64],
    generator: np.random.Generator,
) -> float:
    """What D^2 * n * m / (n + m) of one half of the images seldom exceeds beside the other half."""
    num_images = min(len(points_nf), MAX_CALIBRATION_IMAGES)
    values = []
    for _ in range(NUM_SPLITS):
        rows = generator.permutation(len(points_nf))[:num_images]
        halves = points_nf[rows[: num_images // 2]], points_nf[rows[num_images // 2 :]]
        for reference_nf, current_nf in (halves, halves[::-1]):
            fit = AnchorFit.of(reference_nf, anchors_af)
            distance = fit.distance(fit.anchor_distances(current_nf).mean(axis=0))
            values.append(distance**2 * effective_size(len(reference_nf), len(current_nf)))
    # Above 0, for images that are all the same.
    return max(float(np.quantile(values, 1.0 - SIGNIFICANCE)), _MIN_VARIANCE)


def _numbers(column: Column) -> NDArray[np.float64]:
    """A column with NaN in the place of what is no number."""
    if isinstance(column, np.ndarray):
        return column
    return np.array([_number(value) for value in column], dtype=np.float64)


def _number(value: Value) -> float:
    return math.nan if value is None or isinstance(value, str) else value


def _array(values: object, shape: tuple[int, ...]) -> NDArray[np.float64]:
    array = np.array(values, dtype=np.float64)
    if array.shape != shape or not np.isfinite(array).all():
        raise ValueError(f"numbers of the shape {array.shape} are not all finite or not {shape}")
    return array
