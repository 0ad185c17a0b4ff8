"""SummarizeBatch: count the answers of a batch transform by label, and list what went wrong.

An image without an answer that can be read is a failure of that image and not of the job; a batch
without any image is an error.
"""

import argparse
import csv
import io
from collections.abc import Sequence

from inference.files import write_text
from monitoring.documents import document_text
from steps.runtime import JobParser, run
from steps.summarize_batch.batch import Batch, read_batch
from steps.summarize_batch.contract import (
    PAGE_FILE,
    PREDICTIONS_FILE,
    SUMMARY_FILE,
    Input,
    Output,
)
from steps.summarize_batch.page import summary_page


def main(argv: Sequence[str] | None = None) -> str:
    """Run the job and return its exit message."""
    options = _parse(argv)
    batch = read_batch(options.images_dir, options.answers_dir)
    summary = batch.summary()
    write_text(options.summary_dir / PREDICTIONS_FILE, _predictions_csv(batch))
    write_text(options.summary_dir / PAGE_FILE, summary_page(batch))
    write_text(options.summary_dir / SUMMARY_FILE, document_text(summary))
    return (
        f"images={summary['num_images']} answers={summary['num_answers']} "
        f"failures={summary['num_failures']}"
    )


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = JobParser("Count a batch's answers by label.")
    parser.add_folders(inputs=(Input.IMAGES, Input.ANSWERS), outputs=Output)
    return parser.parse_args(argv)


def _predictions_csv(batch: Batch) -> str:
    """One line per answered image: the file, and every field that occurs in an answer."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    fields = sorted({name for image in batch.scored for name in image.response})
    writer.writerow(["file", *fields])
    for image in batch.scored:
        writer.writerow([image.file, *(image.response.get(name) for name in fields)])
    return buffer.getvalue()


if __name__ == "__main__":
    run(main)
