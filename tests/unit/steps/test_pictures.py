"""Tests of the pictures inside pages."""

import base64
import io
import re
from pathlib import Path

import pytest
from PIL import Image

from steps.pictures import picture


@pytest.mark.parametrize(
    ("size", "kind", "shown"),
    [((60, 40), "png", (60, 40)), ((640, 480), "jpeg", (160, 120))],
    ids=["small", "large"],
)
def test_picture(size: tuple[int, int], kind: str, shown: tuple[int, int], tmp_path: Path) -> None:
    """Small pictures are kept without loss, large ones shrunk."""
    path = tmp_path / "image.png"
    Image.new("RGB", size, "red").save(path)
    found = re.search(r'src="data:image/(\w+);base64,([^"]+)"', picture(path, "red"))
    assert found is not None
    assert found[1] == kind
    assert Image.open(io.BytesIO(base64.b64decode(found[2]))).size == shown
