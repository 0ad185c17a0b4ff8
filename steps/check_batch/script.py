"""CheckBatch: hold the answers of a batch transform against the model's data-quality baseline.

Violations are the job's result and no failure of it. An answer that cannot be read counts as a
record without any value, so it never makes a batch look better.
"""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

from inference.files import write_text
from monitoring.answers import ANSWER_SUFFIX, AnswerError, Record, answer_files, parse_answers
from monitoring.baseline import Baseline, BaselineError
from monitoring.data_check import CheckResult, DataCheck
from monitoring.documents import document_text
from steps.baseline_files import CONSTRAINTS_FILE, DATA_QUALITY_DIR, STATISTICS_FILE
from steps.check_batch.contract import CHECK_FILE, VIOLATIONS_FILE, BatchCheck, Input, Output
from steps.runtime import InputError, JobParser, input_errors, run

logger = logging.getLogger(__name__)

FILES_PER_BLOCK = 1024
"""Answers that are in memory at a time."""


def main(argv: Sequence[str] | None = None) -> str:
    """Run the job and return its exit message."""
    options = _parse(argv)
    baseline_dir: Path = options.baseline_dir / DATA_QUALITY_DIR
    constraints_path = baseline_dir / CONSTRAINTS_FILE
    with input_errors(BaselineError):
        baseline = Baseline.load(baseline_dir / STATISTICS_FILE, constraints_path)
    result, num_unreadable = _check(options.answers_dir, baseline)
    check: BatchCheck = {
        "distances": result.distances,
        "num_records": result.num_records,
        "num_unreadable": num_unreadable,
        "num_violations": len(result.violations),
        "status": result.status,
        "undecided": list(result.undecided),
    }
    target: Path = options.violations_dir
    write_text(target / STATISTICS_FILE, document_text(result.statistics))
    write_text(target / CONSTRAINTS_FILE, constraints_path.read_text(encoding="utf-8"))
    write_text(target / VIOLATIONS_FILE, document_text(result.document()))
    write_text(target / CHECK_FILE, document_text(check))
    return _message(result)


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = JobParser("Hold a batch's answers against a baseline.")
    parser.add_folders(inputs=(Input.ANSWERS, Input.BASELINE), outputs=Output)
    return parser.parse_args(argv)


def _check(answers_dir: Path, baseline: Baseline) -> tuple[CheckResult, int]:
    """The result, and how many files could not be read."""
    files = answer_files(answers_dir)
    if not files:
        raise InputError(
            f"Input '{Input.ANSWERS}' at {answers_dir} holds no answers. Expected the files "
            f"'<image>{ANSWER_SUFFIX}' of a batch transform."
        )
    check = DataCheck(baseline)
    num_unreadable = 0
    for start in range(0, len(files), FILES_PER_BLOCK):
        records: list[Record] = []
        for path in files[start : start + FILES_PER_BLOCK]:
            try:
                records += parse_answers(path.read_bytes())
            except AnswerError as error:
                logger.warning("%s cannot be read: %s", path.relative_to(answers_dir), error)
                num_unreadable += 1
                records.append({})
        check.update(records)
    return check.result(), num_unreadable


def _message(result: CheckResult) -> str:
    message = f"violations={len(result.violations)} records={result.num_records}"
    if result.violations:
        names = sorted({violation["feature_name"] for violation in result.violations})
        return f"{message}: {', '.join(names)}"
    if result.undecided:
        return f"{message} undecided={len(result.undecided)}"
    return message


if __name__ == "__main__":
    run(main)
