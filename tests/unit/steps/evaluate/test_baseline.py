"""Tests of the baselines that Evaluate computes."""

from pathlib import Path

import numpy as np
import pytest

from inference.contract import PROJECTION_FIELDS, FieldType, response_fields
from monitoring.baseline import Baseline, Expectation
from monitoring.classification import confusion_matrix
from monitoring.documents import document_text
from steps.evaluate.baseline import compute_baseline
from steps.evaluate.prediction import LabelledImage, Prediction

LABELS = ("cat", "dog", "owl")


def predictions(num_images: int) -> list[Prediction]:
    """Random answers that name cats and dogs in turn."""
    generator = np.random.default_rng(1)
    return [
        Prediction(
            image=LabelledImage(file=f"{index}.png", label=LABELS[index % 3], path=Path("-")),
            response={
                field.name: float(generator.random())
                if field.type is FieldType.FRACTIONAL
                else LABELS[index % 2]
                for field in response_fields(len(LABELS))
            },
        )
        for index in range(num_images)
    ]


def written(num_images: int, folder: Path) -> set[str]:
    """Write the baselines' files, and list them."""
    items = predictions(num_images)
    matrix = confusion_matrix(
        LABELS,
        actual=[item.image.label for item in items],
        predicted=[item.predicted_label for item in items],
    )
    documents = compute_baseline(matrix, items).documents()
    for path, document in documents.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(document_text(document))
    return set(documents)


@pytest.mark.parametrize(("num_images", "has_embedding"), [(39, False), (40, True)])
def test_files(num_images: int, has_embedding: bool, tmp_path: Path) -> None:
    """Two files of each kind, and that of the embeddings where the images are enough."""
    expected = {
        "data_quality/constraints.json",
        "data_quality/statistics.json",
        "model_quality/constraints.json",
        "model_quality/statistics.json",
        *(["data_quality/embedding.json"] if has_embedding else []),
    }
    assert written(num_images, tmp_path) == expected


def test_everything_is_compared(tmp_path: Path) -> None:
    """Descriptors, confidence, the predicted label and the embeddings all have a comparison."""
    written(60, tmp_path)
    folder = tmp_path / "data_quality"
    baseline = Baseline.load(folder / "statistics.json", folder / "constraints.json")
    assert list(baseline.features) == [field.name for field in response_fields(len(LABELS))]

    def is_compared(feature: Expectation) -> bool:
        size = feature.numbers[1].sum() if feature.is_numeric else sum(feature.texts.values())
        settings = feature.settings
        return bool(settings.is_evaluated and settings.is_compared and settings.is_robust and size)

    assert all(map(is_compared, baseline.features.values()))
    assert baseline.features["predicted_label"].domain == set(LABELS)
    assert baseline.embedding is not None
    assert baseline.embedding.features == PROJECTION_FIELDS
    assert baseline.embedding.num_images == 60
