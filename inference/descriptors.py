"""Image descriptors: numbers that tell a changed camera, whatever the pictures show.

They must cost far less than decoding the image, so the colours come from a regular grid of pixels
and the sharpness from untouched pixels in the middle: shrinking an image would hide its blur.
"""

import numpy as np
from PIL import Image

MAX_GRID = 128
"""Most rows and columns of the grid that brightness, contrast and channel means are taken over."""

MAX_WINDOW = 192
"""Largest side in pixels of the window that sharpness is taken over."""

_STENCIL_SIDE = 3
_WHITE = 255
_LEVELS = np.arange(_WHITE + 1)


def describe(image: Image.Image) -> dict[str, float | str]:
    """Descriptors of an RGB image, by name.

    Means and `brightness` (mean luma) are in [0, 1], `contrast` is the standard deviation of the
    luma, `sharpness` the variance of its Laplacian, `size_bucket` the range of the shorter side.
    Luma is Pillow's mode "L": 0.299 red + 0.587 green + 0.114 blue.
    """
    size = (min(image.width, MAX_GRID), min(image.height, MAX_GRID))
    grid = image.resize(size, Image.Resampling.NEAREST)
    (red, _), (green, _), (blue, _) = _moments(grid)
    [(brightness, contrast)] = _moments(grid.convert("L"))
    return {
        "blue_mean": blue,
        "brightness": brightness,
        "contrast": contrast,
        "green_mean": green,
        "red_mean": red,
        "sharpness": _sharpness(image),
        "size_bucket": size_bucket(image.width, image.height),
    }


def size_bucket(width: int, height: int) -> str:
    """Range of powers of two that holds the shorter side, for example `256_to_511`."""
    exponent = min(width, height).bit_length() - 1
    return f"{2**exponent}_to_{2 ** (exponent + 1) - 1}"


def _moments(image: Image.Image) -> list[tuple[float, float]]:
    """Mean and standard deviation of each channel's values in [0, 1].

    Summed in whole numbers, so that the answer is the same to the last bit on every machine.
    """
    counts = np.array(image.histogram(), dtype=np.int64).reshape(-1, _LEVELS.size)
    num_pixels = image.width * image.height
    sums, squares = counts @ _LEVELS, counts @ _LEVELS**2
    means = sums / (num_pixels * _WHITE)
    deviations = np.sqrt(num_pixels * squares - sums**2) / (num_pixels * _WHITE)
    return list(zip(means.tolist(), deviations.tolist(), strict=True))


def _sharpness(image: Image.Image) -> float:
    """Variance of the Laplacian in the middle of the image; 0 where it has no inner pixel.

    Source: J. Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy: a
        comparative study", ICPR 2000, https://doi.org/10.1109/ICPR.2000.903548
    """
    width, height = min(image.width, MAX_WINDOW), min(image.height, MAX_WINDOW)
    if min(width, height) < _STENCIL_SIDE:
        return 0.0
    left, top = (image.width - width) // 2, (image.height - height) // 2
    window = image.crop((left, top, left + width, top + height)).convert("L")
    luma = np.asarray(window).astype(np.int32)
    laplacian = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    laplacian -= 4 * luma[1:-1, 1:-1]
    return float(laplacian.var() / _WHITE**2)
