"""Pixels to the network's input: the same arithmetic in training, evaluation and serving.

Shapes: n images, h and w pixels high and wide, 3 channels (red, green, blue).
"""

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True, slots=True)
class Normalization:
    """Mean and standard deviation of each channel of the training images, for values in [0, 1]."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def __call__(self, pixels_nhw3: Tensor) -> Tensor:
        """The network's input (n, 3, h, w) float32 of pixels (n, h, w, 3) uint8."""
        device = pixels_nhw3.device
        mean, std = _tensor(self.mean, device), _tensor(self.std, device)
        scaled = (pixels_nhw3.float() / 255 - mean) / std
        return scaled.permute(0, 3, 1, 2)


@cache
def _tensor(values: tuple[float, ...], device: torch.device) -> Tensor:
    """The values on a device; copied once, because a copy waits for what the device does."""
    # A tensor made in inference mode could never be used outside of it.
    with torch.inference_mode(mode=False):
        return torch.tensor(values, device=device)


IMAGENET = Normalization(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
"""What the published weights of torchvision's networks were trained with.

Source: torchvision documentation, "Models and pre-trained weights",
https://pytorch.org/vision/stable/models.html
"""
