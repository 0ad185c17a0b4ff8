"""Evaluate: measure a model on the test images, compare it, write the baselines and samples.

The images go through the handler that serves, as the bytes that were collected. Nothing is
estimated: an input that is missing stops the job.
"""

import argparse
import csv
import io
import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path

from inference.files import write_text
from monitoring.documents import document_text
from steps.dataset import Dataset
from steps.evaluate.baseline import compute_baseline
from steps.evaluate.contract import (
    MODEL_FILE,
    PAGE_FILE,
    PREDICTIONS_FILE,
    REPORT_FILE,
    Input,
    Output,
)
from steps.evaluate.page import evaluation_page
from steps.evaluate.prediction import (
    LabelledImage,
    Model,
    Prediction,
    labelled_images,
    load_model,
    predict,
)
from steps.evaluate.report import evaluate
from steps.evaluate.samples import choose_samples, write_samples
from steps.runtime import JobParser, run

logger = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> str:
    """Run the job and return its exit message."""
    options = _parse(argv)
    dataset = Dataset.open(options.test_dir)
    images = labelled_images(dataset, options.test_dir, options.max_images)
    with tempfile.TemporaryDirectory() as scratch:
        model = load_model(options.model_dir / MODEL_FILE, Path(scratch, "model"))
        _check_labels(model, dataset)
        predictions = predict(model, images)
        approved = _ask_approved(options.approved_dir, Path(scratch, "approved"), images)
    evaluation = evaluate(
        model.artifact.labels, predictions, approved=approved, data_digest=dataset.data_digest
    )
    baseline = compute_baseline(evaluation.matrix, predictions)
    page = evaluation_page(model, evaluation, baseline.data_statistics)
    for path, document in baseline.documents().items():
        write_text(options.baseline_dir / path, document_text(document))
    write_samples(options.samples_dir, choose_samples(predictions))
    write_text(options.evaluation_dir / PREDICTIONS_FILE, _predictions_csv(predictions))
    write_text(options.evaluation_dir / PAGE_FILE, page)
    write_text(options.evaluation_dir / REPORT_FILE, document_text(evaluation.report))
    metrics = evaluation.report["metrics"]
    return (
        f"accuracy={metrics['accuracy']['value']:.4f} macro_f1={metrics['macro_f1']['value']:.4f} "
        f"images={evaluation.report['num_images']}"
    )


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = JobParser("Evaluate a model on the test split.")
    parser.add_folders(inputs=(Input.MODEL, Input.TEST, Input.APPROVED), outputs=Output)
    parser.add_argument("--max-images", type=_positive, help="for smoke runs: ask about so many")
    return parser.parse_args(argv)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, got {number}")
    return number


def _check_labels(model: Model, dataset: Dataset) -> None:
    known, present = set(model.artifact.labels), set(dataset.labels)
    if known != present:
        differing = sorted(known ^ present)
        raise ValueError(
            f"The model tells {len(known)} labels apart and the test split has {len(present)}; "
            f"they differ in: {', '.join(differing[:10])}. Evaluate on a split of the same data."
        )


def _ask_approved(
    approved_dir: Path, scratch_dir: Path, images: Sequence[LabelledImage]
) -> list[Prediction] | None:
    """The approved model's answers; None where its input says that there is none."""
    archive = approved_dir / MODEL_FILE
    if archive.is_file():
        return predict(load_model(archive, scratch_dir), images)
    if not approved_dir.is_dir() or not any(approved_dir.iterdir()):
        raise FileNotFoundError(
            f"Input '{Input.APPROVED}' at {approved_dir} is empty. Expected '{MODEL_FILE}', or the "
            "placeholder that says that no model is approved."
        )
    logger.info("No model is approved yet.")
    return None


def _predictions_csv(predictions: Sequence[Prediction]) -> str:
    """One line per image, ordered by file: the file, its label, and every field of the response."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    fields = sorted(predictions[0].response)
    writer.writerow(["file", "actual_label", *fields])
    for prediction in sorted(predictions, key=lambda item: item.image.file):
        values = [prediction.response[field] for field in fields]
        writer.writerow([prediction.image.file, prediction.image.label, *values])
    return buffer.getvalue()


if __name__ == "__main__":
    run(main)
