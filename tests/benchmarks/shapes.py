"""A generated collection: textured shapes of several classes on textured grounds, 96 pixels wide.

Pictures differ as those of one camera do: in light, colours, place, size, angle and grain. No two
are the same, so there are as many independent ones as a measurement needs.
"""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

SIDE = 96

STYLES = {
    "circle": (4.0, (170, 100, 90)),
    "cross": (16.0, (120, 120, 110)),
    "ring": (10.0, (90, 110, 170)),
    "square": (22.0, (160, 150, 90)),
    "stripes": (7.0, (100, 160, 110)),
    "triangle": (13.0, (150, 90, 150)),
    "star": (18.0, (95, 150, 165)),
}
"""Of each class the waves of its texture across the picture, and its usual colour."""

UNSEEN_CLASS = "star"
CLASSES = tuple(name for name in STYLES if name != UNSEEN_CLASS)

_SCALE = 2
"""Shapes are drawn larger and shrunk: their edges are smooth."""


def draw(name: str, generator: np.random.Generator) -> Image.Image:
    """One picture of a class."""
    mask_hw = _mask(name, generator)
    frequency, colour = STYLES[name]
    ground_hw3 = _texture(generator.uniform(3, 9), generator.normal(125, 22, 3), generator)
    shape_hw3 = _texture(
        frequency * generator.uniform(0.85, 1.15), generator.normal(colour, 15), generator
    )
    pixels_hw3 = ground_hw3 + mask_hw[:, :, np.newaxis] * (shape_hw3 - ground_hw3)
    light = generator.normal(1.0, 0.12)
    grain_hw3 = generator.normal(0.0, 4.0, pixels_hw3.shape)
    return Image.fromarray(np.clip(pixels_hw3 * light + grain_hw3, 0, 255).astype(np.uint8))


def _mask(name: str, generator: np.random.Generator) -> NDArray[np.float32]:
    """Where the shape is, shape (SIDE, SIDE), in [0, 1]."""
    side = SIDE * _SCALE
    centre = generator.uniform(0.42, 0.58, 2) * side
    radius = generator.uniform(0.28, 0.4) * side
    angle = generator.uniform(0, 2 * math.pi)
    image = Image.new("L", (side, side))
    canvas = ImageDraw.Draw(image)

    def polygon(*corners: tuple[float, float]) -> None:
        """Draw a polygon given by polar coordinates: turns and fractions of the radius."""
        points = [
            (
                float(centre[0] + size * radius * math.cos(angle + 2 * math.pi * turn)),
                float(centre[1] + size * radius * math.sin(angle + 2 * math.pi * turn)),
            )
            for turn, size in corners
        ]
        canvas.polygon(points, fill=255)

    box = [float(value) for value in (*(centre - radius), *(centre + radius))]
    if name == "circle":
        canvas.ellipse(box, fill=255)
    elif name == "ring":
        canvas.ellipse(box, outline=255, width=round(0.35 * radius))
    elif name == "square":
        polygon(*((index / 4, 1.0) for index in range(4)))
    elif name == "triangle":
        polygon(*((index / 3, 1.1) for index in range(3)))
    elif name == "star":
        polygon(*((index / 10, 0.45 if index % 2 else 1.15) for index in range(10)))
    elif name == "cross":
        polygon((0.04, 1), (0.46, 1), (0.54, 1), (0.96, 1))
        polygon((0.29, 1), (0.71, 1), (0.79, 1), (0.21, 1))
    else:
        for offset in (-0.7, 0.0, 0.7):
            corners = [(-1.0, offset - 0.18), (1.0, offset - 0.18), (1.0, offset + 0.18),
                       (-1.0, offset + 0.18)]  # fmt: skip
            polygon(*((math.atan2(y, x) / (2 * math.pi), math.hypot(x, y)) for x, y in corners))
    shrunk = image.resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(shrunk, dtype=np.float32) / np.float32(255)


def _texture(
    frequency: float, colour: NDArray[np.float64], generator: np.random.Generator
) -> NDArray[np.float32]:
    """A wave over a colour gradient, shape (SIDE, SIDE, 3), in about 0 to 255."""
    rows, columns = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) / SIDE
    angle, phase = generator.uniform((0, 0), (math.pi, 2 * math.pi))
    along = math.cos(angle) * columns + math.sin(angle) * rows
    wave = np.sin(2 * math.pi * frequency * along + phase)
    shade = np.multiply.outer(along - along.mean(), generator.normal(0, 15, 3))
    strength = generator.uniform(15, 35)
    return np.asarray(colour + shade + (strength * wave)[:, :, np.newaxis], dtype=np.float32)
