"""The quality page: how often a window's answers were right, in one file that opens anywhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitoring.captured import CapturedReader
from monitoring.classification import ConfusionMatrix, wilson_interval
from monitoring.ground_truth import Merge
from monitoring.heat_map import heat_map
from monitoring.markup import Markup, element
from monitoring.model_check import ModelBaseline, ModelCheckResult
from monitoring.model_quality import QualityMetric
from monitoring.page import Tile, columns, page, section, table, tiles, titled
from monitoring.window_record import WindowRecord
from steps.check_model_quality.contract import LABEL_FIGURE
from steps.window import Window
from steps.window_page import damage_sections, status_tile, windows_section

MAX_WINDOWS = 8
"""Windows beside each other in the table of labels."""

MAX_LABELS_BESIDE = 10
"""With more, the confusion matrix needs the page's whole width."""


@dataclass(frozen=True, kw_only=True, slots=True)
class QualityReport:
    """Everything that the page shows."""

    window: Window
    baseline: ModelBaseline
    result: ModelCheckResult
    merge: Merge
    reader: CapturedReader
    """It has read the window."""
    records: Sequence[WindowRecord]
    """Earlier windows and this one, this one last."""


def quality_page(report: QualityReport) -> str:
    """The page as HTML."""
    matrix = report.result.matrix
    return page(
        "Model quality",
        report.window.title,
        _tiles(report),
        *([_violations(report)] if report.result.violations else []),
        *([] if matrix is None else [_metrics(report), _labels(matrix), _confusion(matrix)]),
        *_history(report),
        _matching(report.merge),
        *damage_sections("Damaged labels", report.merge.labels.damage),
        *damage_sections("Damaged records", report.reader.damage),
    )


def _tiles(report: QualityReport) -> Markup:
    merge, matrix = report.merge, report.result.matrix
    items = [status_tile(report.result.status)]
    if matrix is not None:
        low, high = wilson_interval(int(matrix.counts.trace()), matrix.num_images)
        items.append(
            Tile(
                name="Accuracy",
                value=f"{matrix.accuracy:.4f}",
                note=f"95 % interval {low:.3f} to {high:.3f}",
            )
        )
    items += [
        Tile(
            name="Labelled",
            value=str(report.result.num_images),
            note=f"of {merge.num_rows} answers; the others have no label yet",
        ),
        Tile(
            name="Labels",
            value=str(len(merge.labels.by_id)),
            note="in files of the window's hours or later",
        ),
    ]
    return tiles(items)


def _violations(report: QualityReport) -> Markup:
    rows = [(item["metric_name"], item["description"]) for item in report.result.violations]
    return section(
        "Violations",
        "Metrics that are worse than in the evaluation, by more than chance explains.",
        table(("metric", "what was found"), rows),
    )


def _metrics(report: QualityReport) -> Markup:
    metrics, constraints = report.result.metrics, report.baseline.constraints
    rows = [
        (name, metrics[name], constraints[name].threshold if name in constraints else None)
        for name in QualityMetric
    ]
    return section(
        "Metrics",
        "In this window and in the evaluation; weighted means that each label counts with its "
        "number of images.",
        table(("metric", "now", "evaluation"), rows),
    )


def _labels(matrix: ConfusionMatrix) -> Markup:
    figures = zip(
        matrix.labels,
        matrix.num_actual.tolist(),
        matrix.precision().tolist(),
        matrix.recall().tolist(),
        matrix.f_score(1.0).tolist(),
        strict=True,
    )
    rows = sorted((row for row in figures if row[1]), key=lambda row: (row[4], row[0]))
    return section(
        "Labels",
        "The label with the lowest F1 first; labels without an image are left out.",
        table(("label", "images", "precision", "recall", "F1"), rows),
    )


def _confusion(matrix: ConfusionMatrix) -> Markup:
    chart = heat_map("Confusion matrix", matrix)
    is_small = len(matrix.labels) <= MAX_LABELS_BESIDE
    return section(
        "Confusion matrix",
        "Rows are actual labels, columns predicted ones. The stronger the colour, the larger the "
        "fraction of the row.",
        chart if is_small else element("div", chart, class_="scroll wide", tabindex=0),
    )


def _history(report: QualityReport) -> list[Markup]:
    """Accuracy, and the labels that are found least often now."""
    figures = report.records[-1]["figures"]
    labels = sorted(
        (name for name in figures if name.startswith(LABEL_FIGURE)),
        key=lambda name: (figures[name], name),
    )
    accuracy = [QualityMetric.ACCURACY] if QualityMetric.ACCURACY in figures else []
    parts = [
        windows_section(report.records, figures=[*accuracy, *labels], title="Quality by window")
    ]
    if labels:
        latest = report.records[-MAX_WINDOWS:][::-1]
        header = [f"{datetime.fromisoformat(record['end']):%m-%d %H:%M}" for record in latest]
        rows = [
            [
                name.removeprefix(LABEL_FIGURE),
                *(record["figures"].get(name) for record in latest),
            ]
            for name in labels
        ]
        parts.append(
            section(
                "Recall by window",
                "How many of a label's images were found, by the end of the window, the latest "
                "first; the label with the lowest recall first.",
                table(("label", *header), rows),
            )
        )
    return parts


def _matching(merge: Merge) -> Markup:
    """How answers and labels found each other, and the first ids that did not."""
    num_labelled = merge.num_rows - merge.num_unlabelled
    counts = (
        ("Answers", merge.num_rows, "of the window"),
        ("labelled", num_labelled, "answers with a label"),
        ("late", merge.num_late, "of these, labelled after the end of the window"),
        ("unanswered", merge.num_unanswered, "of these, without a predicted label"),
        ("shared", merge.num_shared, "of these, beyond the first of their id"),
        ("unlabelled", merge.num_unlabelled, "answers without a label"),
        ("Labels", len(merge.labels.by_id), "ids with a label"),
        ("unmatched", merge.num_unmatched, "of these, without an answer in the window"),
        ("conflicting", merge.labels.num_conflicting, "of these, with different labels: "
         "the last counts"),
        ("repeated", merge.labels.num_repeated, "further labels of the same ids"),
    )  # fmt: skip
    parts = [
        titled(title, table(("id",), [(name,) for name in ids]))
        for title, ids in (
            (f"Answers without a label ({merge.num_unlabelled})", merge.unlabelled),
            (f"Labels without an answer ({merge.num_unmatched})", merge.unmatched()),
        )
        if ids
    ]
    return section(
        "Matching",
        "Labels belong to answers by the inference id, else by the event id; of those that have no "
        "counterpart the first few are listed. An answer may lie before or after the window.",
        table(("what", "number", "which"), counts),
        *([columns(*parts)] if parts else []),
    )
