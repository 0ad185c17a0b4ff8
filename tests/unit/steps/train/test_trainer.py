"""The training loop."""

import copy
from collections.abc import Callable

import pytest
import torch

from inference.model import build_classifier
from steps.dataset import Dataset
from steps.train.contract import Hyperparameters, Metric
from steps.train.statistics import channel_normalization
from steps.train.trainer import NonFiniteLossError, Trainer


@pytest.fixture
def start(train_split: Dataset, validation_split: Dataset) -> Callable[..., Trainer]:
    """Starts a training of the tiny splits."""

    def start(
        *, is_mixed: bool = False, max_batches: int | None = None, **changes: object
    ) -> Trainer:
        values = {"epochs": 4, "batch_size": 10, "dropout": 0.3, **changes}
        hyperparameters = Hyperparameters(**values)  # type: ignore[arg-type]
        torch.manual_seed(hyperparameters.seed)
        network = build_classifier("small_cnn", num_labels=3, dropout=hyperparameters.dropout)
        return Trainer(
            network,
            hyperparameters,
            train=train_split,
            validation=validation_split,
            normalization=channel_normalization(train_split),
            is_mixed=is_mixed,
            max_batches=max_batches,
        )

    return start


def finish(trainer: Trainer) -> Trainer:
    """Train to the end."""
    while not trainer.is_finished:
        trainer.train_epoch()
    return trainer


def without_times(trainer: Trainer) -> list[dict[Metric, float]]:
    """The history less what differs from one run to the next."""
    return [
        {metric: value for metric, value in metrics.items() if metric != Metric.IMAGES_PER_SECOND}
        for metrics in trainer.history
    ]


def test_training_learns(start: Callable[..., Trainer]) -> None:
    """After a few epochs every image of the validation split is right."""
    trainer = finish(start(epochs=12))
    best = trainer.history[trainer.best_epoch]
    assert best[Metric.VALIDATION_ACCURACY] == 1.0
    assert best[Metric.VALIDATION_MACRO_F1] == 1.0
    assert best[Metric.VALIDATION_LOSS] < trainer.history[0][Metric.VALIDATION_LOSS] / 2


@pytest.mark.parametrize("num_epochs", [1, 2, 3])
def test_resumed_training_is_the_uninterrupted_one(
    num_epochs: int, start: Callable[..., Trainer]
) -> None:
    """From a state after any epoch, the history and the weights go on to the bit."""
    whole = finish(start())
    interrupted = start()
    for _ in range(num_epochs):
        interrupted.train_epoch()
    state = copy.deepcopy(interrupted.state_dict())
    torch.manual_seed(12345)
    resumed = start(epochs=4)
    resumed.load_state_dict(state)
    finish(resumed)
    assert without_times(resumed) == without_times(whole)
    assert resumed.best_weights.keys() == whole.best_weights.keys()
    for name, tensor in whole.best_weights.items():
        assert torch.equal(resumed.best_weights[name], tensor)


def test_resumed_mixed_training_is_the_uninterrupted_one(start: Callable[..., Trainer]) -> None:
    """In mixed precision the scale of the gradients belongs to the state."""
    whole = finish(start(is_mixed=True))
    interrupted = start(is_mixed=True)
    interrupted.train_epoch()
    state = copy.deepcopy(interrupted.state_dict())
    assert state["scaler"]["scale"] == 2**16, "gradients are scaled"
    torch.manual_seed(12345)
    resumed = start(is_mixed=True)
    resumed.load_state_dict(state)
    finish(resumed)
    assert without_times(resumed) == without_times(whole)
    assert without_times(whole) != without_times(finish(start())), "the precision is another"
    for name, tensor in whole.best_weights.items():
        assert torch.equal(resumed.best_weights[name], tensor)


def test_mixed_training_learns(start: Callable[..., Trainer]) -> None:
    """Half precision reaches what full precision reaches on an easy task."""
    trainer = finish(start(epochs=12, is_mixed=True))
    assert trainer.history[trainer.best_epoch][Metric.VALIDATION_ACCURACY] == 1.0
    assert {tensor.dtype for tensor in trainer.best_weights.values()} == {
        torch.float32,
        torch.int64,
    }


def test_seed_decides_the_training(start: Callable[..., Trainer]) -> None:
    """The same seed gives the same losses, another seed gives others."""
    first, again, other = (finish(start(epochs=1, seed=seed)) for seed in (3, 3, 4))
    assert without_times(first) == without_times(again)
    assert without_times(first) != without_times(other)


def test_best_epoch_is_kept_and_patience_ends_training(
    start: Callable[..., Trainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two epochs without a lower loss end a training of patience 2; the best weights stay."""
    trainer = start(epochs=9, patience=2)
    trainer.train_epoch()
    kept = copy.deepcopy(trainer.best_weights)
    # A loss that nothing undercuts.
    trainer.history[0][Metric.VALIDATION_LOSS] = 0.0
    trainer.train_epoch()
    assert not trainer.is_finished
    trainer.train_epoch()
    assert trainer.is_finished
    assert trainer.best_epoch == 0
    assert [metrics[Metric.BEST_VALIDATION_LOSS] for metrics in trainer.history[1:]] == [0.0, 0.0]
    for name, tensor in kept.items():
        assert torch.equal(trainer.best_weights[name], tensor)


def test_infinite_loss_stops_with_its_step(start: Callable[..., Trainer]) -> None:
    """The step of the first loss that is no number is named; four steps make an epoch."""
    trainer = start()
    trainer.train_epoch()
    normalization, calls = trainer._normalization, []

    def spoil(pixels: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        images = normalization(pixels)
        return images * float("nan") if len(calls) == 3 else images

    trainer._normalization = spoil  # type: ignore[assignment]
    with pytest.raises(NonFiniteLossError) as caught:
        trainer.train_epoch()
    assert str(caught.value) == (
        "The training loss is nan at step 6; expected a finite number. Lower 'learning_rate'."
    )


def test_infinite_validation_loss_stops(start: Callable[..., Trainer]) -> None:
    """Weights that overflow on validation are not kept as the best."""
    trainer = start()
    with torch.no_grad():
        trainer._averaged.head.bias.fill_(float("inf"))
    with pytest.raises(NonFiniteLossError) as caught:
        trainer.train_epoch()
    assert str(caught.value) == (
        "The validation loss is nan after epoch 0; expected a finite number. Lower 'learning_rate'."
    )


def test_smoke_run_trains_on_few_batches(start: Callable[..., Trainer]) -> None:
    """With a limit of batches an epoch ends early, and the validation is whole."""
    trainer = start(max_batches=1, epochs=1)
    metrics = trainer.train_epoch()
    assert trainer.is_finished
    assert metrics[Metric.EPOCH] == 0
    assert metrics[Metric.IMAGES_PER_SECOND] > 0


def test_every_image_is_seen_once_per_epoch(start: Callable[..., Trainer]) -> None:
    """The batches of an epoch hold each image once, and differ by one image in size."""
    sizes = [len(targets) for _, targets in start(batch_size=9)._batches()]
    assert sizes == [10, 10, 10, 9, 9]
    labels = torch.cat([targets for _, targets in start()._batches()])
    assert labels.bincount().tolist() == [16, 16, 16]


@pytest.mark.parametrize(
    ("batch_size", "smallest", "num_batches"), [(2, 2, 24), (47, 48, 1), (48, 48, 1), (99, 48, 1)]
)
def test_no_batch_is_smaller_than_asked_for(
    batch_size: int, smallest: int, num_batches: int, start: Callable[..., Trainer]
) -> None:
    """No batch of one image is left over: normalisation over it would be an error."""
    sizes = [len(targets) for _, targets in start(batch_size=batch_size)._batches()]
    assert (min(sizes), len(sizes)) == (smallest, num_batches)
