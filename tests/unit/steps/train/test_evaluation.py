"""Figures on the validation split."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from inference.model import build_classifier
from inference.transforms import Normalization
from steps.dataset import Dataset
from steps.train import evaluation
from steps.train.evaluation import evaluate, macro_f1


def test_macro_f1_of_a_known_matrix() -> None:
    """F1 is 2/3 for the first label (2 right, 1 missed, 1 wrong), 4/5 and 1 for the others."""
    counts = np.array([[2, 1, 0], [0, 2, 0], [1, 0, 0]])
    # Third label: never predicted, so 0. First: 4 / (3 + 3). Second: 4 / (2 + 3).
    assert macro_f1(counts) == pytest.approx((4 / 6 + 4 / 5 + 0) / 3)


def test_figures_do_not_depend_on_batches(
    validation_split: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loss and accuracy over odd batches are those of all images at once."""
    monkeypatch.setattr(evaluation, "BATCH_SIZE", 4)
    torch.manual_seed(0)
    network = build_classifier("small_cnn", num_labels=3, dropout=0.5)
    normalization = Normalization(mean=(0.5, 0.5, 0.5), std=(0.3, 0.3, 0.3))
    figures = evaluate(network, validation_split, normalization)
    pixels = validation_split.take(np.arange(len(validation_split)))
    targets = torch.from_numpy(validation_split.label_indices)
    with torch.inference_mode():
        logits = network(normalization(torch.from_numpy(pixels)))
    assert figures.loss == pytest.approx(functional.cross_entropy(logits, targets).item(), rel=1e-5)
    assert figures.accuracy == pytest.approx((logits.argmax(1) == targets).double().mean().item())
