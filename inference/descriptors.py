"""Image descriptors: numbers that tell a changed camera, whatever the pictures show.

They must cost far less than decoding the image, so the colours come from a regular grid of pixels
and the sharpness from untouched pixels in the middle: shrinking an image would hide its blur.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MAX_GRID = 128
"""Most rows and columns of the grid that brightness, contrast and channel means are taken over."""

MAX_WINDOW = 192
"""Side in pixels of the window that sharpness is taken over."""

_STENCIL_SIDE = 3

_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32) / 255
"""Weights of red, green and blue in the luma, from 8-bit values to [0, 1].

Source: Recommendation ITU-R BT.601-7, section 2.5.1, https://www.itu.int/rec/R-REC-BT.601
"""


def describe(image: Image.Image) -> dict[str, float | str]:
    """Descriptors of an RGB image, by name.

    Means and `brightness` (mean luma) are in [0, 1], `contrast` is the standard deviation of the
    luma, `sharpness` the variance of its Laplacian, `size_bucket` the range of the shorter side.
    """
    pixels = np.asarray(image)
    height, width, _ = pixels.shape
    grid = pixels[:: -(-height // MAX_GRID), :: -(-width // MAX_GRID)]
    luma = grid @ _LUMA
    red, green, blue = grid.reshape(-1, 3).mean(axis=0, dtype=np.float64) / 255
    return {
        "blue_mean": float(blue),
        "brightness": float(luma.mean(dtype=np.float64)),
        "contrast": float(luma.std(dtype=np.float64)),
        "green_mean": float(green),
        "red_mean": float(red),
        "sharpness": _sharpness(pixels),
        "size_bucket": size_bucket(width, height),
    }


def size_bucket(width: int, height: int) -> str:
    """Range of powers of two that holds the shorter side, for example `256_to_511`."""
    exponent = min(width, height).bit_length() - 1
    return f"{2**exponent}_to_{2 ** (exponent + 1) - 1}"


def _sharpness(pixels: NDArray[np.uint8]) -> float:
    """Variance of the Laplacian in the middle of the image; 0 where it has no inner pixel.

    Source: J. Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy: a
        comparative study", ICPR 2000, https://doi.org/10.1109/ICPR.2000.903548
    """
    height, width, _ = pixels.shape
    top, left = max(0, height - MAX_WINDOW) // 2, max(0, width - MAX_WINDOW) // 2
    luma = pixels[top : top + MAX_WINDOW, left : left + MAX_WINDOW] @ _LUMA
    if min(luma.shape) < _STENCIL_SIDE:
        return 0.0
    centre = luma[1:-1, 1:-1]
    laplacian = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:] - 4 * centre
    return float(laplacian.var(dtype=np.float64))
