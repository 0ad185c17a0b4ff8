"""Starts a network from published weights: all but the head, whose labels are others."""

import hashlib
import logging
from pathlib import Path

from torch import Tensor

from inference.artifact import read_tensors
from inference.model import Classifier

logger = logging.getLogger(__name__)

SUFFIXES = (".pt", ".pth")


class PretrainedError(ValueError):
    """The channel holds no weights for this network."""


def load_pretrained(network: Classifier, directory: Path) -> str:
    """Copy the weights whose names and shapes fit into the backbone.

    Args:
        network: Changed in place.
        directory: The channel's folder, with one state dict: torchvision's own, or of an artifact.

    Returns:
        SHA-256 of the file.

    Raises:
        PretrainedError: There is not exactly one file, or no tensor in it fits.
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
    matching = {
        name: weights[name]
        for name, tensor in own.items()
        if name in weights and weights[name].shape == tensor.shape
    }
    if not matching:
        raise PretrainedError(
            f"No tensor of {paths[0]} fits the network. "
            f"Expected names such as {_examples(own)}; found {_examples(weights)}."
        )
    network.backbone.load_state_dict({**own, **matching})
    logger.info("%d of %d tensors start as in %s.", len(matching), len(own), paths[0])
    return hashlib.sha256(paths[0].read_bytes()).hexdigest()


def _examples(weights: dict[str, Tensor]) -> str:
    return ", ".join(f"'{name}'" for name in sorted(weights)[:3]) or "none"
