"""A generated collection: textured shapes of several classes on textured grounds, 96 pixels wide.

Pictures differ as those of one camera do: in light, colours, place, size, angle and grain. No two
are the same, so there are as many independent ones as a measurement needs. They are drawn many at
a time: n pictures, h and w pixels high and wide.
"""

import cmath
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

SIDE = 96

Floats: TypeAlias = NDArray[np.floating]

_BATCH_SIZE = 16
"""Pictures that are drawn together: their pixels stay in the processor's cache."""

_GROUND_COLOUR = (125.0, 125.0, 125.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Style:
    """What the shapes of a class look like."""

    depth: Callable[[Floats, Floats], Floats]
    """How far inside of the shape a place is, negative outside; coordinates are from its centre,
    in radii.
    """
    frequency: float
    """Waves of its texture across the picture."""
    colour: tuple[float, float, float]
    """Its usual colour, in 0 to 255."""


def draw(name: str, num_pictures: int, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Pictures of a class, shape (n, SIDE, SIDE, 3)."""
    sizes = [
        min(_BATCH_SIZE, num_pictures - start) for start in range(0, num_pictures, _BATCH_SIZE)
    ]
    batches = [_batch(STYLES[name], size, generator) for size in sizes]
    return np.concatenate(batches) if batches else np.empty((0, SIDE, SIDE, 3), np.uint8)


def draw_mixed(
    names: Sequence[str], num_pictures: int, generator: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Pictures of several classes, each as probable as the others, and which class each has.

    Returns:
        Pictures of shape (n, SIDE, SIDE, 3), ordered by class, and their places in `names`.
    """
    counts = generator.multinomial(num_pictures, [1 / len(names)] * len(names))
    pictures = [
        draw(name, count, generator) for name, count in zip(names, counts.tolist(), strict=True)
    ]
    return np.concatenate(pictures), np.repeat(np.arange(len(names)), counts)


def _batch(style: Style, size: int, generator: np.random.Generator) -> NDArray[np.uint8]:
    ground_nhw3 = _texture(generator.uniform(3, 9, size), _GROUND_COLOUR, 22, generator)
    frequency_n = style.frequency * generator.uniform(0.85, 1.15, size)
    picture_nhw3 = _texture(frequency_n, style.colour, 15, generator)
    picture_nhw3 -= ground_nhw3
    picture_nhw3 *= _mask(style, size, generator)[..., np.newaxis]
    picture_nhw3 += ground_nhw3
    picture_nhw3 *= _per_picture(generator.normal(1, 0.12, size))[..., np.newaxis]
    grain_nhw3 = generator.standard_normal(picture_nhw3.shape, np.float32)
    picture_nhw3 += 4 * grain_nhw3
    return picture_nhw3.clip(0, 255, out=picture_nhw3).astype(np.uint8)


def _mask(style: Style, size: int, generator: np.random.Generator) -> Floats:
    """How much of each pixel the shape covers, shape (n, h, w)."""
    row_n, column_n = map(_per_picture, generator.uniform(0.42, 0.58, (2, size)) * SIDE)
    radius_n = _per_picture(generator.uniform(0.28, 0.4, size) * SIDE)
    angle_n = generator.uniform(0, 2 * math.pi, size)
    cosine_n, sine_n = _per_picture(np.cos(angle_n)), _per_picture(np.sin(angle_n))
    down_nh1 = (_ROWS_H1 + np.float32(0.5) - row_n) / radius_n
    right_n1w = (_COLUMNS_1W + np.float32(0.5) - column_n) / radius_n
    depth_nhw = style.depth(
        cosine_n * right_n1w + sine_n * down_nh1, cosine_n * down_nh1 - sine_n * right_n1w
    )
    # An edge is one pixel wide.
    return np.asarray(np.clip(depth_nhw * radius_n + np.float32(0.5), 0, 1))


def _texture(
    frequency_n: NDArray[np.float64],
    usual_colour: tuple[float, float, float],
    deviation: float,
    generator: np.random.Generator,
) -> Floats:
    """Waves over a gradient of a colour, shape (n, h, w, 3), in about 0 to 255."""
    size = len(frequency_n)
    angle_n = generator.uniform(0, math.pi, size)
    along_nhw = (
        _per_picture(np.cos(angle_n) / SIDE) * _COLUMNS_1W
        + _per_picture(np.sin(angle_n) / SIDE) * _ROWS_H1
    )
    wave_nhw = along_nhw * _per_picture(2 * math.pi * frequency_n)
    wave_nhw += _per_picture(generator.uniform(0, 2 * math.pi, size))
    np.sin(wave_nhw, out=wave_nhw)
    wave_nhw *= _per_picture(generator.uniform(15, 35, size))
    along_nhw -= along_nhw.mean(axis=(1, 2), keepdims=True)
    colour_n3 = generator.normal(usual_colour, deviation, (size, 3))
    gradient_n3 = generator.normal(0, 15, (size, 3))
    texture_nhw3 = np.empty((*along_nhw.shape, 3), np.float32)
    for channel in range(3):
        texture_nhw3[..., channel] = (
            along_nhw * _per_picture(gradient_n3[:, channel])
            + wave_nhw
            + _per_picture(colour_n3[:, channel])
        )
    return texture_nhw3


def _per_picture(values_n: NDArray[np.float64]) -> Floats:
    """One number for all pixels of each picture, shape (n, 1, 1)."""
    return values_n.astype(np.float32)[:, np.newaxis, np.newaxis]


_ROWS_H1 = np.arange(SIDE, dtype=np.float32)[:, np.newaxis]
_COLUMNS_1W = np.arange(SIDE, dtype=np.float32)[np.newaxis]


def _circle(x: Floats, y: Floats) -> Floats:
    return 1 - np.hypot(x, y)


def _cross(x: Floats, y: Floats) -> Floats:
    return np.maximum(_box(x, y, 0.97, 0.25), _box(x, y, 0.25, 0.97))


def _ring(x: Floats, y: Floats) -> Floats:
    return 0.175 - np.abs(np.hypot(x, y) - 0.825)


def _square(x: Floats, y: Floats) -> Floats:
    return _box(x, y, 0.71, 0.71)


def _stripes(x: Floats, y: Floats) -> Floats:
    from_middle = np.abs(y)
    return _box(x, np.minimum(from_middle, np.abs(from_middle - 0.7)), 1, 0.18)


def _triangle(x: Floats, y: Floats) -> Floats:
    return 0.55 - np.maximum(-x, 0.5 * x + 0.866 * np.abs(y))


def _star(x: Floats, y: Floats) -> Floats:
    """Five points: all ten edges are one, seen from the point that is nearest."""
    turn = np.abs(np.remainder(np.arctan2(y, x) + math.pi / 5, 2 * math.pi / 5) - math.pi / 5)
    distance = np.hypot(x, y)
    outer, inner = 1.15, cmath.rect(0.45, math.pi / 5)
    edge = (inner - outer) / abs(inner - outer)
    along, across = distance * np.cos(turn), distance * np.sin(turn)
    return edge.imag * (outer - along) + edge.real * across


def _box(x: Floats, y: Floats, half_width: float, half_height: float) -> Floats:
    return np.minimum(half_width - np.abs(x), half_height - np.abs(y))


STYLES: Mapping[str, Style] = {
    "circle": Style(depth=_circle, frequency=4, colour=(170, 100, 90)),
    "cross": Style(depth=_cross, frequency=16, colour=(120, 120, 110)),
    "ring": Style(depth=_ring, frequency=10, colour=(90, 110, 170)),
    "square": Style(depth=_square, frequency=22, colour=(160, 150, 90)),
    "stripes": Style(depth=_stripes, frequency=7, colour=(100, 160, 110)),
    "triangle": Style(depth=_triangle, frequency=13, colour=(150, 90, 150)),
    "star": Style(depth=_star, frequency=18, colour=(95, 150, 165)),
}
"""Classes by name."""

UNSEEN_CLASS = "star"
CLASSES = tuple(name for name in STYLES if name != UNSEEN_CLASS)
