"""A test split of generated images, and models for it, as Preprocess and Train would leave them."""

import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from inference.artifact import Artifact, Spec, write_artifact
from inference.contract import ARCHITECTURES
from inference.model import build_classifier
from inference.transforms import Normalization
from steps.dataset import PartWriter, write_facts

LABELS = ("ant & bee", "<b>cat", "dog")
FILES = tuple(
    f"{label}/{index}{suffix}"
    for label in LABELS
    for index, suffix in enumerate((".png", ".jpg", ".webp", ".bmp"))
)
DATA_DIGEST = "d" * 64
IMAGE_SIZE = 16

TRAINING: dict[str, object] = {
    "code_digest": "c" * 64,
    "data_digest": DATA_DIGEST,
    "history": [
        {"epoch": 0, "train_loss": 1.1, "validation_accuracy": 0.4, "validation_loss": 1.2},
        {"epoch": 1, "train_loss": 0.6, "validation_accuracy": 0.7, "validation_loss": 0.8},
        {"epoch": 2, "train_loss": 0.4, "validation_accuracy": 0.6, "validation_loss": 0.9},
    ],
    "best_epoch": 1,
    "num_images": {"train": 40, "validation": 12},
    "hyperparameters": {"architecture": "small_cnn", "learning_rate": 0.003},
}


@pytest.fixture(scope="session")
def test_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A test split of three labels with four images each, in four formats."""
    directory = tmp_path_factory.mktemp("split")
    generator = np.random.default_rng(5)
    write_facts(
        directory,
        {"data_digest": DATA_DIGEST, "image_size": IMAGE_SIZE, "labels": list(LABELS)},
    )
    with PartWriter(directory, index=0, num_parts=1, image_size=IMAGE_SIZE) as part:
        for file in FILES:
            pixels = generator.integers(0, 256, (IMAGE_SIZE, IMAGE_SIZE, 3)).astype(np.uint8)
            path = directory / "originals" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
            part.add(file, LABELS.index(file.partition("/")[0]), pixels)
    return directory


@pytest.fixture(scope="session")
def make_archive(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A function that writes the `model.tar.gz` of an untrained network into a new folder."""

    def make(
        *,
        seed: int = 0,
        labels: tuple[str, ...] = LABELS,
        training: dict[str, object] = TRAINING,
    ) -> Path:
        directory = tmp_path_factory.mktemp("model")
        torch.manual_seed(seed)
        network = build_classifier(ARCHITECTURES[0], num_labels=len(labels))
        normalization = Normalization(mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
        spec = Spec(
            architecture=ARCHITECTURES[0], image_size=IMAGE_SIZE, normalization=normalization
        )
        artifact = Artifact(network=network, spec=spec, labels=labels)
        write_artifact(directory / "content", artifact, training)
        with tarfile.open(directory / "model.tar.gz", "w:gz") as archive:
            archive.add(directory / "content", arcname=".")
        return directory

    return make


@pytest.fixture(scope="session")
def model_dir(make_archive: Callable[..., Path]) -> Path:
    """The input `model`."""
    return make_archive()


@pytest.fixture
def placeholder_dir(tmp_path: Path) -> Path:
    """The input `approved` where no model is approved."""
    directory = tmp_path / "placeholder"
    directory.mkdir()
    (directory / "README.txt").write_text("No model package is approved yet.\n", encoding="utf-8")
    return directory
