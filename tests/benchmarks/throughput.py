"""Training throughput against the same network fed by ImageFolder and a DataLoader.

Both train the same network on the same images with the same normalization. They differ in what is
measured, and in two things that come with it: the rival decodes every image in every epoch, where
Preprocess has decoded it once, and it rotates and shifts image by image what we change batch by
batch in one resampling. Our steps also average the weights; the rival's do not.
"""

import math
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Subset
from torchvision import transforms
from torchvision.datasets import ImageFolder

from inference.model import build_classifier
from inference.transforms import Normalization
from pipelines.demo import IMAGE_SIDE
from steps.dataset import Dataset
from steps.preprocess.script import main as preprocess
from steps.train.contract import Hyperparameters, Metric
from steps.train.statistics import channel_normalization
from steps.train.trainer import Trainer
from tests.benchmarks.accuracy import preprocess_digits
from tests.benchmarks.figures import Figure

NUM_EPOCHS = 4
"""The first one warms up and is not counted."""

WORKERS = (0, 2)


def figures() -> Iterator[Figure]:
    """Images per second of both, the rival with each number of workers, and the ratio."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        preprocess_digits(folder)
        yield Figure("once before: Preprocess, all splits", _preprocess_seconds(folder), "s")
        train = Dataset.open(folder / "train")
        normalization = channel_normalization(train)
        ours = _ours(train, Dataset.open(folder / "validation"), normalization)
        yield Figure("training throughput, memory-mapped", ours, "images/s")
        rivals = {
            workers: _rival(folder / "raw", workers, normalization, train) for workers in WORKERS
        }
        for workers, rival in rivals.items():
            yield Figure(f"ImageFolder and DataLoader, {workers} workers", rival, "images/s")
        yield Figure("ratio to the best of them", ours / max(rivals.values()), "x")


def _ours(train: Dataset, validation: Dataset, normalization: Normalization) -> float:
    options = Hyperparameters(epochs=NUM_EPOCHS)
    torch.manual_seed(0)
    network = build_classifier(
        options.architecture, num_labels=len(train.labels), dropout=options.dropout
    )
    trainer = Trainer(
        network, options, train=train, validation=validation, normalization=normalization
    )
    speeds = [trainer.train_epoch()[Metric.IMAGES_PER_SECOND] for _ in range(NUM_EPOCHS)]
    return max(speeds[1:])


def _preprocess_seconds(folder: Path) -> float:
    """Seconds to read, check, split, decode and write the images of `folder/raw`."""
    names = ("train", "validation", "test", "report")
    paths = [text for name in names for text in (f"--{name}-dir", str(folder / "again" / name))]
    started = time.perf_counter()
    preprocess([*paths, "--raw-dir", str(folder / "raw"), "--image-size", str(IMAGE_SIDE)])
    return time.perf_counter() - started


def _rival(raw_dir: Path, num_workers: int, normalization: Normalization, train: Dataset) -> float:
    options = Hyperparameters()
    shift = options.max_shift_fraction
    decode = transforms.Compose(
        [
            transforms.Resize((IMAGE_SIDE, IMAGE_SIDE)),
            transforms.RandomAffine(options.max_rotation_degrees, translate=(shift, shift)),
            transforms.ToTensor(),
            transforms.Normalize(normalization.mean, normalization.std),
        ]
    )
    images = ImageFolder(raw_dir, decode)
    files = {str(raw_dir / file) for file in train.files}
    rows = [row for row, (path, _) in enumerate(images.samples) if path in files]
    loader = DataLoader(
        Subset(images, rows),
        batch_size=options.batch_size,
        shuffle=True,
        num_workers=num_workers,
        persistent_workers=num_workers > 0,
    )
    network = build_classifier(
        options.architecture, num_labels=len(train.labels), dropout=options.dropout
    ).train()
    optimizer = torch.optim.AdamW(network.parameters(), fused=True)
    return max([_epoch(network, optimizer, loader) for _ in range(NUM_EPOCHS)][1:])


def _epoch(
    network: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    batches: Iterable[tuple[Tensor, Tensor]],
) -> float:
    started, num_images, total = time.perf_counter(), 0, 0.0
    for images, targets in batches:
        optimizer.zero_grad(set_to_none=True)
        loss = functional.cross_entropy(network(images), targets)
        torch.autograd.backward(loss)
        optimizer.step()
        num_images += len(targets)
        total += float(loss.detach())
    if not math.isfinite(total):
        raise ArithmeticError("The rival's loss is not finite; the comparison means nothing.")
    return num_images / (time.perf_counter() - started)
