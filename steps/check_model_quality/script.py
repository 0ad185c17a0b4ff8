"""CheckModelQuality: hold what an endpoint answered in a window against the labels of people.

Labels come late, or never: a window without any is reported as having too little data, which is
neither a pass nor a violation. Violations are the job's result and no failure of it.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from monitoring.baseline import Baseline, BaselineError
from monitoring.captured import CapturedReader
from monitoring.ground_truth import Merge, read_labels
from monitoring.model_check import ModelBaseline, ModelCheck, ModelCheckResult
from steps.baseline_files import (
    CONSTRAINTS_FILE,
    DATA_QUALITY_DIR,
    MODEL_QUALITY_DIR,
    STATISTICS_FILE,
)
from steps.check_model_quality.contract import LABEL_FIGURE, Input, QualityCheck
from steps.check_model_quality.page import QualityReport, quality_page
from steps.runtime import JobParser, input_errors, run
from steps.window import Window, captured_files, read_records
from steps.window_files import NO_VIOLATIONS, Output
from steps.window_report import write_report

MAX_WORST = 3
"""Metrics that are named where there is room for a line only."""


def main(argv: Sequence[str] | None = None) -> str:
    """Run the job and return its exit message."""
    options = _parse(argv)
    window = Window.of(options)
    quality_dir: Path = options.baseline_dir / MODEL_QUALITY_DIR
    constraints_path = quality_dir / CONSTRAINTS_FILE
    with input_errors(BaselineError):
        baseline = ModelBaseline.load(quality_dir / STATISTICS_FILE, constraints_path)
    merge = Merge(labels=read_labels(captured_files(options.labels_dir), end=window.end))
    reader = _reader(window, options.baseline_dir)
    result = _check(reader, options.captured_dir, merge, baseline)
    record = window.record(
        status=result.status,
        num_records=result.num_images,
        num_violations=len(result.violations),
        figures=_figures(result),
    )
    report = QualityReport(
        window=window,
        baseline=baseline,
        result=result,
        merge=merge,
        reader=reader,
        records=[*read_records(options.history_dir), record],
    )
    check: QualityCheck = {
        "metrics": result.metrics,
        "num_conflicting": merge.labels.num_conflicting,
        "num_damaged": merge.labels.damage.num_items,
        "num_damaged_records": reader.damage.num_items,
        "num_labels": len(merge.labels.by_id),
        "num_late": merge.num_late,
        "num_pairs": result.num_images,
        "num_records": merge.num_rows,
        "num_repeated": merge.labels.num_repeated,
        "num_shared": merge.num_shared,
        "num_unanswered": merge.num_unanswered,
        "num_unlabelled": merge.num_unlabelled,
        "num_unmatched": merge.num_unmatched,
        "num_violations": len(result.violations),
        "status": result.status,
        "worst": _worst(result, baseline),
    }
    # What could not be judged is looked at again, with the next window, and counts then.
    metrics = (
        {"MetricName": name, "Value": value, "Unit": "None"}
        for name, value in result.metrics.items()
        if result.status.is_conclusive
    )
    write_report(
        options,
        statistics=result.statistics or {},
        constraints=constraints_path,
        violations=result.document(),
        damage=_damage(merge, reader),
        metrics=window.metrics_text(metrics),
        page=quality_page(report),
        record=record,
        check=check,
    )
    return _message(check)


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = JobParser("Hold captured answers against labels.")
    parser.add_folders(
        inputs=(Input.BASELINE, Input.CAPTURED, Input.HISTORY, Input.LABELS), outputs=Output
    )
    Window.add_options(parser)
    return parser.parse_args(argv)


def _reader(window: Window, baseline_dir: Path) -> CapturedReader:
    """Reads the window; the fields of answers in CSV are those of the data-quality baseline."""
    folder = baseline_dir / DATA_QUALITY_DIR
    with input_errors(BaselineError):
        fields = Baseline.load(folder / STATISTICS_FILE, folder / CONSTRAINTS_FILE).features
    return CapturedReader(
        start=window.start,
        end=window.end,
        csv_columns={name: item.kind for name, item in fields.items()},
    )


def _check(
    reader: CapturedReader, captured_dir: Path, merge: Merge, baseline: ModelBaseline
) -> ModelCheckResult:
    check = ModelCheck(baseline)
    for block in reader.read(captured_files(captured_dir)):
        pairs = list(merge.update(block).pairs())
        check.update(
            actual=[actual for _, actual, _ in pairs],
            predicted=[predicted for _, _, predicted in pairs],
        )
    return check.result()


def _figures(result: ModelCheckResult) -> dict[str, float]:
    """What later windows show of this one: the metrics, and how often each label was found."""
    if result.matrix is None:
        return {}
    labels = zip(
        result.matrix.labels,
        result.matrix.num_actual.tolist(),
        result.matrix.recall().tolist(),
        strict=True,
    )
    return {
        **result.metrics,
        **{f"{LABEL_FIGURE}{label}": recall for label, number, recall in labels if number},
    }


def _damage(merge: Merge, reader: CapturedReader) -> dict[str, object]:
    """What could not be read, and the first ids without a counterpart."""
    return {
        "damage": merge.labels.damage.to_document(),
        "damaged_records": reader.damage.to_document(),
        "unlabelled": list(merge.unlabelled),
        "unmatched": merge.unmatched(),
    }


def _worst(result: ModelCheckResult, baseline: ModelBaseline) -> str:
    """The first metrics that violate their constraint, beside those of the evaluation."""
    names = {violation["metric_name"].lower() for violation in result.violations}
    words = [
        f"{metric} {result.metrics[metric]:.3g} (evaluation {constraint.threshold:.3g})"
        for metric, constraint in baseline.constraints.items()
        if metric.replace("_", "") in names
    ]
    rest = len(words) - MAX_WORST
    more = f" and {rest} more" if rest > 0 else ""
    return ", ".join(words[:MAX_WORST]) + more or NO_VIOLATIONS


def _message(check: QualityCheck) -> str:
    message = (
        f"violations={check['num_violations']} labelled={check['num_pairs']} "
        f"records={check['num_records']}"
    )
    if check["num_damaged_records"]:
        message += f" damaged={check['num_damaged_records']}"
    if check["num_violations"]:
        return f"{message}: {check['worst']}"
    return f"{message}: {check['status']}" if not check["metrics"] else message


if __name__ == "__main__":
    run(main)
