"""Mean and standard deviation of the training split's channels."""

import numpy as np

from inference.transforms import Normalization
from steps.dataset import Dataset

CHUNK = 512
MINIMUM_STD = 0.01
"""For images that are all of one colour."""


def channel_normalization(dataset: Dataset) -> Normalization:
    """The normalization that gives the split's channels mean 0 and standard deviation 1.

    The sums are of integers, so that neither order nor chunks matter.
    """
    total, total_squared = np.zeros(3, dtype=np.int64), np.zeros(3, dtype=np.int64)
    rows = np.arange(len(dataset))
    for start in range(0, len(dataset), CHUNK):
        pixels = dataset.take(rows[start : start + CHUNK]).reshape(-1, 3).astype(np.int64)
        total += pixels.sum(axis=0)
        total_squared += (pixels**2).sum(axis=0)
    num_pixels = len(dataset) * dataset.image_size**2
    mean = total / num_pixels / 255
    variance = total_squared / num_pixels / 255**2 - mean**2
    red, green, blue = (float(value) for value in mean)
    std = np.sqrt(variance.clip(MINIMUM_STD**2))
    return Normalization(mean=(red, green, blue), std=(float(std[0]), float(std[1]), float(std[2])))
