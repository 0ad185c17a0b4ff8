"""Names, hyperparameters and metrics of Train and Tune.

Standard library only: the declaration and the script import it.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import ClassVar, Self

from inference.contract import ARCHITECTURES


class Channel(StrEnum):
    """Channels of the training job; each one's folder is in `SM_CHANNEL_<NAME>`."""

    TRAIN = "train"
    VALIDATION = "validation"
    PRETRAINED = "pretrained"
    """Optional: a folder with one `.pt` or `.pth` state dict to start from."""


class Metric(StrEnum):
    """Keys of the metric line, one line per epoch."""

    EPOCH = "epoch"
    TRAIN_LOSS = "train_loss"
    VALIDATION_LOSS = "validation_loss"
    VALIDATION_ACCURACY = "validation_accuracy"
    VALIDATION_MACRO_F1 = "validation_macro_f1"
    BEST_VALIDATION_LOSS = "best_validation_loss"
    """Lowest validation loss so far: its epoch is kept, and a tuning job reads the last value."""
    IMAGES_PER_SECOND = "images_per_second"


HISTORY_FILE = "history.json"
"""In the job's output data: the metrics of every epoch, times included."""

OBJECTIVE = Metric.BEST_VALIDATION_LOSS
OBJECTIVE_TYPE = "Minimize"

NUMBER_PATTERN = r"([-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)"


def metric_line(values: Mapping[Metric, float]) -> str:
    """The line that reports one epoch, for example `epoch=3 train_loss=0.42 validation_loss=0.5`.

    Args:
        values: Every metric's value, in any order.

    Raises:
        KeyError: A metric is missing.
    """
    return " ".join(f"{metric}={values[metric]:.8g}" for metric in Metric)


def metric_pattern(metric: Metric) -> str:
    """Regular expression that finds `metric` in a metric line; its one group is the value."""
    return rf"(?:^|\s){metric}={NUMBER_PATTERN}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Hyperparameters:
    """Everything that decides the weights, given the data and the code.

    On SageMaker every value travels as a string: `to_strings` and `from_arguments` are inverse.
    """

    architecture: str = "small_cnn"
    """One of ARCHITECTURES."""
    batch_size: int = 64
    """Fewest images of a training step; what does not fill another batch is spread over all."""
    dropout: float = 0.1
    """Probability of dropping a feature before the last layer."""
    epochs: int = 20
    horizontal_flip: bool = False
    """Whether training may mirror an image: right for pets, wrong for digits."""
    label_smoothing: float = 0.05
    learning_rate: float = 0.006
    """Peak of the one-cycle schedule."""
    max_rotation_degrees: float = 10.0
    max_shift_fraction: float = 0.1
    """Largest shift in each direction, as a fraction of the image's side."""
    patience: int = 6
    """Epochs without a lower validation loss before training stops."""
    seed: int = 0
    weight_decay: float = 0.01

    BOUNDS: ClassVar[Mapping[str, tuple[float, float]]] = {
        # Normalisation over a batch needs two images.
        "batch_size": (2, 4096),
        "dropout": (0.0, 0.9),
        "epochs": (1, 1000),
        "label_smoothing": (0.0, 0.5),
        "learning_rate": (1e-6, 1.0),
        "max_rotation_degrees": (0.0, 180.0),
        "max_shift_fraction": (0.0, 0.5),
        "patience": (1, 1000),
        "seed": (0, 2**31 - 1),
        "weight_decay": (0.0, 1.0),
    }
    """Smallest and largest value allowed, both included."""

    def __post_init__(self) -> None:
        if self.architecture not in ARCHITECTURES:
            raise ValueError(
                f"Hyperparameter 'architecture' is {self.architecture!r}. "
                f"Known: {', '.join(ARCHITECTURES)}."
            )
        for name, (low, high) in self.BOUNDS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(
                    f"Hyperparameter '{name}' is {value}; expected {low:g} to {high:g}."
                )

    def to_strings(self) -> dict[str, str]:
        """The hyperparameters as the strings of a training job's request."""
        return {field.name: str(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Add one option `--<name>` per hyperparameter, as the training toolkit passes them."""
        for field in fields(cls):
            parse = _parse_bool if field.type is bool else field.type
            parser.add_argument(f"--{field.name}", type=parse, default=field.default)

    @classmethod
    def from_arguments(cls, arguments: argparse.Namespace) -> Self:
        """The hyperparameters in the result of a parser that went through `add_arguments`."""
        return cls(**{field.name: getattr(arguments, field.name) for field in fields(cls)})

    @classmethod
    def parse(cls, argv: Sequence[str]) -> Self:
        """The hyperparameters in command-line arguments that hold nothing else."""
        parser = argparse.ArgumentParser()
        cls.add_arguments(parser)
        return cls.from_arguments(parser.parse_args(argv))


def _parse_bool(text: str) -> bool:
    values = {"true": True, "false": False}
    if text.lower() not in values:
        raise argparse.ArgumentTypeError(f"expected True or False, got {text!r}")
    return values[text.lower()]
