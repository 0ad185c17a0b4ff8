"""Normalization of the training split."""

import numpy as np
import pytest
from numpy.typing import NDArray

from steps.dataset import Dataset
from steps.train import statistics
from steps.train.statistics import channel_normalization


def test_channels_get_mean_zero_and_deviation_one(
    train_split: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mean and deviation are those of all pixels, however many chunks they come in."""
    monkeypatch.setattr(statistics, "CHUNK_BYTES", 1500)
    sizes = []
    take = Dataset.take

    def watch(dataset: Dataset, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        pixels = take(dataset, rows)
        sizes.append(pixels.nbytes)
        return pixels

    monkeypatch.setattr(Dataset, "take", watch)
    found = channel_normalization(train_split)
    assert max(sizes) <= 1500, "large images come in smaller chunks"
    assert len(sizes) == 7
    values = train_split.take(np.arange(len(train_split))).reshape(-1, 3) / 255
    assert found.mean == pytest.approx(values.mean(axis=0))
    assert found.std == pytest.approx(values.std(axis=0))
