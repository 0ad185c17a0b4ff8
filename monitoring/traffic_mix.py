"""What requests are about: draws a picture for each, and what people will say that it shows.

Every request has random numbers of its own, so that it does not depend on the others: the same seed
gives the same pictures whatever happens to them, however often their labels are wrong.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """An image file and what it shows."""

    path: Path
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Draw:
    """What one request is about."""

    picture: Picture
    label: str
    """What people say that the picture shows."""
    label_delay_seconds: float
    """How long after the request they say it."""
    generator: np.random.Generator
    """Source of the random numbers for everything else about this request."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrafficMix:
    """What there is to draw from, and how well and how late people label it.

    Raises:
        ValueError: A field is out of its range, there are no pictures to draw or no wrong label to
            give, or a label is in both sequences of pictures.
    """

    pictures: Sequence[Picture]
    """What the model was trained for; drawn uniformly and with replacement."""
    unseen: Sequence[Picture] = ()
    """Pictures of classes that it was not trained for; drawn likewise."""
    unseen_fraction: float = 0.0
    """Probability that a request is about one of those."""
    label_noise_fraction: float = 0.0
    """Probability that a label is wrong; it is any other of those that the model knows."""
    mean_label_delay_seconds: float = 0.0
    """Mean time from a request to its label; exponentially distributed."""
    seed: int
    _labels: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        check_ranges(
            self,
            {
                "unseen_fraction": (0, 1),
                "label_noise_fraction": (0, 1),
                "mean_label_delay_seconds": (0, 365 * 86_400),
                "seed": (0, math.inf),
            },
        )
        if not self.pictures:
            raise ValueError("A traffic mix needs pictures; 'pictures' is empty.")
        if self.unseen_fraction > 0 and not self.unseen:
            raise ValueError(
                f"An unseen fraction of {self.unseen_fraction:g} needs pictures of other classes; "
                "'unseen' is empty."
            )
        labels = {picture.label for picture in self.pictures}
        if both := labels & {picture.label for picture in self.unseen}:
            names = ", ".join(f"'{label}'" for label in sorted(both)[:10])
            raise ValueError(f"Labels of unseen pictures are labels of the others too: {names}.")
        if self.label_noise_fraction > 0 and len(labels) == 1:
            raise ValueError(
                f"A label noise of {self.label_noise_fraction:g} needs two labels or more; all "
                f"pictures are of '{labels.pop()}'."
            )
        object.__setattr__(self, "_labels", tuple(sorted(labels)))

    def draw(self, index: int) -> Draw:
        """What the request of this index, from 0 on, is about."""
        generator = np.random.default_rng((self.seed, index))
        is_unseen = generator.random() < self.unseen_fraction
        pictures = self.unseen if is_unseen else self.pictures
        picture = pictures[int(generator.integers(len(pictures)))]
        label = picture.label
        if generator.random() < self.label_noise_fraction:
            others = [other for other in self._labels if other != label]
            label = others[int(generator.integers(len(others)))]
        return Draw(
            picture=picture,
            label=label,
            label_delay_seconds=generator.exponential(self.mean_label_delay_seconds),
            generator=generator,
        )


def find_pictures(directory: Path, *, suffixes: Collection[str]) -> tuple[Picture, ...]:
    """List the pictures of a folder tree `<label>/<name>`, sorted by path.

    Args:
        directory: Holds one folder per label.
        suffixes: What names of image files end in, in lower case:
            `inference.contract.CONTENT_TYPE_BY_SUFFIX`.

    Raises:
        FileNotFoundError: There are none.
    """
    paths = sorted(
        path
        for path in directory.glob("*/*")
        # A leading dot marks what tools leave behind, which holds no picture.
        if path.suffix.lower() in suffixes and not path.name.startswith(".") and path.is_file()
    )
    if not paths:
        names = ", ".join(f"<label>/*{suffix}" for suffix in sorted(suffixes))
        raise FileNotFoundError(f"No images found in '{directory}'. Expected: {names}.")
    return tuple(Picture(path=path, label=path.parent.name) for path in paths)


def check_ranges(owner: object, ranges: Mapping[str, tuple[float, float]]) -> None:
    """Refuse fields that are outside of their ranges; None is in every range.

    Raises:
        ValueError: A field is smaller or larger, or no number.
    """
    for name, (minimum, maximum) in ranges.items():
        value = getattr(owner, name)
        # Written so that NaN, which no number exceeds, is refused too.
        if value is not None and not minimum <= value <= maximum:
            expected = f"of at least {minimum:g}"
            if maximum < math.inf:
                expected = f"from {minimum:g} to {maximum:g}"
            raise ValueError(f"'{name}' of the traffic is {value:g}; expected a number {expected}.")
