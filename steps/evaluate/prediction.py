"""Asks a model about test images through the handler that serves it, with the original bytes."""

import json
import logging
import tarfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inference.artifact import Artifact
from inference.contract import (
    CONTENT_TYPE_BY_SUFFIX,
    RESPONSE_TYPES,
    FieldType,
    response_fields,
)
from inference.errors import RequestError
from inference.handler import model_fn
from inference.serving import input_fn, output_fn, predict_fn
from steps.dataset import ORIGINALS_DIR, Dataset
from steps.evaluate.training import Training

logger = logging.getLogger(__name__)

LOG_INTERVAL_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledImage:
    """One image of the test split."""

    file: str
    """`<label>/<name>`."""
    label: str
    path: Path
    """The file as it was collected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """A model as the handler has it, and what is known of its training."""

    artifact: Artifact
    training: Training


@dataclass(frozen=True, kw_only=True, slots=True)
class Prediction:
    """A model's answer to one test image."""

    image: LabelledImage
    response: Mapping[str, float | str]
    """Every field of the handler's response."""

    @property
    def predicted_label(self) -> str:
        """The most probable label."""
        return str(self.response["predicted_label"])

    @property
    def probability(self) -> float:
        """Probability of the predicted label."""
        return float(self.response["probability"])

    @property
    def is_correct(self) -> bool:
        """Whether the predicted label is the actual one."""
        return self.predicted_label == self.image.label


def labelled_images(
    dataset: Dataset, test_dir: Path, max_images: int | None
) -> list[LabelledImage]:
    """The images of a test split in the order of their rows.

    Args:
        dataset: The split in `test_dir`.
        test_dir: Folder of the split, with the image files under `originals/`.
        max_images: Take about this many, evenly spaced, so that most labels are among them.

    Raises:
        FileNotFoundError: An image file is missing.
    """
    rows = np.arange(len(dataset))
    if max_images is not None and max_images < len(rows):
        rows = np.linspace(0, len(rows) - 1, max_images).round().astype(np.int64)
    images = [
        LabelledImage(
            file=dataset.files[row],
            label=dataset.labels[dataset.label_indices[row]],
            path=test_dir / ORIGINALS_DIR / dataset.files[row],
        )
        for row in rows.tolist()
    ]
    if missing := [image.file for image in images if not image.path.is_file()]:
        raise FileNotFoundError(
            f"Test split {test_dir} lists {len(missing)} images that '{ORIGINALS_DIR}' does not "
            f"hold, for example '{missing[0]}'. Run Preprocess again."
        )
    return images


def load_model(archive: Path, target_dir: Path) -> Model:
    """Unpack a model's archive and load it as the endpoint would.

    Raises:
        FileNotFoundError: There is no such file.
        tarfile.FilterError: A member would be written outside of `target_dir`.
        ArtifactError: The content is no artifact.
    """
    if not archive.is_file():
        found = sorted(path.name for path in archive.parent.glob("*"))
        raise FileNotFoundError(
            f"No '{archive.name}' in {archive.parent}. Found: {', '.join(found[:10]) or 'nothing'}."
        )
    with tarfile.open(archive) as file:
        file.extractall(target_dir, filter="data")
    return Model(artifact=model_fn(str(target_dir)), training=Training.read(target_dir))


def predict(model: Model, images: Sequence[LabelledImage]) -> list[Prediction]:
    """Ask a model about every image, one request per image, as callers do.

    Raises:
        ValueError: The handler refuses an image, or its response lacks a field.
    """
    started = logged = time.perf_counter()
    predictions = []
    for image in images:
        predictions.append(Prediction(image=image, response=_ask(model, image)))
        if time.perf_counter() - logged > LOG_INTERVAL_SECONDS:
            logged = time.perf_counter()
            logger.info("%d of %d images", len(predictions), len(images))
    seconds = time.perf_counter() - started
    num_images = len(images)
    logger.info("%d images in %.1f s (%.0f per second)", num_images, seconds, num_images / seconds)
    return predictions


def _ask(model: Model, image: LabelledImage) -> dict[str, float | str]:
    content_type = CONTENT_TYPE_BY_SUFFIX[image.path.suffix.lower()]
    try:
        data = input_fn(image.path.read_bytes(), content_type)
    except RequestError as error:
        raise ValueError(f"The handler refuses test image '{image.file}': {error}") from error
    body, _ = output_fn(predict_fn(data, model.artifact), RESPONSE_TYPES[0])
    response: dict[str, float | str] = json.loads(body)
    _check_fields(response, image, num_labels=len(model.artifact.labels))
    return response


def _check_fields(
    response: Mapping[str, float | str], image: LabelledImage, *, num_labels: int
) -> None:
    kinds = {
        field.name: str if field.type is FieldType.STRING else float
        for field in response_fields(num_labels)
    }
    wrong = [name for name, kind in kinds.items() if not isinstance(response.get(name), kind)]
    if wrong or response.keys() != kinds.keys():
        differing = sorted({*wrong, *(response.keys() ^ kinds.keys())})
        raise ValueError(
            f"The response to test image '{image.file}' does not fit the contract in the fields "
            f"{', '.join(differing)}. Expected: "
            f"{', '.join(f'{name} ({kind.__name__})' for name, kind in kinds.items())}."
        )
