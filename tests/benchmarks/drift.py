"""How often the drift check is wrong on unshifted windows, and what it finds on shifted ones.

The pictures are generated: each is in one window only, and none in the baselines or in what the
network was trained on, so windows are independent. A small network answers them as the handler
does. The engine has its own default thresholds, which is what Evaluate writes. Three baselines take
turns: one alone might be lucky.

With each fraction of windows stands what it may be in truth, with a confidence of 95 %.

Source: C. J. Clopper, E. S. Pearson, "The Use of Confidence or Fiducial Limits Illustrated in the
Case of the Binomial", Biometrika 26, 1934, https://doi.org/10.1093/biomet/26.4.404
"""

import multiprocessing
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from PIL import Image
from scipy.stats import binomtest
from torch.nn.functional import cross_entropy

from inference.artifact import Artifact, Spec, write_artifact
from inference.contract import PROJECTION_FIELDS, FieldType, response_fields
from inference.handler import model_fn
from inference.model import Classifier, build_classifier
from inference.serving import predict_fn
from inference.transforms import IMAGENET
from monitoring.baseline import Baseline
from monitoring.corruptions import Corruption
from monitoring.data_check import DataCheck
from monitoring.data_constraints import suggest_data_constraints
from monitoring.data_statistics import Column, data_statistics
from monitoring.embedding_drift import EMBEDDING_FEATURE, embedding_document
from pipelines.local.jobs.machine import usable_cores
from tests.benchmarks.figures import Figure
from tests.benchmarks.shapes import CLASSES, SIDE, UNSEEN_CLASS, draw, draw_mixed

NUM_TRAINING_IMAGES = 2000
NUM_TEST_IMAGES = 1000
NUM_EPOCHS = 8
BATCH_SIZE = 64
LEARNING_RATE = 6e-3

NUM_BASELINES = 3
BASELINE_SIZE = 1000
WINDOW_SIZE = 500

Answers: TypeAlias = Mapping[str, Column]
"""Answers to pictures, by column."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Traffic:
    """What the windows of one kind show, and how many of them are checked."""

    name: str
    corruption: Corruption | None = None
    unseen_fraction: float = 0.0
    """Part of each window that shows a class which the network does not know."""
    num_windows: int = 20
    at_least: float | None = None
    at_most: float | None = None
    """Fractions of the windows, as targets."""


TRAFFIC = (
    Traffic(name="unshifted", num_windows=200, at_most=0.05),
    Traffic(
        name="Gaussian blur, sigma 2",
        corruption=Corruption(kind="blur", severity=2),
        num_windows=100,
        at_least=0.95,
    ),
    Traffic(
        name="20 % darker",
        corruption=Corruption(kind="brightness", severity=-0.2),
        num_windows=100,
        at_least=0.95,
    ),
    Traffic(name="unseen class, 20 %", unseen_fraction=0.2, num_windows=100, at_least=0.95),
    # Smaller shifts have no target. They show where the check's sight ends.
    Traffic(name="Gaussian blur, sigma 0.5", corruption=Corruption(kind="blur", severity=0.5)),
    Traffic(name="5 % darker", corruption=Corruption(kind="brightness", severity=-0.05)),
    Traffic(name="10 % darker", corruption=Corruption(kind="brightness", severity=-0.1)),
    Traffic(name="contrast 10 % less", corruption=Corruption(kind="contrast", severity=-0.1)),
    Traffic(name="noise, 1 % of white", corruption=Corruption(kind="noise", severity=0.01)),
    Traffic(name="rotated by 5 degrees", corruption=Corruption(kind="rotation", severity=5)),
    Traffic(name="JPEG quality 75", corruption=Corruption(kind="jpeg_quality", severity=75)),
    Traffic(name="5 % nearer", corruption=Corruption(kind="crop", severity=0.05)),
    Traffic(name="unseen class, 5 %", unseen_fraction=0.05),
    Traffic(name="unseen class, 10 %", unseen_fraction=0.1),
)
"""Kinds of windows."""


def figures() -> Iterator[Figure]:
    """Accuracy, false alarms, and the fraction of shifted windows that are found."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as model_dir:
        artifact, accuracy = _train()
        write_artifact(Path(model_dir), artifact, training={})
        yield Figure("accuracy on the shapes", accuracy, "")
        with multiprocessing.get_context("spawn").Pool(usable_cores()) as pool:
            baselines = pool.map(partial(_baseline, model_dir), range(NUM_BASELINES))
            for kind, traffic in enumerate(TRAFFIC):
                check = partial(_violated, model_dir, baselines, kind)
                found = pool.map(check, range(traffic.num_windows), chunksize=1)
                yield _figure(
                    f"{traffic.name}: windows with a violation",
                    [bool(features) for features in found],
                    at_least=traffic.at_least,
                    at_most=traffic.at_most,
                )
                yield _figure(
                    f"{traffic.name}: embeddings",
                    [EMBEDDING_FEATURE in features for features in found],
                )
    yield Figure("drift, duration of the measurement", time.perf_counter() - started, "s")


def _figure(
    name: str,
    findings: Sequence[bool],
    *,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Figure:
    """The fraction that is true."""
    interval = binomtest(sum(findings), len(findings)).proportion_ci(0.95, method="exact")
    return Figure(
        name,
        sum(findings) / len(findings),
        "",
        at_least=at_least,
        at_most=at_most,
        interval=(float(interval.low), float(interval.high)),
    )


def _train() -> tuple[Artifact, float]:
    """A small network for the known classes, and its accuracy on pictures that it never saw."""
    torch.manual_seed(0)
    images_nhw3, labels_n = _labelled(NUM_TRAINING_IMAGES, _generator("training"))
    network = build_classifier("small_cnn", num_labels=len(CLASSES))
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE)
    num_steps = NUM_EPOCHS * -(-NUM_TRAINING_IMAGES // BATCH_SIZE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=num_steps)
    for _ in range(NUM_EPOCHS):
        for rows in torch.randperm(NUM_TRAINING_IMAGES).split(BATCH_SIZE):
            optimizer.zero_grad()
            logits_nk = network(IMAGENET(images_nhw3[rows]))
            cross_entropy(logits_nk, labels_n[rows]).backward()
            optimizer.step()
            schedule.step()
    network.eval()
    artifact = Artifact(
        network=network,
        spec=Spec(architecture="small_cnn", image_size=SIDE, normalization=IMAGENET),
        labels=CLASSES,
    )
    return artifact, _accuracy(network)


def _accuracy(network: Classifier) -> float:
    images_nhw3, labels_n = _labelled(NUM_TEST_IMAGES, _generator("test"))
    with torch.inference_mode():
        hits_n = network(IMAGENET(images_nhw3)).argmax(dim=1) == labels_n
    return float(hits_n.float().mean())


def _labelled(num_images: int, generator: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    images_nhw3, labels_n = draw_mixed(CLASSES, num_images, generator)
    return torch.from_numpy(images_nhw3), torch.from_numpy(labels_n)


def _baseline(model_dir: str, number: int) -> Baseline:
    """A baseline as Evaluate writes it."""
    generator = _generator("baseline", number)
    images_nhw3, _ = draw_mixed(CLASSES, BASELINE_SIZE, generator)
    answers = _answers(model_dir, [Image.fromarray(pixels_hw3) for pixels_hw3 in images_nhw3])
    document = data_statistics(answers)
    constraints = suggest_data_constraints(
        document,
        non_negative={field.name: field.is_non_negative for field in response_fields(len(CLASSES))
                      if field.type is FieldType.FRACTIONAL},
        domains={name: CLASSES for name in answers if name.endswith("_label")},
    )  # fmt: skip
    embedding = embedding_document({name: answers[name] for name in PROJECTION_FIELDS}, seed=0)
    return Baseline.of(document, constraints, embedding)


def _violated(
    model_dir: str, baselines: Sequence[Baseline], kind: int, number: int
) -> frozenset[str]:
    """The features with a violation in a window of its own pictures."""
    traffic = TRAFFIC[kind]
    generator = _generator(traffic.name, number)
    num_unseen = round(traffic.unseen_fraction * WINDOW_SIZE)
    known_nhw3, _ = draw_mixed(CLASSES, WINDOW_SIZE - num_unseen, generator)
    unseen_nhw3 = draw(UNSEEN_CLASS, num_unseen, generator)
    images = [
        Image.fromarray(pixels_hw3) for part in (known_nhw3, unseen_nhw3) for pixels_hw3 in part
    ]
    if traffic.corruption is not None:
        images = [traffic.corruption(image, generator) for image in images]
    check = DataCheck(baselines[number % len(baselines)])
    check.update_columns(_answers(model_dir, images), num_records=len(images))
    return frozenset(violation["feature_name"] for violation in check.result().violations)


def _answers(model_dir: str, images: Sequence[Image.Image]) -> Answers:
    responses = predict_fn(images, _model(model_dir))
    return {
        field.name: np.array([response[field.name] for response in responses])
        if field.type is FieldType.FRACTIONAL
        else [response[field.name] for response in responses]
        for field in response_fields(len(CLASSES))
    }


@cache
def _model(model_dir: str) -> Artifact:
    """The model, loaded once by each process; there is one for every core."""
    torch.set_num_threads(1)
    return model_fn(model_dir)


def _generator(purpose: str, number: int = 0) -> np.random.Generator:
    """Random numbers that nothing else has."""
    return np.random.default_rng((*purpose.encode(), number))
