"""Mean and standard deviation of the training split's channels."""

import numpy as np

from inference.transforms import Normalization
from steps.dataset import Dataset

CHUNK_BYTES = 4 * 1024 * 1024
"""Pixels that are in memory at a time."""

MINIMUM_STD = 0.01
"""For images that are all of one colour."""


def channel_normalization(dataset: Dataset) -> Normalization:
    """The normalization that gives the split's channels mean 0 and standard deviation 1.

    The sums are of integers, so that neither order nor chunks matter.
    """
    histograms = np.zeros((3, 256), dtype=np.int64)
    rows = np.arange(len(dataset))
    chunk = max(1, CHUNK_BYTES // (dataset.image_size**2 * 3))
    for start in range(0, len(dataset), chunk):
        pixels = dataset.take(rows[start : start + chunk]).reshape(-1, 3)
        for channel in range(3):
            histograms[channel] += np.bincount(pixels[:, channel], minlength=256)
    levels = np.arange(256)
    total, total_squared = histograms @ levels, histograms @ levels**2
    num_pixels = len(dataset) * dataset.image_size**2
    mean = total / num_pixels / 255
    variance = total_squared / num_pixels / 255**2 - mean**2
    red, green, blue = (float(value) for value in mean)
    std = np.sqrt(variance.clip(MINIMUM_STD**2))
    return Normalization(mean=(red, green, blue), std=(float(std[0]), float(std[1]), float(std[2])))
