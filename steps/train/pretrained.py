"""Starts a network from published weights: all but the head, whose labels are others."""

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from inference.artifact import read_tensors
from inference.model import Classifier
from steps.runtime import InputError

logger = logging.getLogger(__name__)

SUFFIXES = (".pt", ".pth")

MAX_PROBLEMS = 5
"""Most tensors that an error names."""


class PretrainedError(InputError):
    """The channel holds no weights for this network."""


def load_pretrained(network: Classifier, directory: Path) -> str:
    """Copy the weights of the backbone.

    Args:
        network: Changed in place.
        directory: The channel's folder, with one state dict: torchvision's own, or of an artifact.

    Returns:
        SHA-256 of the file.

    Raises:
        PretrainedError: There is not exactly one file, or it lacks a tensor of the backbone.
    """
    paths = sorted(path for path in directory.iterdir() if path.suffix in SUFFIXES)
    if len(paths) != 1:
        found = ", ".join(path.name for path in paths) or "none"
        raise PretrainedError(
            f"Channel {directory} needs exactly one .pt or .pth state dict; found: {found}."
        )
    weights = {
        name.removeprefix("backbone."): tensor
        for name, tensor in read_tensors(paths[0]).items()
        if isinstance(tensor, Tensor)
    }
    own = network.backbone.state_dict()
    # Old state dicts do not count batches, and nothing here reads the count.
    expected = {
        name: tensor
        for name, tensor in own.items()
        if name in weights or not name.endswith("num_batches_tracked")
    }
    if problems := _problems(expected, weights):
        shown = "; ".join(problems[:MAX_PROBLEMS])
        raise PretrainedError(
            f"{len(problems)} of {len(expected)} tensors of {paths[0]} do not fit the network: "
            f"{shown}. Most likely the file is of another architecture; set the hyperparameter "
            "'architecture' to the file's."
        )
    network.backbone.load_state_dict({**own, **{name: weights[name] for name in expected}})
    logger.info("%d tensors start as in %s.", len(expected), paths[0])
    return hashlib.sha256(paths[0].read_bytes()).hexdigest()


def _problems(expected: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> list[str]:
    """What is missing from weights, and what has another shape than expected."""
    problems = []
    for name, tensor in expected.items():
        if name not in weights:
            problems.append(f"'{name}' is missing")
        elif weights[name].shape != tensor.shape:
            problems.append(
                f"'{name}' has shape {tuple(weights[name].shape)}, expected {tuple(tensor.shape)}"
            )
    return problems
