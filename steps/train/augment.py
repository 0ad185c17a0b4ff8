"""Augmentation: rotates, shifts and mirrors each training image at random, in one resampling.

Shapes: n images, h and w pixels high and wide.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, kw_only=True, slots=True)
class Augmentation:
    """How far training may change an image."""

    max_rotation_degrees: float
    max_shift_fraction: float
    """Largest shift in each direction, as a fraction of the side."""
    horizontal_flip: bool

    def __call__(self, images_n3hw: Tensor, generator: torch.Generator) -> Tensor:
        """Changed copies; what moves in from outside repeats the nearest edge.

        Args:
            images_n3hw: Images on any device.
            generator: Source of the random numbers, on the CPU.
        """
        num_images = len(images_n3hw)
        draws = torch.rand(4, num_images, generator=generator)
        angles = (2 * draws[0] - 1) * math.radians(self.max_rotation_degrees)
        # The sampling grid runs from -1 to 1, so the whole side is 2.
        shifts = (2 * draws[1:3] - 1) * 2 * self.max_shift_fraction
        mirror = torch.where(draws[3].round() == 0, -1.0, 1.0) if self.horizontal_flip else 1.0
        matrices_n23 = torch.stack(
            [
                torch.stack([angles.cos() * mirror, -angles.sin(), shifts[0]], dim=-1),
                torch.stack([angles.sin() * mirror, angles.cos(), shifts[1]], dim=-1),
            ],
            dim=1,
        ).to(images_n3hw.device, non_blocking=True)
        grid = functional.affine_grid(matrices_n23, list(images_n3hw.shape), align_corners=False)
        return functional.grid_sample(images_n3hw, grid, padding_mode="border", align_corners=False)
