"""Checkpoints: one file per epoch's end, in a folder that only the same training finds again."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inference.artifact import read_tensors, write_tensors

CHECKPOINT_FILE = "checkpoint.pt"


def fingerprint(facts: Mapping[str, object]) -> str:
    """32 hexadecimal digits that stand for everything that decides the weights.

    Args:
        facts: Digests of code and data, hyperparameters and versions, as JSON values.
    """
    text = json.dumps(facts, allow_nan=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class Checkpoints:
    """The newest state of one training; those of others, in the same folder, are not touched."""

    def __init__(self, directory: Path, facts: Mapping[str, object]) -> None:
        self.path = directory / fingerprint(facts) / CHECKPOINT_FILE

    def load(self) -> dict[str, Any] | None:
        """The state saved last, or None where this training starts anew."""
        return read_tensors(self.path) if self.path.is_file() else None

    def save(self, state: Mapping[str, Any]) -> None:
        """Replace the saved state; a job that is killed meanwhile leaves the old one."""
        write_tensors(self.path, state)
