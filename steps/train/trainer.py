"""Trains a network: epochs, averaged weights, the best epoch, early stop, a state that resumes.

Given the same data, hyperparameters, device and number of threads, the weights are the same to the
bit, whether or not the training was interrupted.
"""

import copy
import math
import time
from collections.abc import Iterator
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from inference.model import Classifier
from inference.transforms import Normalization
from steps.dataset import Dataset
from steps.train.augment import Augmentation
from steps.train.contract import Hyperparameters, Metric
from steps.train.evaluation import Figures, evaluate
from steps.train.schedule import learning_rate

EpochMetrics: TypeAlias = dict[Metric, float]

AVERAGING_DECAY = 0.98
"""Weight of the past in the moving average of the weights, per step."""

STEPS_PER_CHECK = 100
"""Steps between looks at the losses: each look waits for the device."""


class NonFiniteLossError(ArithmeticError):
    """The loss is not a number any more."""


class Trainer:
    """A training in progress: `state_dict` after an epoch is all that it takes to go on later."""

    def __init__(
        self,
        network: Classifier,
        hyperparameters: Hyperparameters,
        *,
        train: Dataset,
        validation: Dataset,
        normalization: Normalization,
        is_mixed: bool = False,
        max_batches: int | None = None,
    ) -> None:
        """Start a training.

        Args:
            network: Fresh or pretrained, on the device that trains; its weights change.
            hyperparameters: What decides the weights beside the data.
            train: Training split.
            validation: Validation split.
            normalization: What makes pixels the network's input.
            is_mixed: Whether to compute in float16 where that is safe, which pays on GPUs.
            max_batches: Batches that make an epoch; None means all.
        """
        self.history: list[EpochMetrics] = []
        self.best_weights: dict[str, Tensor] = {}
        self._network = network
        # Averages generalise better than wherever the last step happened to end.
        self._averaged = copy.deepcopy(network)
        self._hyperparameters = hyperparameters
        self._train, self._validation = train, validation
        self._normalization = normalization
        self._augment = Augmentation(
            max_rotation_degrees=hyperparameters.max_rotation_degrees,
            max_shift_fraction=hyperparameters.max_shift_fraction,
            horizontal_flip=hyperparameters.horizontal_flip,
        )
        self._num_batches = max(1, len(train) // hyperparameters.batch_size)
        self._max_batches = min(max_batches or self._num_batches, self._num_batches)
        self._device = network.projections.device
        self._is_mixed = is_mixed
        self._optimizer = torch.optim.AdamW(_parameter_groups(network, hyperparameters), fused=True)
        self._scaler = torch.amp.GradScaler(self._device.type, enabled=is_mixed)
        self._generator = torch.Generator().manual_seed(hyperparameters.seed)

    @property
    def best_epoch(self) -> int:
        """Index in `history` of the epoch with the lowest validation loss, the first of equals."""
        losses = [metrics[Metric.VALIDATION_LOSS] for metrics in self.history]
        return losses.index(min(losses))

    @property
    def is_finished(self) -> bool:
        """Whether all epochs are trained, or the last ones brought nothing better."""
        num_epochs = len(self.history)
        if num_epochs in {0, self._hyperparameters.epochs}:
            return num_epochs > 0
        return num_epochs - 1 - self.best_epoch >= self._hyperparameters.patience

    def train_epoch(self) -> EpochMetrics:
        """Train for one epoch, validate, and keep the weights if they are the best so far.

        Raises:
            NonFiniteLossError: A step's loss, or the validation loss, is infinite or not a number.
        """
        epoch = len(self.history)
        started = time.perf_counter()
        train_loss, num_images = self._train_batches(epoch * self._max_batches)
        seconds = time.perf_counter() - started
        figures = evaluate(self._averaged, self._validation, self._normalization)
        metrics = self._metrics(epoch, train_loss, figures, num_images / seconds)
        self.history.append(metrics)
        if self.best_epoch == epoch:
            self.best_weights = copy.deepcopy(self._averaged.state_dict())
        return metrics

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next epoch depends on, in tensors and plain values."""
        return {
            "averaged": self._averaged.state_dict(),
            "best_weights": self.best_weights,
            "cuda_random": torch.cuda.get_rng_state_all() if self._is_on_gpu else [],
            "generator": self._generator.get_state(),
            "history": [
                {metric.value: value for metric, value in metrics.items()}
                for metrics in self.history
            ],
            "network": self._network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "random": torch.get_rng_state(),
            "scaler": self._scaler.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self._averaged.load_state_dict(state["averaged"])
        self.best_weights = state["best_weights"]
        self._generator.set_state(state["generator"])
        self.history = [
            {Metric(name): value for name, value in metrics.items()} for metrics in state["history"]
        ]
        self._network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._scaler.load_state_dict(state["scaler"])
        # Dropout draws from the global generators.
        torch.set_rng_state(state["random"])
        if self._is_on_gpu:
            torch.cuda.set_rng_state_all(state["cuda_random"])

    @property
    def _is_on_gpu(self) -> bool:
        return self._device.type == "cuda"

    def _train_batches(self, first_step: int) -> tuple[float, int]:
        """One pass over the training split: mean loss, and number of images."""
        self._network.train()
        total_loss, num_images = 0.0, 0
        pending: list[Tensor] = []
        sizes: list[int] = []
        for index, (images, targets) in enumerate(self._batches()):
            pending.append(self._train_step(first_step + index, images, targets))
            sizes.append(len(targets))
            if len(pending) == STEPS_PER_CHECK or index + 1 == self._max_batches:
                losses = torch.stack(pending).double().cpu()
                _check_finite(losses, first_step + index + 1 - len(pending))
                total_loss += float(losses @ torch.tensor(sizes, dtype=torch.float64))
                num_images += sum(sizes)
                pending, sizes = [], []
        return total_loss / num_images, num_images

    def _batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Augmented images and their labels, in a new order; batch sizes differ by at most one."""
        order = torch.randperm(len(self._train), generator=self._generator)
        for rows in order.tensor_split(self._num_batches)[: self._max_batches]:
            indices = rows.numpy()
            pixels = self._send(torch.from_numpy(self._train.take(indices)))
            images = self._augment(self._normalization(pixels), self._generator)
            yield images, self._send(torch.from_numpy(self._train.label_indices[indices]))

    def _send(self, tensor: Tensor) -> Tensor:
        """The tensor on the device; a GPU copies it while this process takes the next images."""
        if self._is_on_gpu:
            # Only from pinned memory is a copy not waited for.
            return tensor.pin_memory().to(self._device, non_blocking=True)
        return tensor

    def _train_step(self, step: int, images: Tensor, targets: Tensor) -> Tensor:
        options = self._hyperparameters
        rate = learning_rate(
            step, num_steps=options.epochs * self._max_batches, peak=options.learning_rate
        )
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.zero_grad(set_to_none=True)
        with torch.autocast(self._device.type, dtype=torch.float16, enabled=self._is_mixed):
            logits = self._network(images)
            loss = functional.cross_entropy(
                logits, targets, label_smoothing=options.label_smoothing
            )
        torch.autograd.backward(self._scaler.scale(loss))
        self._scaler.step(self._optimizer)
        self._scaler.update()
        self._average(step)
        return loss.detach()

    @torch.no_grad()
    def _average(self, step: int) -> None:
        """Move the averaged weights, and the statistics of normalisation layers."""
        # Early averages would hold on to the random start.
        decay = min(AVERAGING_DECAY, (1 + step) / (10 + step))
        current = self._network.state_dict().values()
        averaged = self._averaged.state_dict().values()
        for mean, value in zip(averaged, current, strict=True):
            if mean.is_floating_point():
                mean.lerp_(value, 1 - decay)
            else:
                mean.copy_(value)

    def _metrics(
        self, epoch: int, train_loss: float, figures: Figures, images_per_second: float
    ) -> EpochMetrics:
        if not math.isfinite(figures.loss):
            raise NonFiniteLossError(
                f"The validation loss is {figures.loss} after epoch {epoch}; "
                "expected a finite number. Lower 'learning_rate'."
            )
        earlier = [metrics[Metric.VALIDATION_LOSS] for metrics in self.history]
        return {
            Metric.EPOCH: epoch,
            Metric.TRAIN_LOSS: train_loss,
            Metric.VALIDATION_LOSS: figures.loss,
            Metric.VALIDATION_ACCURACY: figures.accuracy,
            Metric.VALIDATION_MACRO_F1: figures.macro_f1,
            Metric.BEST_VALIDATION_LOSS: min([*earlier, figures.loss]),
            Metric.IMAGES_PER_SECOND: images_per_second,
        }


def _parameter_groups(
    network: Classifier, hyperparameters: Hyperparameters
) -> list[dict[str, object]]:
    """Weight decay for matrices and kernels only: scales and biases have no size to keep small."""
    parameters = list(network.parameters())
    return [
        {
            "params": [p for p in parameters if p.ndim > 1],
            "weight_decay": hyperparameters.weight_decay,
        },
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]


def _check_finite(losses: Tensor, first_step: int) -> None:
    bad = (~losses.isfinite()).nonzero()
    if len(bad):
        index = int(bad[0])
        raise NonFiniteLossError(
            f"The training loss is {losses[index].item()} at step {first_step + index}; "
            "expected a finite number. Lower 'learning_rate'."
        )
