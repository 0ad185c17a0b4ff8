"""Figures of a network on the validation split, from its counts and in float64."""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from inference.model import Classifier
from inference.transforms import Normalization
from monitoring.classification import ConfusionMatrix
from steps.dataset import Dataset

BATCH_SIZE = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """What is reported of a validation."""

    loss: float
    """Mean cross entropy, without label smoothing."""
    accuracy: float
    macro_f1: float


def evaluate(network: Classifier, dataset: Dataset, normalization: Normalization) -> Figures:
    """Figures of a network, which is left in evaluation mode."""
    network.eval()
    device = network.projections.device
    num_labels = len(dataset.labels)
    counts = np.zeros((num_labels, num_labels), dtype=np.int64)
    total_loss = 0.0
    rows = np.arange(len(dataset))
    with torch.inference_mode():
        for start in range(0, len(dataset), BATCH_SIZE):
            batch = rows[start : start + BATCH_SIZE]
            actual = dataset.label_indices[batch]
            images = normalization(torch.from_numpy(dataset.take(batch)).to(device))
            logits = network(images).double().cpu()
            total_loss += functional.cross_entropy(
                logits, torch.from_numpy(actual), reduction="sum"
            ).item()
            np.add.at(counts, (actual, logits.argmax(dim=1).numpy()), 1)
    matrix = ConfusionMatrix(labels=dataset.labels, counts=counts)
    return Figures(
        loss=total_loss / len(dataset),
        accuracy=matrix.accuracy,
        macro_f1=matrix.macro(matrix.f_score(1.0)),
    )
