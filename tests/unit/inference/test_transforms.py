"""Pixels to the network's input."""

import numpy as np
import pytest
import torch

from inference.transforms import Normalization


def test_normalization_centres_scales_and_moves_the_channels() -> None:
    """Each channel is divided by 255, less its mean, divided by its deviation, channels first."""
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 3), dtype=np.uint8)
    mean, std = (0.1, 0.2, 0.3), (0.5, 0.25, 2.0)
    found = Normalization(mean=mean, std=std)(torch.from_numpy(pixels))
    expected = ((pixels / 255 - mean) / std).transpose(0, 3, 1, 2)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-6)


def test_statistics_are_sent_to_a_device_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sending waits for the device, so later batches reuse what the first one sent."""
    normalization = Normalization(mean=(0.11, 0.22, 0.33), std=(0.44, 0.55, 0.66))
    pixels = torch.zeros(1, 2, 2, 3, dtype=torch.uint8)
    with torch.inference_mode():
        first = normalization(pixels)
    monkeypatch.setattr(torch, "tensor", None)
    assert torch.equal(normalization(pixels), first)
