"""The drift page: what a window looks like beside the baseline, in one file that opens anywhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from inference.images import ImageError
from monitoring.baseline import Baseline
from monitoring.captured import CapturedReader
from monitoring.comparison_chart import compare_numbers, compare_texts
from monitoring.data_check import CheckResult
from monitoring.data_quality import FeatureStatistics
from monitoring.markup import Markup, element
from monitoring.page import Tile, page, section, table, tiles, titled
from monitoring.sketch import weighted
from monitoring.window_record import WindowRecord
from steps.check_drift.examples import Example
from steps.check_drift.findings import Finding
from steps.pictures import picture_of
from steps.window import Window
from steps.window_page import damage_sections, status_tile, windows_section

MAX_DETAIL_CHARACTERS = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class DriftReport:
    """Everything that the page shows."""

    window: Window
    baseline: Baseline
    result: CheckResult
    findings: Sequence[Finding]
    """The worst first."""
    reader: CapturedReader
    """That has read the window."""
    examples: Mapping[str, Sequence[Example]]
    """Images by the feature that they are shown for."""
    records: Sequence[WindowRecord]
    """Earlier windows and this one, this one last."""


def drift_page(report: DriftReport) -> str:
    """The page as HTML."""
    furthest = [item.name for item in report.findings if item.distance is not None]
    return page(
        "Drift",
        report.window.title,
        _tiles(report),
        *([_violations(report)] if report.result.violations else []),
        *_features(report),
        *([_examples(report)] if any(report.examples.values()) else []),
        windows_section(report.records, figures=furthest, title="Distance by window"),
        *damage_sections("Damaged records", report.reader.damage),
    )


def _tiles(report: DriftReport) -> Markup:
    result, counts = report.result, report.reader.counts
    violated = [finding for finding in report.findings if finding.violations]
    compared = [finding for finding in report.findings if finding.distance is not None]
    furthest = max(compared, key=lambda finding: finding.excess, default=None)
    items = [
        status_tile(result.status),
        Tile(
            name="Features",
            value=f"{len(violated)} of {len(report.findings)}",
            note="violate a constraint",
            tone="fault" if violated else "",
        ),
        Tile(
            name="Answers",
            value=str(result.num_records),
            note=f"in {counts.num_events} records",
        ),
    ]
    if furthest is not None:
        items.append(
            Tile(
                name="Furthest",
                value=furthest.name,
                note=f"{furthest.distance:.3g} from the baseline, threshold "
                f"{furthest.threshold:.3g}",
                tone="fault" if furthest.is_drifted else "",
            )
        )
    for name, number, note in (
        ("Damaged", report.reader.damage.num_items, "records that could not be read"),
        ("Repeated", counts.num_repeated, "further copies, which do not count"),
        ("Refused", counts.num_refused, "requests that the model refused, which do not count"),
        ("Shadow", counts.num_shadow, "records of shadow variants, which do not count"),
    ):
        if number:
            items.append(Tile(name=name, value=str(number), note=note))
    return tiles(items)


def _violations(report: DriftReport) -> Markup:
    rows = [
        (
            violation["feature_name"],
            violation["constraint_check_type"],
            violation["description"][:MAX_DETAIL_CHARACTERS],
        )
        for finding in report.findings
        for violation in finding.violations
    ]
    return section(
        "Violations",
        "What is not as the baseline has it, the worst first.",
        table(("feature", "check", "what was found"), rows),
    )


def _features(report: DriftReport) -> list[Markup]:
    rows = [
        (
            finding.name,
            finding.distance,
            None if finding.distance is None else finding.threshold,
            finding.status,
        )
        for finding in report.findings
    ]
    statistics = {feature["name"]: feature for feature in report.result.statistics["features"]}
    charts = [
        element("figure", chart, element("figcaption", f"{finding.name}: {finding.status}"))
        for finding in report.findings
        if (chart := _chart(finding.name, report.baseline, statistics)) is not None
    ]
    return [
        section(
            "Distances",
            "How far the distribution of each feature is from the baseline's, less what chance "
            "explains; beyond the threshold it has drifted.",
            table(("feature", "distance", "threshold", "status"), rows),
        ),
        section(
            "Distributions",
            "Bars are the baseline, the line is this window; both are shares of the values.",
            element("div", *charts, class_="small"),
        ),
    ]


def _chart(
    name: str, baseline: Baseline, statistics: Mapping[str, FeatureStatistics]
) -> Markup | None:
    """The two distributions of a feature; None where one of the two is not there."""
    expectation, feature = baseline.features.get(name), statistics.get(name)
    if expectation is None or feature is None:
        return None
    if expectation.numbers[0].size and "numerical_statistics" in feature:
        sketch = feature["numerical_statistics"]["distribution"]["kll"]["sketch"]["data"]
        current = weighted([np.array(level, dtype=np.float64) for level in sketch])
        return compare_numbers(name, expectation.numbers, current) if current[0].size else None
    if expectation.texts and "string_statistics" in feature:
        buckets = feature["string_statistics"]["distribution"]["categorical"]["buckets"]
        counts = {bucket["value"]: bucket["count"] for bucket in buckets}
        return compare_texts(name, expectation.texts, counts) if counts else None
    return None


def _examples(report: DriftReport) -> Markup:
    parts = [
        titled(
            name,
            element("div", *(_figure(name, item) for item in examples), class_="gallery"),
        )
        for name, examples in report.examples.items()
        if examples
    ]
    return section(
        "Examples",
        "Images of the window whose values are furthest from the baseline's mean.",
        *parts,
    )


def _figure(name: str, example: Example) -> Markup:
    alternative = f"{example.id}: {name} {example.value:.4g}"
    try:
        shown = picture_of(example.image, alternative)
    except ImageError:
        # The model has answered, so this is a page that lacks a picture and nothing worse.
        shown = element("p", alternative, class_="note")
    caption = element(
        "figcaption",
        element("strong", f"{example.value:.4g}"),
        element("div", example.id, class_="note"),
    )
    return element("figure", shown, caption)
