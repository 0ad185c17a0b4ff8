"""A tiny artifact and encoded images for the tests of the model package."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from inference.artifact import Artifact, Spec, write_artifact
from inference.model import build_classifier
from inference.transforms import Normalization


@pytest.fixture
def artifact() -> Artifact:
    """An untrained network for three labels and images of 16 pixels."""
    torch.manual_seed(0)
    return Artifact(
        network=build_classifier("small_cnn", num_labels=3).eval(),
        spec=Spec(
            architecture="small_cnn",
            image_size=16,
            normalization=Normalization(mean=(0.5, 0.4, 0.3), std=(0.2, 0.25, 0.5)),
        ),
        labels=("cat", "dog", "owl"),
    )


@pytest.fixture
def model_dir(artifact: Artifact, tmp_path: Path) -> Path:
    """The artifact, written."""
    write_artifact(tmp_path / "model", artifact, {"history": []})
    return tmp_path / "model"


@pytest.fixture
def encode() -> Callable[..., bytes]:
    """Encodes a Pillow image; as PNG unless told otherwise."""

    def encode(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
        buffer = io.BytesIO()
        image.save(buffer, kind, **options)
        return buffer.getvalue()

    return encode
