"""A batch of images and the answers to them, as a batch transform leaves them."""

import json
from pathlib import Path

import pytest
from PIL import Image

ANSWERS = {
    "a/one.png": ("cat", 0.9),
    "a/two.jpg": ("<b>dog", 0.5),
    "three.PNG": ("cat", 0.7),
}


@pytest.fixture
def images_dir(tmp_path: Path) -> Path:
    """Three images, one of them in the input's root."""
    folder = tmp_path / "images"
    for name in ANSWERS:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), "red").save(folder / name)
    return folder


@pytest.fixture
def answers_dir(tmp_path: Path) -> Path:
    """An answer to each of the images."""
    folder = tmp_path / "answers"
    for name, (label, probability) in ANSWERS.items():
        path = folder / f"{name}.out"
        path.parent.mkdir(parents=True, exist_ok=True)
        answer = {"brightness": 0.25, "predicted_label": label, "probability": probability}
        path.write_text(json.dumps(answer))
    return folder
