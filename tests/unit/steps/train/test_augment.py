"""Augmentation."""

import math

import pytest
import torch
from torch import Tensor

from steps.train.augment import Augmentation


def gradient() -> Tensor:
    """Images whose values are their columns."""
    return torch.arange(9.0).expand(4, 3, 9, 9).clone()


def augmentation(*, rotation: float = 0.0, shift: float = 0.0, flip: bool = False) -> Augmentation:
    """An augmentation that does one thing."""
    return Augmentation(
        max_rotation_degrees=rotation, max_shift_fraction=shift, horizontal_flip=flip
    )


def test_nothing_allowed_changes_nothing() -> None:
    """Without rotation, shift and mirroring the images stay as they are."""
    images = torch.rand(4, 3, 9, 9, generator=torch.Generator().manual_seed(0))
    changed = augmentation()(images, torch.Generator().manual_seed(1))
    torch.testing.assert_close(changed, images)


def test_same_generator_gives_the_same_images() -> None:
    """The numbers come from the generator alone."""
    found = [
        augmentation(rotation=20, shift=0.2, flip=True)(
            gradient(), torch.Generator().manual_seed(7)
        )
        for _ in range(2)
    ]
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], gradient())


def test_mirroring_is_all_or_nothing() -> None:
    """Each image is either itself or its mirror image, and both occur."""
    images = gradient().repeat(8, 1, 1, 1)
    changed = augmentation(flip=True)(images, torch.Generator().manual_seed(3))
    rows = {tuple(row.round().int().tolist()) for row in changed[:, 0, 4]}
    assert rows == {tuple(range(9)), tuple(reversed(range(9)))}


def test_shifts_stay_within_their_fraction() -> None:
    """The middle column's value moves by at most the fraction of the side."""
    images = gradient().repeat(50, 1, 1, 1)
    moved = augmentation(shift=0.2)(images, torch.Generator().manual_seed(0))[:, 0, 4, 4] - 4
    assert moved.abs().max() <= 0.2 * 9 + 1e-4
    assert moved.min() < -1.5
    assert moved.max() > 1.5


def test_rotations_stay_within_their_angle() -> None:
    """The direction of a gradient turns by at most the angle."""
    images = gradient().repeat(50, 1, 1, 1)
    turned = augmentation(rotation=10)(images, torch.Generator().manual_seed(0))[:, 0]
    horizontal = turned[:, 4, 5] - turned[:, 4, 3]
    vertical = turned[:, 5, 4] - turned[:, 3, 4]
    degrees = torch.atan2(vertical, horizontal) * 180 / math.pi
    assert degrees.abs().max() <= 10 + 1e-3
    assert degrees.abs().max() == pytest.approx(10, abs=0.5)
