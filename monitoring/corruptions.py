"""Corruptions: how a camera, its place or its software changes pictures, by name and severity.

They measure what monitoring finds and show what a violation looks like. Classes that the model was
not trained on are no corruption of a picture but other pictures; see `monitoring.traffic`.

Severities are in the units of what changes: pixels, degrees, fractions. Published collections have
steps of 1 to 5 instead, such as ImageNet-C of D. Hendrycks, T. Dietterich, "Benchmarking Neural
Network Robustness to Common Corruptions and Perturbations", 2019, https://arxiv.org/abs/1903.12261
"""

import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter, ImageStat

REFERENCE_SIDE = 96
"""Shorter side in pixels at which a blur has the width that its severity says."""

_WHITE = 255
_NUM_CHANNELS = 3
_BILINEAR = Image.Resampling.BILINEAR


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """One way in which pictures change."""

    severity: str
    """What the severity is."""
    minimum: float
    """Smallest severity."""
    maximum: float
    """Largest severity."""
    change: Callable[[Image.Image, float, np.random.Generator], Image.Image]
    """An RGB image and a severity to the changed image, of the same size."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Corruption:
    """A kind of corruption with its severity; a function of images.

    Raises:
        ValueError: The kind is not in `KINDS`, or has no such severity.
    """

    kind: str
    severity: float

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(
                f"Corruption '{self.kind}' is not known. Known: {', '.join(sorted(KINDS))}."
            )
        kind = KINDS[self.kind]
        # Written so that NaN, which no number exceeds, is refused too.
        if not kind.minimum <= self.severity <= kind.maximum:
            raise ValueError(
                f"Severity of corruption '{self.kind}' is {self.severity:g}; expected a number "
                f"from {kind.minimum:g} to {kind.maximum:g}: {kind.severity}."
            )

    def __call__(self, image: Image.Image, generator: np.random.Generator) -> Image.Image:
        """A changed copy of the same size, without the metadata of the image.

        Args:
            image: An upright RGB image, as `inference.images.decode` returns it.
            generator: Source of the random numbers; the same state gives the same image.

        Raises:
            ValueError: The image has another mode.
        """
        if image.mode != "RGB":
            raise ValueError(f"A corruption takes RGB images, got one of mode '{image.mode}'.")
        changed = KINDS[self.kind].change(image, self.severity, generator)
        # An orientation that was applied on decoding would be applied again by whoever reads it.
        return Image.frombytes(changed.mode, changed.size, changed.tobytes())


def blur(image: Image.Image, sigma: float) -> Image.Image:
    """Blur with a Gaussian of `sigma` pixels where the shorter side has `REFERENCE_SIDE`.

    In proportion to the image, so that it is the same blur whatever the resolution. Repeated box
    filters approximate the Gaussian.
    """
    return image.filter(ImageFilter.GaussianBlur(sigma * min(image.size) / REFERENCE_SIDE))


def add_noise(image: Image.Image, deviation: float, generator: np.random.Generator) -> Image.Image:
    """Add Gaussian noise to every channel of every pixel, each on its own.

    Args:
        image: RGB image.
        deviation: Standard deviation of the noise as a fraction of white.
        generator: Source of the noise.
    """
    pixels_hw3 = np.asarray(image)
    noise_hw3 = generator.standard_normal(pixels_hw3.shape, dtype=np.float32)
    noisy_hw3 = np.rint(pixels_hw3 + noise_hw3 * np.float32(deviation * _WHITE))
    return Image.fromarray(noisy_hw3.clip(0, _WHITE).astype(np.uint8))


def change_brightness(image: Image.Image, change: float) -> Image.Image:
    """Multiply every channel by `1 + change`; what would be more than white is white."""
    return _map_values(image, lambda value: value * (1 + change))


def change_contrast(image: Image.Image, change: float) -> Image.Image:
    """Multiply the distance of every channel from the mean luma of the image by `1 + change`."""
    mean = ImageStat.Stat(image.convert("L")).mean[0]
    return _map_values(image, lambda value: mean + (value - mean) * (1 + change))


def rotate(image: Image.Image, degrees: float) -> Image.Image:
    """Rotate about the centre; what comes in from outside repeats the nearest edge.

    Black corners would be seen by their brightness, and not by the rotation.

    Args:
        image: RGB image.
        degrees: Angle, counter-clockwise.
    """
    cosine, sine = abs(math.cos(math.radians(degrees))), abs(math.sin(math.radians(degrees)))
    # Half of what the image grows by when all of its corners are to stay inside.
    right = _margin(image.width * cosine + image.height * sine - image.width)
    below = _margin(image.width * sine + image.height * cosine - image.height)
    padded_hw3 = np.pad(np.asarray(image), ((below, below), (right, right), (0, 0)), mode="edge")
    rotated = Image.fromarray(padded_hw3).rotate(degrees, _BILINEAR)
    return rotated.crop((right, below, right + image.width, below + image.height))


def compress(image: Image.Image, quality: float) -> Image.Image:
    """Save as JPEG of a quality, rounded to a whole number, and read back."""
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=round(quality))
    with Image.open(buffer) as compressed:
        compressed.load()
        return compressed


def crop(image: Image.Image, fraction: float) -> Image.Image:
    """Cut a fraction off the width and the height, around the centre, and enlarge what is left.

    A camera that came nearer, by the factor `1 / (1 - fraction)`.
    """
    right, below = image.width * fraction / 2, image.height * fraction / 2
    box = (right, below, image.width - right, image.height - below)
    return image.resize(image.size, _BILINEAR, box)


KINDS: Mapping[str, Kind] = {
    "blur": Kind(
        severity=f"standard deviation in pixels at a shorter side of {REFERENCE_SIDE}",
        minimum=0,
        maximum=REFERENCE_SIDE / 2,
        change=lambda image, severity, _: blur(image, severity),
    ),
    "brightness": Kind(
        severity="relative change, -0.2 for 20 % darker",
        minimum=-1,
        maximum=1,
        change=lambda image, severity, _: change_brightness(image, severity),
    ),
    "contrast": Kind(
        severity="relative change, -0.5 for half of it",
        minimum=-1,
        maximum=1,
        change=lambda image, severity, _: change_contrast(image, severity),
    ),
    "crop": Kind(
        severity="fraction of the width and of the height that is cut off",
        minimum=0,
        maximum=0.9,
        change=lambda image, severity, _: crop(image, severity),
    ),
    "jpeg_quality": Kind(
        severity="quality of JPEG, the smaller the worse",
        minimum=1,
        # Source: Pillow documentation, "Image file formats", JPEG, quality: not above 95,
        # https://pillow.readthedocs.io/en/stable/handbook/image-file-formats.html
        maximum=95,
        change=lambda image, severity, _: compress(image, severity),
    ),
    "noise": Kind(
        severity="standard deviation in every channel, as a fraction of white",
        minimum=0,
        maximum=1,
        change=add_noise,
    ),
    "rotation": Kind(
        severity="degrees, counter-clockwise",
        minimum=-180,
        maximum=180,
        change=lambda image, severity, _: rotate(image, severity),
    ),
}
"""Kinds of corruption by name."""


def _map_values(image: Image.Image, function: Callable[[int], float]) -> Image.Image:
    """Apply a function to every channel, rounded and within black and white."""
    table = [min(max(math.floor(function(value) + 0.5), 0), _WHITE) for value in range(_WHITE + 1)]
    return image.point(table * _NUM_CHANNELS)


def _margin(growth: float) -> int:
    """Pixels on either side that hold a growth of the whole, and one more to interpolate with."""
    return max(math.ceil(growth / 2), 0) + 1
