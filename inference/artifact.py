"""The folder that becomes `model.tar.gz`: weights, what it takes to use them, and the code.

weights.pt         state dict of plain tensors
spec.json          architecture, image size and normalization
labels.json        label names, in the order of the network's outputs
training.json      how the weights came about
code/inference/    this package
"""

import json
import pickle
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from inference.contract import CODE_DIR, LABELS_FILE, SPEC_FILE, TRAINING_FILE, WEIGHTS_FILE
from inference.files import write_atomically, write_json
from inference.model import Classifier, build_classifier
from inference.transforms import Normalization

_NOT_SERVED = frozenset({"client.py"})
"""Modules of this package for those who call a model."""


# What torch.load raises on other bytes: many errors, with no base class of their own.
_DAMAGE = (
    AttributeError,
    EOFError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
    pickle.UnpicklingError,
)


class ArtifactError(ValueError):
    """The files of an artifact are missing or contradict each other."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Spec:
    """What it takes to rebuild the network and to feed it."""

    architecture: str
    image_size: int
    """Side of the network's input in pixels."""
    normalization: Normalization


@dataclass(frozen=True, kw_only=True, slots=True)
class Artifact:
    """A trained network that is ready to answer."""

    network: Classifier
    spec: Spec
    labels: tuple[str, ...]
    """Label names, in the order of the network's outputs."""


def write_artifact(model_dir: Path, artifact: Artifact, training: Mapping[str, object]) -> None:
    """Write the folder of an artifact; equal arguments give equal bytes.

    Args:
        model_dir: The folder; created where needed.
        artifact: The network, on any device.
        training: Content of `training.json`.
    """
    # Older releases of torch read plain tensors, each with a memory of its own.
    weights = {
        name: tensor.detach().cpu().contiguous().clone()
        for name, tensor in artifact.network.state_dict().items()
    }
    write_tensors(model_dir / WEIGHTS_FILE, weights)
    write_json(model_dir / SPEC_FILE, asdict(artifact.spec))
    write_json(model_dir / LABELS_FILE, list(artifact.labels))
    write_json(model_dir / TRAINING_FILE, training)
    package = Path(__file__).parent
    target = model_dir / CODE_DIR / package.name
    target.mkdir(parents=True, exist_ok=True)
    for source in sorted(package.glob("*.py")):
        if source.name not in _NOT_SERVED:
            shutil.copyfile(source, target / source.name)


def load_artifact(model_dir: Path) -> Artifact:
    """Read the folder of an artifact; the network is on the CPU and in evaluation mode.

    Raises:
        ArtifactError: A file is missing, or the weights do not fit the architecture and the labels.
    """
    for name in (WEIGHTS_FILE, SPEC_FILE, LABELS_FILE):
        if not (model_dir / name).is_file():
            raise ArtifactError(
                f"Artifact {model_dir} has no file '{name}'; it is no model of ours."
            )
    fields = json.loads((model_dir / SPEC_FILE).read_bytes())
    normalization = Normalization(
        mean=tuple(fields["normalization"]["mean"]), std=tuple(fields["normalization"]["std"])
    )
    spec = Spec(
        architecture=fields["architecture"],
        image_size=fields["image_size"],
        normalization=normalization,
    )
    labels = tuple(json.loads((model_dir / LABELS_FILE).read_bytes()))
    try:
        weights: dict[str, Tensor] = read_tensors(model_dir / WEIGHTS_FILE)
    except _DAMAGE as error:
        raise ArtifactError(
            f"Artifact {model_dir} has a '{WEIGHTS_FILE}' that cannot be read as tensors: {error}."
        ) from error
    written_for = (
        f"Artifact {model_dir} was written for architecture '{spec.architecture}' "
        f"with {len(labels)} labels"
    )
    num_outputs = len(weights["head.bias"]) if "head.bias" in weights else 0
    if num_outputs != len(labels):
        raise ArtifactError(f"{written_for}; the weights describe {num_outputs} outputs.")
    network = build_classifier(spec.architecture, num_labels=len(labels))
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise ArtifactError(f"{written_for}; the weights are of another network.") from error
    return Artifact(network=network.eval(), spec=spec, labels=labels)


def write_tensors(path: Path, content: Mapping[str, Any]) -> None:
    """Write tensors and plain values so that `read_tensors` reads them; atomic."""

    def save(temporary: Path) -> None:
        # torch.save names the records inside the file after a path, but not after an open file.
        with temporary.open("wb") as file:
            torch.save(dict(content), file)

    write_atomically(path, save)


def read_tensors(path: Path) -> dict[str, Any]:
    """Read tensors and plain values, on the CPU: and nothing else that a pickle could hold."""
    content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)  # noqa: TID251
    return content
