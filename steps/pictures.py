"""Small pictures inside a page, decoded as the model decodes them."""

import base64
import io
from pathlib import Path

from inference.images import decode
from monitoring.markup import Markup, element

MAX_SIDE = 160
"""Longest side in pixels; a page with two dozen pictures stays under a megabyte."""

MAX_EXACT_SIDE = 96
"""Pictures up to this side are kept without loss and enlarged without smoothing."""


def picture(path: Path, alternative: str) -> Markup:
    """An `img` element that carries its picture.

    Args:
        path: An image file.
        alternative: What to read where the picture cannot be seen.
    """
    return picture_of(path.read_bytes(), alternative)


def picture_of(content: bytes, alternative: str) -> Markup:
    """An `img` element that carries its picture.

    Args:
        content: An encoded image.
        alternative: What to read where the picture cannot be seen.
    """
    image = decode(content)
    is_exact = max(image.size) <= MAX_EXACT_SIDE
    image.thumbnail((MAX_SIDE, MAX_SIDE))
    buffer = io.BytesIO()
    if is_exact:
        image.save(buffer, format="PNG", optimize=True)
    else:
        image.save(buffer, format="JPEG", quality=85)
    kind = "png" if is_exact else "jpeg"
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return element(
        "img",
        src=f"data:image/{kind};base64,{data}",
        alt=alternative,
        class_="pixels" if is_exact else None,
    )
