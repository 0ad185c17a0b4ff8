"""Encoded bytes to pixels: decoding and resizing, the same in preprocessing and in serving.

Every kind of image becomes 8-bit RGB in its upright orientation, on white where it is transparent.
"""

import io
import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from inference.contract import MAX_IMAGE_PIXELS

FORMATS = ("BMP", "JPEG", "PNG", "WEBP")
"""Formats that are tried, by their content; Pillow's other decoders never see a caller's bytes."""

# What Pillow's decoders raise on damaged bytes: many errors, with no base class of their own.
_DECODER_ERRORS = (
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    OverflowError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)

_REDUCING_GAP = 3.0
"""Lets large images shrink in two stages, which is several times faster.

Source: Pillow documentation, Image.resize: from 3.0 on, hardly distinguishable from one stage,
https://pillow.readthedocs.io/en/stable/reference/Image.html
"""

_ORIENTATION_TAG = 0x0112
# Source: CIPA DC-008, "Exchangeable image file format for digital still cameras", tag Orientation.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class ImageError(ValueError):
    """Bytes that are no readable image; the message is the reason, without a final stop."""


class ImageTooLargeError(ImageError):
    """An image that would unpack to more pixels than allowed."""


def decode(body: bytes, *, max_pixels: int = MAX_IMAGE_PIXELS) -> Image.Image:
    """Decode an image to RGB.

    Args:
        body: The encoded image: PNG, JPEG, WebP or BMP; of several frames the first.
        max_pixels: Most pixels to unpack.

    Raises:
        ImageError: The bytes are no image of these formats, or are damaged.
        ImageTooLargeError: The image is larger; its pixels were not unpacked.
    """
    if not body:
        raise ImageError("it is empty")
    try:
        with Image.open(io.BytesIO(body), formats=FORMATS) as image:
            if image.width * image.height > max_pixels:
                raise ImageTooLargeError(
                    f"it has {image.width} x {image.height} pixels; at most {max_pixels} are read"
                )
            image.load()
            return _upright(image, _to_rgb(image))
    except ImageError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageTooLargeError(f"it has more than {max_pixels} pixels") from error
    except UnidentifiedImageError as error:
        raise ImageError("it is no PNG, JPEG, WebP or BMP image") from error
    except _DECODER_ERRORS as error:
        raise ImageError(f"it is damaged: {str(error) or type(error).__name__}") from error


def resize(image: Image.Image, size: int) -> NDArray[np.uint8]:
    """The largest centred square of an RGB image, as pixels of shape (size, size, 3)."""
    if image.size != (size, size):
        side = min(image.size)
        left, top = (image.width - side) / 2, (image.height - side) / 2
        box = (left, top, left + side, top + side)
        image = image.resize((size, size), Image.Resampling.BILINEAR, box, _REDUCING_GAP)
    return np.asarray(image)


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith("I"):
        # 16-bit grey: Pillow's own conversion clips at 255 instead of scaling.
        high_bytes = (np.asarray(image) >> 8).clip(0, 255).astype(np.uint8)
        return Image.fromarray(high_bytes).convert("RGB")
    if image.mode in {"LA", "La", "PA", "RGBA", "RGBa"} or "transparency" in image.info:
        coloured = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, coloured).convert("RGB")
    return image.convert("RGB")


def _upright(image: Image.Image, rgb: Image.Image) -> Image.Image:
    try:
        orientation = image.getexif().get(_ORIENTATION_TAG)
    except _DECODER_ERRORS:
        # Damaged metadata says nothing about the pixels.
        orientation = None
    method = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    return rgb if method is None else rgb.transpose(method)
