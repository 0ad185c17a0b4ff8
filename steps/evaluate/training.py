"""What an artifact tells of its training, for the page."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from inference.contract import TRAINING_FILE

KEPT_BY = "validation_loss"
"""The metric whose lowest value decides the epoch that is kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    """Content of `training.json`."""

    history: tuple[Mapping[str, float], ...]
    """Metrics of each epoch, by name."""
    hyperparameters: Mapping[str, str]
    facts: Mapping[str, str]
    """Everything else that is one value, for example digests."""

    @classmethod
    def read(cls, model_dir: Path) -> Self:
        """Read the file of an artifact.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: It has no history or no hyperparameters.
        """
        path = model_dir / TRAINING_FILE
        content = json.loads(path.read_bytes())
        history, hyperparameters = content.get("history"), content.get("hyperparameters")
        if not history or not isinstance(hyperparameters, dict):
            raise ValueError(
                f"{path} tells no training. Expected a 'history' with one entry per epoch and "
                f"'hyperparameters'; found: {', '.join(sorted(content)) or 'nothing'}."
            )
        return cls(
            history=tuple(history),
            hyperparameters={name: str(value) for name, value in hyperparameters.items()},
            facts={
                name: str(value)
                for name, value in content.items()
                if isinstance(value, str | int | float)
            },
        )

    @property
    def kept_epoch(self) -> int:
        """The epoch that the weights are of, counted from 1."""
        losses = [epoch[KEPT_BY] for epoch in self.history]
        return losses.index(min(losses)) + 1

    def curves(self, *, is_loss: bool) -> dict[str, list[float]]:
        """Values by epoch of the metrics that are losses, or of the others."""
        return {
            name: [epoch[name] for epoch in self.history]
            for name in sorted(self.history[0])
            if name.endswith("loss") == is_loss and name != "epoch" and not name.startswith("best_")
        }
