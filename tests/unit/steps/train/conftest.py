"""Two tiny splits whose labels a few steps can learn."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from steps.dataset import Dataset, PartWriter, write_facts

SIZE = 8
LABELS = ["bright", "dark", "striped"]


def write_split(directory: Path, num_images: int, seed: int, data_digest: str = "0f") -> Path:
    """Write a split of bright, dark and striped images in turn."""
    generator = np.random.default_rng(seed)
    with PartWriter(directory, index=0, num_parts=1, image_size=SIZE) as writer:
        for index in range(num_images):
            label = index % len(LABELS)
            base = np.full((SIZE, SIZE, 3), (200, 60, 130)[label], dtype=np.int64)
            if label == 2:
                base[:, ::2] -= 120
            pixels = (base + generator.integers(0, 50, base.shape)).astype(np.uint8)
            writer.add(f"{LABELS[label]}/{index:03}.png", label, pixels)
    write_facts(directory, {"data_digest": data_digest, "image_size": SIZE, "labels": list(LABELS)})
    return directory


@pytest.fixture
def splits(tmp_path: Path) -> Path:
    """Folder with the folders `train` and `validation`."""
    write_split(tmp_path / "splits" / "train", 48, seed=1)
    write_split(tmp_path / "splits" / "validation", 15, seed=2)
    return tmp_path / "splits"


@pytest.fixture
def train_split(splits: Path) -> Dataset:
    """The training split."""
    return Dataset.open(splits / "train")


@pytest.fixture
def validation_split(splits: Path) -> Dataset:
    """The validation split."""
    return Dataset.open(splits / "validation")


@pytest.fixture
def encode_flat() -> Callable[[int], bytes]:
    """Encodes an image of one grey value as PNG."""

    def encode_flat(value: int) -> bytes:
        buffer = io.BytesIO()
        Image.new("RGB", (SIZE, SIZE), (value,) * 3).save(buffer, "PNG")
        return buffer.getvalue()

    return encode_flat


@pytest.fixture(autouse=True)
def _leave_torch_as_it_was() -> Iterator[None]:
    """Training switches torch to deterministic algorithms, for the whole process."""
    mode = torch.get_deterministic_debug_mode()
    yield
    torch.set_deterministic_debug_mode(mode)
