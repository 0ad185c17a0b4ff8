"""Train: fits a network to the training split and writes the artifact of its best epoch.

The training toolkit passes hyperparameters as `--name value`, and paths in `SM_*` variables.
"""

import argparse
import copy
import io
import logging
import math
import os
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from inference.artifact import Artifact, ArtifactError, Spec, write_artifact
from inference.files import write_json
from inference.handler import model_fn
from inference.model import build_classifier, prepare_for_inference
from inference.serving import input_fn, output_fn, predict_fn
from inference.transforms import IMAGENET
from steps.dataset import Dataset, DatasetError
from steps.runtime import JobParser, run
from steps.train.checkpoint import Checkpoints
from steps.train.contract import HISTORY_FILE, Channel, Hyperparameters, Metric, metric_line
from steps.train.pretrained import load_pretrained
from steps.train.statistics import channel_normalization
from steps.train.trainer import EpochMetrics, Trainer

logger = logging.getLogger(__name__)

SERVICE_OPTIONS = ("--_", "--sagemaker_")
"""Beginnings of options that the service and its toolkit may pass, such as a tuning job's."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the job."""
    # Deterministic matrix products on a GPU need a workspace of fixed size, set before CUDA starts.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    options = _parse(argv)
    hyperparameters = Hyperparameters.from_arguments(options)
    train, validation = Dataset.open(options.train_dir), Dataset.open(options.validation_dir)
    _check_same_data(train, validation)
    # As use_deterministic_algorithms(True), which also imports the compiler, for seconds.
    torch.set_deterministic_debug_mode("error")
    torch.manual_seed(hyperparameters.seed)
    network = build_classifier(
        hyperparameters.architecture,
        num_labels=len(train.labels),
        dropout=hyperparameters.dropout,
    )
    facts: dict[str, object] = {
        "code_digest": os.environ.get("CODE_DIGEST", ""),
        "data_digest": train.data_digest,
        "hyperparameters": asdict(hyperparameters),
        "torch_version": torch.__version__,
    }
    pretrained_digest = None
    if options.pretrained_dir is not None:
        pretrained_digest = load_pretrained(network, options.pretrained_dir)
    is_small = hyperparameters.architecture == "small_cnn"
    spec = Spec(
        architecture=hyperparameters.architecture,
        image_size=train.image_size,
        normalization=channel_normalization(train) if is_small else IMAGENET,
    )
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    trainer = Trainer(
        network.to(device),
        hyperparameters,
        train=train,
        validation=validation,
        normalization=spec.normalization,
        is_mixed=device.type == "cuda",
        max_batches=options.max_batches,
    )
    checkpoints = Checkpoints(
        options.checkpoint_dir,
        {
            **facts,
            **device_facts(device),
            "max_batches": options.max_batches,
            "parts": [*train.part_digests, *validation.part_digests],
            "pretrained": pretrained_digest,
        },
    )
    _fit(trainer, checkpoints)
    network.load_state_dict(trainer.best_weights)
    artifact = Artifact(network=network.eval(), spec=spec, labels=train.labels)
    # Times differ from one run to the next, and equal trainings must give equal artifacts.
    history = [
        {metric: value for metric, value in metrics.items() if metric != Metric.IMAGES_PER_SECOND}
        for metrics in trainer.history
    ]
    num_images = {"train": len(train), "validation": len(validation)}
    training = facts | {
        "best_epoch": trainer.best_epoch,
        "history": history,
        "num_images": num_images,
    }
    write_artifact(options.model_dir, artifact, training)
    write_json(options.output_data_dir / HISTORY_FILE, trainer.history)
    _check_artifact(options.model_dir, artifact, validation)


def device_facts(device: torch.device) -> dict[str, object]:
    """What of the machine decides the bits of the weights."""
    # The artifact does not name them: it is the same on all machines that compute the same.
    is_cpu = device.type == "cpu"
    return {"device": device.type, "num_threads": torch.get_num_threads() if is_cpu else None}


def _fit(trainer: Trainer, checkpoints: Checkpoints) -> None:
    """Train to the end, from where an interrupted job of the same training stopped."""
    state = checkpoints.load()
    if state is not None:
        trainer.load_state_dict(state)
        logger.info("Resuming after epoch %d from %s.", len(trainer.history) - 1, checkpoints.path)
        for metrics in trainer.history:
            # The log of the job holds every epoch, whichever job trained it.
            _report(metrics)
    while not trainer.is_finished:
        metrics = trainer.train_epoch()
        checkpoints.save(trainer.state_dict())
        _report(metrics)


def _report(metrics: EpochMetrics) -> None:
    print(metric_line(metrics), flush=True)  # noqa: T201 -- the service scrapes standard output


def _check_same_data(train: Dataset, validation: Dataset) -> None:
    if (train.data_digest, train.labels) != (validation.data_digest, validation.labels):
        raise DatasetError(
            f"The train split is of data {train.data_digest[:12]} and the validation split of "
            f"{validation.data_digest[:12]}; expected two splits of one Preprocess job."
        )


def _check_artifact(model_dir: Path, artifact: Artifact, validation: Dataset) -> None:
    """Send an image of the validation split through the handler, as a request, and compare.

    Raises:
        ArtifactError: What was written answers differently from what was trained.
    """
    buffer = io.BytesIO()
    pixels = validation.take(np.array([0]))
    Image.fromarray(pixels[0]).save(buffer, "PNG")
    data = input_fn(buffer.getvalue(), "image/png")
    prediction = predict_fn(data, model_fn(str(model_dir)))
    output_fn(prediction, "application/json")
    # Prepared as the handler does, so that both round alike.
    network = prepare_for_inference(copy.deepcopy(artifact.network))
    with torch.inference_mode():
        images = artifact.spec.normalization(
            torch.from_numpy(pixels).to(network.projections.device)
        )
        probability, index = network(images).double().softmax(dim=1).max(dim=1)
    expected = (artifact.labels[int(index)], float(probability))
    answered = (prediction[0]["predicted_label"], prediction[0]["probability"])
    if expected[0] != answered[0] or not math.isclose(
        expected[1], float(answered[1]), rel_tol=1e-6
    ):
        raise ArtifactError(
            f"Artifact {model_dir} answers {answered} for '{validation.files[0]}'; "
            f"the trained network answers {expected}."
        )


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = JobParser(__doc__)
    Hyperparameters.add_arguments(parser)
    defaults = {
        "train": os.environ.get("SM_CHANNEL_TRAIN", f"/opt/ml/input/data/{Channel.TRAIN}"),
        "validation": os.environ.get(
            "SM_CHANNEL_VALIDATION", f"/opt/ml/input/data/{Channel.VALIDATION}"
        ),
        "pretrained": os.environ.get("SM_CHANNEL_PRETRAINED"),
        "model": os.environ.get("SM_MODEL_DIR", "/opt/ml/model"),
        "output-data": os.environ.get("SM_OUTPUT_DATA_DIR", "/opt/ml/output/data"),
        "checkpoint": os.environ.get("CHECKPOINT_DIR", "/opt/ml/checkpoints"),
    }
    for name, default in defaults.items():
        parser.add_argument(f"--{name}-dir", type=Path, default=default)
    parser.add_argument(
        "--max-batches", type=int, help="train on this many batches per epoch: a smoke run"
    )
    options, others = parser.parse_known_args(argv)
    if unknown := _unknown(others):
        parser.error(f"unknown: {', '.join(unknown)}")
    return options


def _unknown(words: Sequence[str]) -> list[str]:
    """Of options that are not ours, and their values, those that are not the service's either."""
    names = [word.partition("=")[0] for word in words if re.match("--?[a-zA-Z_]", word)]
    return [name for name in names or words if not name.startswith(SERVICE_OPTIONS)]


if __name__ == "__main__":
    run(main)
