"""Writes what a check of a window found: CheckDrift and CheckModelQuality."""

import argparse
from collections.abc import Mapping
from pathlib import Path

from inference.files import write_text
from monitoring.documents import document_text
from monitoring.window_record import WindowRecord
from steps.baseline_files import CONSTRAINTS_FILE, STATISTICS_FILE
from steps.window import write_record
from steps.window_files import CHECK_FILE, DAMAGE_FILE, METRICS_FILE, PAGE_FILE, VIOLATIONS_FILE


def write_report(
    options: argparse.Namespace,
    *,
    statistics: Mapping[str, object],
    constraints: Path,
    violations: Mapping[str, object],
    damage: Mapping[str, object],
    metrics: str,
    page: str,
    record: WindowRecord,
    check: Mapping[str, object],
) -> None:
    """Write the files that `steps.window_files` names, and the record for later windows.

    Args:
        options: The script's: the folders of its outputs.
        statistics: Of the window.
        constraints: File of the baseline's constraints, to be copied.
        violations: The document of Model Monitor's form.
        damage: What could not be read.
        metrics: Lines of JSON, of `Window.metrics_text`.
        page: HTML.
        record: What is kept of the window.
        check: What the pipeline reads; written last, so that where it is, all the rest is.
    """
    target: Path = options.violations_dir
    write_text(target / STATISTICS_FILE, document_text(statistics))
    write_text(target / CONSTRAINTS_FILE, constraints.read_text(encoding="utf-8"))
    write_text(target / VIOLATIONS_FILE, document_text(violations))
    write_text(target / DAMAGE_FILE, document_text(damage))
    write_text(target / METRICS_FILE, metrics)
    write_text(target / PAGE_FILE, page)
    write_record(options.window_dir, record)
    write_text(target / CHECK_FILE, document_text(check))
