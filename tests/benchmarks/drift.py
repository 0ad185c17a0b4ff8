"""How often the drift check is wrong on unshifted windows, and what it finds on shifted ones.

The pictures are generated, so windows are independent of the baseline and of the training images.
A small network is trained on them, answers every picture once, and again every corrupted one, as
the handler does. A window is drawn at random from many more pictures than it holds.

The engine has its own default thresholds, which is what Evaluate writes. Three baselines share the
windows: one alone might be lucky.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy

from inference.artifact import Artifact, Spec
from inference.contract import PROJECTION_FIELDS, FieldType, response_fields
from inference.model import Classifier, build_classifier, prepare_for_inference
from inference.serving import Response, predict_fn
from inference.transforms import IMAGENET
from monitoring.baseline import Baseline
from monitoring.corruptions import Corruption
from monitoring.data_check import CheckResult, DataCheck
from monitoring.data_constraints import suggest_data_constraints
from monitoring.data_statistics import Column, data_statistics
from monitoring.embedding_drift import EMBEDDING_FEATURE, embedding_document
from tests.benchmarks.figures import Figure
from tests.benchmarks.shapes import CLASSES, SIDE, UNSEEN_CLASS, draw

NUM_TRAINING_IMAGES = 2000
NUM_EPOCHS = 8
BATCH_SIZE = 64
LEARNING_RATE = 6e-3

NUM_BASELINES = 3
BASELINE_SIZE = 1000
NUM_CLEAN_IMAGES = 10_000
NUM_SHIFTED_IMAGES = 1500
WINDOW_SIZE = 500
NUM_CLEAN_WINDOWS = 200
NUM_SHIFTED_WINDOWS = 100
UNSEEN_FRACTIONS = {0.2: 0.95, 0.1: None, 0.05: None}
"""Parts of the traffic that show an unseen class, and the windows of which must be found."""

DETECTED = {
    "Gaussian blur, sigma 2": Corruption(kind="blur", severity=2),
    "20 % darker": Corruption(kind="brightness", severity=-0.2),
}
"""Shifts that have a target; so has the unseen class."""

OTHERS = {
    "Gaussian blur, sigma 0.5": Corruption(kind="blur", severity=0.5),
    "5 % darker": Corruption(kind="brightness", severity=-0.05),
    "contrast 10 % less": Corruption(kind="contrast", severity=-0.1),
    "noise, 1 % of white": Corruption(kind="noise", severity=0.01),
    "rotated by 5 degrees": Corruption(kind="rotation", severity=5),
    "JPEG quality 75": Corruption(kind="jpeg_quality", severity=75),
    "5 % nearer": Corruption(kind="crop", severity=0.05),
}
"""Smaller ones, which show where the check's sight ends."""

Answers: TypeAlias = Mapping[str, Column]
"""Answers to pictures, by column."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """Of the windows of one kind, the fractions with a violation: any, and of the embeddings."""

    any_feature: float
    embedding: float


def figures() -> Iterator[Figure]:
    """Accuracy, false alarms, and the fraction of shifted windows that are found."""
    started = time.perf_counter()
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    model, accuracy = _train()
    yield Figure("accuracy on the shapes", accuracy, "")
    clean = _answers(model, CLASSES, NUM_CLEAN_IMAGES, seed=1)
    generator = np.random.default_rng(2)
    order = generator.permutation(NUM_CLEAN_IMAGES)
    baselines = [
        _baseline(_rows(clean, rows))
        for rows in order[: NUM_BASELINES * BASELINE_SIZE].reshape(NUM_BASELINES, -1)
    ]
    current = _rows(clean, order[NUM_BASELINES * BASELINE_SIZE :])
    found = _check(baselines, [(current, WINDOW_SIZE)], NUM_CLEAN_WINDOWS, generator)
    yield Figure("unshifted windows with a violation", found.any_feature, "", at_most=0.05)
    yield Figure("unshifted windows, embeddings", found.embedding, "")

    unseen = _answers(model, [UNSEEN_CLASS], NUM_SHIFTED_IMAGES, seed=3)
    for fraction, at_least in UNSEEN_FRACTIONS.items():
        num_unseen = round(fraction * WINDOW_SIZE)
        mixed = [(unseen, num_unseen), (current, WINDOW_SIZE - num_unseen)]
        found = _check(baselines, mixed, NUM_SHIFTED_WINDOWS, generator)
        name = f"unseen class, {round(100 * fraction)} % of traffic"
        yield Figure(name, found.any_feature, "", at_least=at_least)
        yield Figure(f"{name}, embeddings", found.embedding, "")
    for name, corruption in {**DETECTED, **OTHERS}.items():
        shifted = _answers(model, CLASSES, NUM_SHIFTED_IMAGES, seed=4, corruption=corruption)
        found = _check(baselines, [(shifted, WINDOW_SIZE)], NUM_SHIFTED_WINDOWS, generator)
        at_least = 0.95 if name in DETECTED else None
        yield Figure(name, found.any_feature, "", at_least=at_least)
        yield Figure(f"{name}, embeddings", found.embedding, "")
    torch.set_num_threads(num_threads)
    yield Figure("drift, duration of the measurement", time.perf_counter() - started, "s")


def _train() -> tuple[Artifact, float]:
    """A small network for the known classes, and its accuracy on pictures that it never saw."""
    torch.manual_seed(0)
    images_nhw3, labels_n = _drawn(NUM_TRAINING_IMAGES, seed=0)
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
        network=prepare_for_inference(network),
        spec=Spec(architecture="small_cnn", image_size=SIDE, normalization=IMAGENET),
        labels=CLASSES,
    )
    return artifact, _accuracy(network)


def _accuracy(network: Classifier) -> float:
    images_nhw3, labels_n = _drawn(WINDOW_SIZE, seed=5)
    with torch.inference_mode():
        hits_n = network(IMAGENET(images_nhw3)).argmax(dim=1) == labels_n
    return float(hits_n.float().mean())


def _drawn(num_images: int, *, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = np.random.default_rng(seed)
    labels_n = generator.integers(0, len(CLASSES), num_images)
    images = [np.asarray(draw(CLASSES[label], generator)) for label in labels_n]
    return torch.from_numpy(np.stack(images)), torch.from_numpy(labels_n)


def _answers(
    model: Artifact,
    classes: Sequence[str],
    num_images: int,
    *,
    seed: int,
    corruption: Corruption | None = None,
) -> Answers:
    """The model's answers to pictures of some classes, each as frequent as the others."""
    generator = np.random.default_rng(seed)
    responses: list[Response] = []
    for name in generator.choice(classes, num_images):
        image = draw(name, generator)
        if corruption is not None:
            image = corruption(image, generator)
        responses += predict_fn([image], model)
    return {
        field.name: np.array([response[field.name] for response in responses])
        if field.type is FieldType.FRACTIONAL
        else [response[field.name] for response in responses]
        for field in response_fields(len(CLASSES))
    }


def _rows(answers: Answers, rows: NDArray[np.int64]) -> Answers:
    return {
        name: column[rows]
        if isinstance(column, np.ndarray)
        else [column[row] for row in rows.tolist()]
        for name, column in answers.items()
    }


def _baseline(answers: Answers) -> Baseline:
    """The baseline that Evaluate writes."""
    document = data_statistics(answers)
    constraints = suggest_data_constraints(
        document,
        non_negative={field.name: field.is_non_negative for field in response_fields(len(CLASSES))
                      if field.type is FieldType.FRACTIONAL},
        domains={name: CLASSES for name in answers if name.endswith("_label")},
    )  # fmt: skip
    embedding = embedding_document({name: answers[name] for name in PROJECTION_FIELDS}, seed=0)
    return Baseline.of(document, constraints, embedding)


def _check(
    baselines: Sequence[Baseline],
    parts: Sequence[tuple[Answers, int]],
    num_windows: int,
    generator: np.random.Generator,
) -> Findings:
    """Check windows that are drawn from several collections, so many pictures of each."""
    num_any = num_embedding = 0
    for number in range(num_windows):
        data_check = DataCheck(baselines[number % len(baselines)])
        for answers, num_records in parts:
            rows = generator.choice(len(answers["brightness"]), num_records, replace=False)
            data_check.update_columns(_rows(answers, rows), num_records=num_records)
        features = _violated(data_check.result())
        num_any += bool(features)
        num_embedding += EMBEDDING_FEATURE in features
    return Findings(any_feature=num_any / num_windows, embedding=num_embedding / num_windows)


def _violated(result: CheckResult) -> set[str]:
    return {violation["feature_name"] for violation in result.violations}
