"""Normalization of the training split."""

import numpy as np
import pytest

from steps.dataset import Dataset
from steps.train import statistics
from steps.train.statistics import channel_normalization


def test_channels_get_mean_zero_and_deviation_one(
    train_split: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mean and deviation are those of all pixels, however many chunks they come in."""
    monkeypatch.setattr(statistics, "CHUNK", 7)
    found = channel_normalization(train_split)
    values = train_split.take(np.arange(len(train_split))).reshape(-1, 3) / 255
    assert found.mean == pytest.approx(values.mean(axis=0))
    assert found.std == pytest.approx(values.std(axis=0))
