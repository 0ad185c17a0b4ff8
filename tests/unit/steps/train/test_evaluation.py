"""Figures on the validation split."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from inference.model import build_classifier
from inference.transforms import Normalization
from steps.dataset import Dataset
from steps.train import evaluation
from steps.train.evaluation import evaluate


def test_figures_do_not_depend_on_batches(
    validation_split: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The figures over odd batches are those of all images at once."""
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
    predicted = logits.argmax(1)
    scores = []
    for label in range(3):
        is_actual, is_predicted = targets == label, predicted == label
        num_hits = (is_actual & is_predicted).sum().item()
        scores.append(2 * num_hits / (is_actual.sum().item() + is_predicted.sum().item()))
    assert figures.macro_f1 == pytest.approx(sum(scores) / 3)
    assert figures.accuracy == pytest.approx((predicted == targets).double().mean().item())
