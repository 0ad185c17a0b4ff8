"""Chooses the samples of a model package: test images whose answers another processor repeats."""

import logging
import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from inference.contract import CONTENT_TYPE_BY_SUFFIX
from inference.files import write_atomically, write_json
from inference.samples import MAX_SAMPLE_BYTES, MAX_SAMPLES, SAMPLES_FILE, Sample, samples_document
from steps.evaluate.prediction import Prediction

logger = logging.getLogger(__name__)

IMAGES_DIR = "images"


def choose_samples(predictions: Sequence[Prediction]) -> list[Prediction]:
    """The answers to keep, ordered by file.

    Of each label the image with the clearest answer, because rounding on another processor may
    turn an unclear one over. Where there are more labels than MAX_SAMPLES, those at even distances.
    Images that an endpoint takes no request of are left out.
    """
    clearest: dict[str, Prediction] = {}
    for prediction in sorted(predictions, key=lambda item: (-item.probability, item.image.file)):
        if prediction.image.path.stat().st_size <= MAX_SAMPLE_BYTES:
            clearest.setdefault(prediction.image.label, prediction)
    labels = sorted(clearest)
    if len(labels) > MAX_SAMPLES:
        labels = [labels[index * len(labels) // MAX_SAMPLES] for index in range(MAX_SAMPLES)]
    return sorted((clearest[label] for label in labels), key=lambda item: item.image.file)


def write_samples(directory: Path, predictions: Sequence[Prediction]) -> None:
    """Write the list of samples, and the images as they were collected beside it.

    Args:
        directory: Folder to write into.
        predictions: The answers to keep.
    """
    samples = []
    for prediction in predictions:
        image = prediction.image
        sample = Sample(
            file=f"{IMAGES_DIR}/{image.file}",
            content_type=CONTENT_TYPE_BY_SUFFIX[image.path.suffix.lower()],
            response=prediction.response,
        )
        write_atomically(directory / sample.file, partial(shutil.copyfile, image.path))
        samples.append(sample)
    write_json(directory / SAMPLES_FILE, samples_document(samples))
    if not samples:
        logger.warning(
            "No test image has at most %d bytes: the model package gets no samples, and a "
            "deployment of it would fail its smoke test.",
            MAX_SAMPLE_BYTES,
        )
