"""CheckDrift: hold what an endpoint answered in a window against the baseline of its model.

Violations are the job's result and no failure of it. Captured records that cannot be read are
listed; where they are more than a few they count as records without any value, so that they never
make a window look better. A window in which nothing was captured has no violations either.
"""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from monitoring.baseline import Baseline, BaselineError
from monitoring.captured import CapturedReader
from monitoring.damage import Reason
from monitoring.data_check import CheckResult, DataCheck
from steps.baseline_files import CONSTRAINTS_FILE, DATA_QUALITY_DIR, STATISTICS_FILE
from steps.check_drift.contract import DriftCheck, Input
from steps.check_drift.examples import Example, find_examples
from steps.check_drift.findings import Finding, findings, worst_text
from steps.check_drift.metrics import drift_metrics
from steps.check_drift.page import DriftReport, drift_page
from steps.runtime import JobParser, input_errors, run
from steps.window import Window, captured_files, read_records
from steps.window_files import Output
from steps.window_report import write_report

logger = logging.getLogger(__name__)

MAX_DAMAGED_FRACTION = 0.01
"""Of the captured records; a line that was cut now and then, and a single one in any window, says
nothing about the model."""

MAX_FEATURES_WITH_EXAMPLES = 3


def main(argv: Sequence[str] | None = None) -> str:
    """Run the job and return its exit message."""
    options = _parse(argv)
    window = Window.of(options)
    baseline_dir: Path = options.baseline_dir / DATA_QUALITY_DIR
    constraints_path = baseline_dir / CONSTRAINTS_FILE
    with input_errors(BaselineError):
        baseline = Baseline.load(baseline_dir / STATISTICS_FILE, constraints_path)
    paths = captured_files(options.captured_dir)
    reader = _reader(window, baseline)
    result, has_inputs = _check(reader, paths, baseline)
    found = findings(result, baseline.features)
    num_damaged = reader.damage.num_items
    record = window.record(
        status=result.status,
        num_records=result.num_records,
        num_violations=len(result.violations),
        figures=result.distances,
    )
    report = DriftReport(
        window=window,
        baseline=baseline,
        result=result,
        findings=found,
        reader=reader,
        examples=_examples(found, paths, window, baseline) if has_inputs else {},
        records=[*read_records(options.history_dir), record],
    )
    check: DriftCheck = {
        "distances": result.distances,
        "num_damaged": num_damaged,
        "num_records": result.num_records,
        "num_violations": len(result.violations),
        "status": result.status,
        "undecided": list(result.undecided),
        "worst": worst_text(found),
    }
    write_report(
        options,
        statistics=result.statistics,
        constraints=constraints_path,
        violations=result.document(),
        damage={"damage": reader.damage.to_document()},
        # What could not be judged is looked at again, with the next window, and counts then.
        metrics=window.metrics_text(drift_metrics(result) if result.status.is_conclusive else ()),
        page=drift_page(report),
        record=record,
        check=check,
    )
    return _message(check)


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = JobParser("Hold captured answers against a baseline.")
    parser.add_folders(inputs=(Input.BASELINE, Input.CAPTURED, Input.HISTORY), outputs=Output)
    Window.add_options(parser)
    return parser.parse_args(argv)


def _reader(window: Window, baseline: Baseline) -> CapturedReader:
    return CapturedReader(
        start=window.start,
        end=window.end,
        csv_columns={name: item.kind for name, item in baseline.features.items()},
    )


def _check(
    reader: CapturedReader, paths: Sequence[Path], baseline: Baseline
) -> tuple[CheckResult, bool]:
    """The result, and whether the requests were captured too."""
    check = DataCheck(baseline)
    has_inputs = False
    for block in reader.read(paths):
        check.update_columns(block.columns, num_records=block.num_rows)
        has_inputs = has_inputs or b'"endpointInput"' in block.lines[0]
    num_damaged, num_events = reader.damage.num_items, reader.counts.num_events
    # Nobody knows how much a file that broke off held.
    is_cut = Reason.BROKEN_FILE in reader.damage.counts
    if is_cut or num_damaged > max(1, MAX_DAMAGED_FRACTION * (num_damaged + num_events)):
        logger.warning("%d captured records cannot be read.", num_damaged)
        check.update([{}] * num_damaged)
    return check.result(), has_inputs


def _examples(
    found: Sequence[Finding], paths: Sequence[Path], window: Window, baseline: Baseline
) -> dict[str, list[Example]]:
    """Images for the drifted features that are numbers, the furthest first."""
    numbers = {name: item.numbers for name, item in baseline.features.items()}
    drifted = [item.name for item in found if item.is_drifted and item.name in numbers]
    means = {
        name: float(np.average(numbers[name][0], weights=numbers[name][1]))
        for name in drifted
        if numbers[name][0].size
    }
    shown = dict(list(means.items())[:MAX_FEATURES_WITH_EXAMPLES])
    return find_examples(_reader(window, baseline), paths, shown) if shown else {}


def _message(check: DriftCheck) -> str:
    message = f"violations={check['num_violations']} records={check['num_records']}"
    if check["num_damaged"]:
        message += f" damaged={check['num_damaged']}"
    if check["undecided"]:
        message += f" undecided={len(check['undecided'])}"
    if check["num_violations"]:
        return f"{message}: {check['worst']}"
    return message


if __name__ == "__main__":
    run(main)
