"""Image descriptors: numbers that tell a changed camera, whatever the pictures show.

They must cost far less than decoding the image, so the colours come from a regular grid of pixels
and the sharpness from untouched pixels in the middle: shrinking an image would hide its blur.
Sums are of whole numbers, which floats hold exactly whatever the order, so that the answer is the
same to the last bit on every machine.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MAX_GRID = 64
"""Most rows and columns of the grid that brightness, contrast and channel means are taken over.

The error of a mean over 64 x 64 pixels is at most 1/64 of their standard deviation.
"""

MAX_WINDOW = 96
"""Largest side in pixels of the window that sharpness is taken over."""

_STENCIL_SIDE = 3
_WHITE = 255


def describe(image: Image.Image) -> dict[str, float | str]:
    """Descriptors of an RGB image, by name.

    Means and `brightness` (mean luma) are in [0, 1], `contrast` is the standard deviation of the
    luma, `sharpness` the variance of its Laplacian, `size_bucket` the range of the shorter side.
    Luma is Pillow's mode "L": 0.299 red + 0.587 green + 0.114 blue.
    """
    size = (min(image.width, MAX_GRID), min(image.height, MAX_GRID))
    grid = image.resize(size, Image.Resampling.NEAREST)
    red, green, blue = _channel_means(np.asarray(grid))
    brightness, variance = _moments(np.asarray(grid.convert("L")))
    return {
        "blue_mean": blue,
        "brightness": brightness,
        "contrast": variance**0.5,
        "green_mean": green,
        "red_mean": red,
        "sharpness": _sharpness(image),
        "size_bucket": size_bucket(image.width, image.height),
    }


def size_bucket(width: int, height: int) -> str:
    """Range of powers of two that holds the shorter side, for example `256_to_511`."""
    exponent = min(width, height).bit_length() - 1
    return f"{2**exponent}_to_{2 ** (exponent + 1) - 1}"


def _channel_means(pixels_hw3: NDArray[np.uint8]) -> list[float]:
    """Mean of each channel, for values in [0, 1]."""
    pixels = pixels_hw3.reshape(-1, 3).astype(np.float64)
    # A product with ones adds several times faster than a sum over the first axis.
    sums = np.ones(len(pixels)) @ pixels
    means: list[float] = (sums / (len(pixels) * _WHITE)).tolist()
    return means


def _moments(values: NDArray[np.integer]) -> tuple[float, float]:
    """Mean and variance of integers that stand for values in [0, 1]."""
    numbers = values.ravel().astype(np.float64)
    total, squares = float(numbers.sum()), float(numbers @ numbers)
    mean = total / (numbers.size * _WHITE)
    variance = (numbers.size * squares - total**2) / (numbers.size * _WHITE) ** 2
    return mean, variance


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
    # At most 4 * 255 in size; smaller integers are added faster.
    luma = np.asarray(window).astype(np.int16)
    laplacian = luma[:-2, 1:-1] + luma[2:, 1:-1]
    laplacian += luma[1:-1, :-2]
    laplacian += luma[1:-1, 2:]
    laplacian -= 4 * luma[1:-1, 1:-1]
    _, variance = _moments(laplacian)
    return variance
