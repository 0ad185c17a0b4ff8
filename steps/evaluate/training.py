"""What an artifact tells of its training, for the page."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from inference.contract import TRAINING_FILE


@dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    """Content of `training.json`."""

    best_epoch: int
    """The epoch that the weights are of."""
    epochs: tuple[int, ...]
    metrics: Mapping[str, tuple[float, ...]]
    """Values by name, one per epoch."""
    hyperparameters: Mapping[str, str]
    facts: Mapping[str, str]
    """Everything else, for example digests; a nested value's name has dots."""

    @classmethod
    def read(cls, model_dir: Path) -> Self:
        """Read the file of an artifact.

        Raises:
            ValueError: It is missing, or does not tell of epochs and hyperparameters.
        """
        path = model_dir / TRAINING_FILE
        content = json.loads(path.read_bytes()) if path.is_file() else {}
        try:
            history = content.pop("history")
            hyperparameters = content.pop("hyperparameters")
            epochs = tuple(epoch["epoch"] for epoch in history)
            best_epoch = epochs[content.pop("best_epoch")]
        except (KeyError, IndexError) as error:
            raise ValueError(
                f"{TRAINING_FILE} of the model lacks {error}. Expected the history of its epochs, "
                "the index of the best one, and the hyperparameters."
            ) from error
        return cls(
            best_epoch=best_epoch,
            epochs=epochs,
            metrics={
                name: tuple(epoch[name] for epoch in history)
                for name in sorted(history[0])
                if name != "epoch"
            },
            hyperparameters=dict(_flatten(hyperparameters)),
            facts=dict(_flatten(content)),
        )

    def curves(self, *, are_losses: bool) -> dict[str, tuple[float, ...]]:
        """The metrics that are losses, or the others; running minima are no curves of their own."""
        return {
            name: values
            for name, values in self.metrics.items()
            if name.endswith("loss") == are_losses and not name.startswith("best_")
        }


def _flatten(content: Mapping[str, object], prefix: str = "") -> list[tuple[str, str]]:
    pairs = []
    for name, value in content.items():
        if isinstance(value, dict):
            pairs += _flatten(value, f"{prefix}{name}.")
        else:
            pairs.append((f"{prefix}{name}", str(value)))
    return pairs
