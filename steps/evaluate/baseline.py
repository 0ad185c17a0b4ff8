"""The baselines: what an endpoint with this model answers to images like the test split's.

The thresholds of the data-quality constraints are Model Monitor's defaults. They and those of the
embeddings leave 1 of 20 windows of 500 images at most with a false alarm, and find a blur, less
light and a new kind of object: `tests/benchmarks/drift.py` measures it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inference.contract import PROJECTION_FIELDS, FieldType, response_fields
from monitoring.baseline import EMBEDDING_FILE
from monitoring.classification import ConfusionMatrix
from monitoring.data_constraints import suggest_data_constraints
from monitoring.data_quality import DataConstraints, DataStatistics
from monitoring.data_statistics import data_statistics
from monitoring.embedding_drift import EmbeddingDocument, embedding_document
from monitoring.model_quality import (
    ModelConstraints,
    ModelStatistics,
    model_statistics,
    suggest_model_constraints,
)
from steps.baseline_files import (
    CONSTRAINTS_FILE,
    DATA_QUALITY_DIR,
    MODEL_QUALITY_DIR,
    STATISTICS_FILE,
)
from steps.evaluate.prediction import Prediction

SUBSAMPLE_SEED = 0
"""Decides the subsamples behind the standard deviations of the model-quality metrics."""

EMBEDDING_SEED = 0
"""Decides the points, and the halves of the baseline, by which embeddings are compared."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Baseline:
    """The files."""

    data_statistics: DataStatistics
    data_constraints: DataConstraints
    embedding: EmbeddingDocument | None
    """None, and no file, where the images are too few."""
    model_statistics: ModelStatistics
    model_constraints: ModelConstraints

    def documents(self) -> dict[str, Mapping[str, object]]:
        """Content of each file, by its path in the baseline output."""
        documents: dict[str, Mapping[str, object]] = {
            f"{DATA_QUALITY_DIR}/{STATISTICS_FILE}": self.data_statistics,
            f"{DATA_QUALITY_DIR}/{CONSTRAINTS_FILE}": self.data_constraints,
            f"{MODEL_QUALITY_DIR}/{STATISTICS_FILE}": self.model_statistics,
            f"{MODEL_QUALITY_DIR}/{CONSTRAINTS_FILE}": self.model_constraints,
        }
        if self.embedding is not None:
            documents[f"{DATA_QUALITY_DIR}/{EMBEDDING_FILE}"] = self.embedding
        return documents


def compute_baseline(matrix: ConfusionMatrix, predictions: Sequence[Prediction]) -> Baseline:
    """The baselines of a model.

    Args:
        matrix: Its confusion matrix; every label of the model is in it.
        predictions: Its answers.
    """
    fields = response_fields(len(matrix.labels))
    columns: dict[str, list[float | str]] = {
        field.name: [prediction.response[field.name] for prediction in predictions]
        for field in fields
    }
    statistics = data_statistics(columns)
    numbers = [field for field in fields if field.type is FieldType.FRACTIONAL]
    labels = [field for field in fields if field.name.endswith("_label")]
    return Baseline(
        data_statistics=statistics,
        data_constraints=suggest_data_constraints(
            statistics,
            non_negative={field.name: field.is_non_negative for field in numbers},
            domains={field.name: matrix.labels for field in labels},
        ),
        embedding=embedding_document(
            {name: columns[name] for name in PROJECTION_FIELDS}, seed=EMBEDDING_SEED
        ),
        model_statistics=model_statistics(matrix, seed=SUBSAMPLE_SEED),
        model_constraints=suggest_model_constraints(matrix),
    )
