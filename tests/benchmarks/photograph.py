"""What the benchmarks of serving ask: a photograph, and a model of the default network."""

import io
from pathlib import Path

import torch
from PIL import Image
from sklearn.datasets import load_sample_image

from inference.artifact import Artifact, Spec, write_artifact
from inference.model import build_classifier
from inference.transforms import IMAGENET

SIZE = (640, 480)
IMAGE_SIDE = 96
"""Side of the network's input: a small one, so that little hides what serving adds."""

_QUALITY = 90
_NUM_LABELS = 10


def photograph() -> bytes:
    """A JPEG of 640 x 480 pixels and about 50 kB: a flower, which ships inside scikit-learn."""
    buffer = io.BytesIO()
    image = Image.fromarray(load_sample_image("flower.jpg")).resize(SIZE)
    image.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()


def write_model(model_dir: Path, image_side: int = IMAGE_SIDE) -> None:
    """Write the artifact of an untrained default network."""
    torch.manual_seed(0)
    network = build_classifier("small_cnn", num_labels=_NUM_LABELS).eval()
    artifact = Artifact(
        network=network,
        spec=Spec(architecture="small_cnn", image_size=image_side, normalization=IMAGENET),
        labels=tuple(f"label-{index}" for index in range(_NUM_LABELS)),
    )
    write_artifact(model_dir, artifact, training={})
