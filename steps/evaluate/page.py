"""The evaluation page: the report for people, in one file that opens anywhere."""

from collections.abc import Mapping

from monitoring.charts import histogram, line_chart, reliability_diagram
from monitoring.classification import wilson_interval
from monitoring.data_quality import DataStatistics
from monitoring.heat_map import heat_map
from monitoring.markup import Markup, element
from monitoring.page import Tile, columns, page, section, table, tiles, titled
from steps.evaluate.contract import REPORT_FILE, Value
from steps.evaluate.prediction import Model, Prediction
from steps.evaluate.report import Evaluation
from steps.evaluate.training import Training
from steps.pictures import picture

MAX_MISTAKES = 24
MAX_CONFUSIONS = 12

MAX_LABELS_BESIDE = 10
"""With more, the confusion matrix needs the page's whole width."""


def evaluation_page(model: Model, evaluation: Evaluation, statistics: DataStatistics) -> str:
    """The page as HTML.

    Args:
        model: The new model.
        evaluation: Its answers, counted.
        statistics: The data-quality baseline.
    """
    spec, report = model.artifact.spec, evaluation.report
    subtitle = (
        f"{spec.architecture}, {spec.image_size} x {spec.image_size} pixels, "
        f"{len(model.artifact.labels)} labels, {report['num_images']} test images"
    )
    return page(
        "Evaluation",
        subtitle,
        _tiles(evaluation),
        _comparison(evaluation),
        _confusion(evaluation),
        _calibration(evaluation),
        _mistakes(evaluation),
        _per_label(evaluation),
        _training(model.training),
        _baseline(statistics),
        _gate(evaluation),
    )


def _tiles(evaluation: Evaluation) -> Markup:
    metrics, comparison = evaluation.report["metrics"], evaluation.report["comparison"]
    num_correct = int(evaluation.matrix.counts.trace())
    low, high = wilson_interval(num_correct, evaluation.matrix.num_images)
    change = comparison["accuracy_change"]["value"]
    tone = "good" if change > 0 else "fault" if change < 0 else ""
    items = [
        Tile(
            name="Accuracy",
            value=_figure(metrics["accuracy"]["value"]),
            note=f"95 % interval {low:.3f} to {high:.3f}",
        ),
        Tile(
            name="Macro F1",
            value=_figure(metrics["macro_f1"]["value"]),
            note="every label counts the same",
        ),
        Tile(
            name="Calibration error",
            value=_figure(metrics["expected_calibration_error"]["value"]),
            note="mean gap of probability and accuracy",
        ),
        Tile(
            name="Mistakes",
            value=str(evaluation.matrix.num_images - num_correct),
            note=f"of {evaluation.matrix.num_images} images",
        ),
        Tile(
            name="Change of accuracy",
            value=f"{change:+.4f}" if comparison["has_approved_model"] else "none",
            note="against the approved model"
            if comparison["has_approved_model"]
            else "no model is approved yet",
            tone=tone,
        ),
    ]
    return tiles(items)


def _comparison(evaluation: Evaluation) -> Markup:
    comparison = evaluation.report["comparison"]
    title = "Against the approved model"
    if not comparison["has_approved_model"]:
        return section(title, "No model was approved when this one was evaluated.")
    rows = [
        ("Accuracy of the new model", evaluation.report["metrics"]["accuracy"]["value"]),
        ("Accuracy of the approved model", comparison["approved_accuracy"]["value"]),
        ("Change", comparison["accuracy_change"]["value"]),
    ]
    counts = [
        ("Only the new model is right", comparison["num_images_gained"]),
        ("Only the approved model is right", comparison["num_images_lost"]),
    ]
    return section(
        title,
        "Both models answered the same images.",
        columns(table(("figure", "value"), rows), table(("images", "count"), counts)),
    )


def _confusion(evaluation: Evaluation) -> Markup:
    matrix = evaluation.matrix
    chart = heat_map("Confusion matrix", matrix)
    is_small = len(matrix.labels) <= MAX_LABELS_BESIDE
    confusions = sorted(
        (
            (-int(matrix.counts[row, column]), matrix.labels[row], matrix.labels[column])
            for row, column in zip(*matrix.counts.nonzero(), strict=True)
            if row != column
        )
    )[:MAX_CONFUSIONS]
    rows = [(actual, predicted, -count) for count, actual, predicted in confusions]
    parts = [chart if is_small else element("div", chart, class_="scroll wide", tabindex=0)]
    if rows:
        frequent = table(("actual", "predicted", "images"), rows)
        parts.append(titled("Most frequent confusions", frequent))
    return section(
        "Confusion matrix",
        "Rows are actual labels, columns predicted ones. The stronger the colour, the larger the "
        "fraction of the row.",
        *([columns(*parts)] if is_small else parts),
    )


def _calibration(evaluation: Evaluation) -> Markup:
    rows = [
        (
            f"{group.lower:.2f} to {group.upper:.2f}",
            group.num_images,
            group.mean_probability,
            group.accuracy,
        )
        for group in evaluation.bins
        if group.num_images
    ]
    return section(
        "Calibration",
        "How often the model is right, by the probability it gives; the mark is the mean "
        "probability, where the bar should end. The thin line is the accuracy's 95 % interval, "
        "long where a bin has few images. Below, the share of the images in each bin.",
        columns(
            reliability_diagram("Reliability diagram", evaluation.bins),
            table(("probability", "images", "mean probability", "accuracy"), rows),
        ),
    )


def _mistakes(evaluation: Evaluation) -> Markup:
    mistakes = sorted(
        (prediction for prediction in evaluation.predictions if not prediction.is_correct),
        key=lambda prediction: (-prediction.probability, prediction.image.file),
    )
    if not mistakes:
        return section("Worst mistakes", "The model made no mistake on these images.")
    shown = mistakes[:MAX_MISTAKES]
    number = (
        f"All {len(shown)}" if len(shown) == len(mistakes) else f"{len(shown)} of {len(mistakes)}"
    )
    return section(
        "Worst mistakes",
        f"{number} mistakes, those that the model was most certain of first.",
        element("div", *map(_mistake, shown), class_="gallery"),
    )


def _mistake(prediction: Prediction) -> Markup:
    image = prediction.image
    alternative = f"{image.file}: actual {image.label}, predicted {prediction.predicted_label}"
    caption = element(
        "figcaption",
        element("div", f"actual {image.label}"),
        element("strong", f"predicted {prediction.predicted_label}", class_="fault"),
        f" {prediction.probability:.3f}",
        element("div", image.file, class_="note"),
    )
    return element("figure", picture(image.path, alternative), caption)


def _per_label(evaluation: Evaluation) -> Markup:
    figures = sorted(
        evaluation.report["per_label"].items(), key=lambda item: (item[1]["f1"], item[0])
    )
    rows = [
        (label, row["num_images"], row["precision"], row["recall"], row["f1"])
        for label, row in figures
    ]
    return section(
        "Labels",
        "The label with the lowest F1 first.",
        table(("label", "images", "precision", "recall", "F1"), rows),
    )


def _training(training: Training) -> Markup:
    kept = f"epoch {training.best_epoch} is kept"
    charts = [
        line_chart(
            title,
            curves,
            positions=training.epochs,
            axis="epoch",
            marked={kept: training.best_epoch},
        )
        for title, curves in (
            ("Loss by epoch", training.curves(are_losses=True)),
            ("Quality by epoch", training.curves(are_losses=False)),
        )
        if curves
    ]
    return section(
        "Training",
        f"{len(training.epochs)} epochs; the weights are those of epoch {training.best_epoch}, "
        "which has the lowest validation loss.",
        columns(*charts),
        columns(
            table(("hyperparameter", "value"), sorted(training.hyperparameters.items())),
            table(("fact", "value"), sorted(training.facts.items())),
        ),
    )


def _baseline(statistics: DataStatistics) -> Markup:
    numbers = [
        element(
            "figure",
            histogram(
                feature["name"], feature["numerical_statistics"]["distribution"]["kll"]["buckets"]
            ),
            element("figcaption", feature["name"]),
        )
        for feature in statistics["features"]
        if "numerical_statistics" in feature
    ]
    return section(
        "Baseline",
        "What the handler answers to the test images. Monitoring compares later answers with these "
        "distributions.",
        element("div", *numbers, class_="small"),
    )


def _gate(evaluation: Evaluation) -> Markup:
    metrics, comparison = evaluation.report["metrics"], evaluation.report["comparison"]
    figures: Mapping[str, Value] = {
        "metrics.accuracy": metrics["accuracy"],
        "metrics.macro_precision": metrics["macro_precision"],
        "metrics.macro_recall": metrics["macro_recall"],
        "metrics.macro_f1": metrics["macro_f1"],
        "metrics.weighted_precision": metrics["weighted_precision"],
        "metrics.weighted_recall": metrics["weighted_recall"],
        "metrics.weighted_f1": metrics["weighted_f1"],
        "metrics.expected_calibration_error": metrics["expected_calibration_error"],
        "comparison.approved_accuracy": comparison["approved_accuracy"],
        "comparison.accuracy_change": comparison["accuracy_change"],
    }
    rows = [(f"{path}.value", value["value"]) for path, value in figures.items()]
    return section(
        "Figures for the gate",
        f"Where {REPORT_FILE} holds them: a condition of the pipeline reads them by these paths.",
        table(("JSON path", "value"), rows),
    )


def _figure(value: float) -> str:
    return f"{value:.4f}"
