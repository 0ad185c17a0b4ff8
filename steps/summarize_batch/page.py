"""The batch page: the summary for people, in one file that opens anywhere."""

from collections.abc import Sequence

from inference.images import ImageError
from monitoring.charts import bar_chart, histogram
from monitoring.data_statistics import data_statistics
from monitoring.markup import Markup, element
from monitoring.page import Tile, columns, page, section, table, tiles, titled
from steps.pictures import picture
from steps.summarize_batch.batch import Batch, ScoredImage
from steps.summarize_batch.contract import SUMMARY_FILE

MAX_BARS = 40
MAX_PICTURES = 24
MAX_ROWS = 200
"""Longer lists are whole in the summary file."""


def summary_page(batch: Batch) -> str:
    """The page as HTML."""
    num_images = len(batch.scored) + len(batch.failures)
    return page(
        "Batch",
        f"{_images(num_images)}, {len(batch.scored)} answered",
        _tiles(batch),
        *([_failures(batch)] if batch.failures else []),
        *([_labels(batch), _least_certain(batch)] if batch.scored else []),
        *_leftovers(batch),
    )


def _tiles(batch: Batch) -> Markup:
    num_scored, num_failures = len(batch.scored), len(batch.failures)
    counts = batch.label_counts()
    items = [
        Tile(
            name="Answers",
            value=str(num_scored),
            note=f"to {_images(num_scored + num_failures)}",
        ),
        Tile(
            name="Failures",
            value=str(num_failures),
            note="images without an answer that can be read",
            tone="fault" if num_failures else "good",
        ),
    ]
    if counts:
        label, count = counts[0]
        mean = sum(image.probability for image in batch.scored) / num_scored
        items += [
            Tile(name="Labels", value=str(len(counts)), note="that were predicted"),
            Tile(name="Most frequent", value=label, note=_images(count)),
            Tile(name="Mean probability", value=f"{mean:.3f}", note="of the predicted label"),
        ]
    return tiles(items)


def _failures(batch: Batch) -> Markup:
    rows = [(failure["file"], failure["reason"]) for failure in batch.failures]
    return section(
        "Failures",
        "Images without an answer that can be read; the transform job's log says why the model "
        "refused one.",
        table(("image", "reason"), rows[:MAX_ROWS]),
        *_rest(rows),
    )


def _labels(batch: Batch) -> Markup:
    counts = batch.label_counts()
    statistics = data_statistics({"probability": [image.probability for image in batch.scored]})
    probabilities = statistics["features"][0]["numerical_statistics"]["distribution"]["kll"]
    parts = [bar_chart("Images by predicted label", dict(counts[:MAX_BARS]))]
    if len(counts) > MAX_BARS:
        parts.append(titled("All labels", table(("label", "images"), counts)))
    return section(
        "Labels",
        "How many images got which label, and how probable the model found the label it gave.",
        columns(
            element("div", *parts),
            titled("Probability", histogram("Probability", probabilities["buckets"])),
        ),
    )


def _least_certain(batch: Batch) -> Markup:
    doubtful = sorted(batch.scored, key=lambda image: (image.probability, image.file))
    return section(
        "Least certain",
        "The images whose label the model found least probable: a person should look at these "
        "first.",
        element("div", *map(_figure, doubtful[:MAX_PICTURES]), class_="gallery"),
    )


def _figure(image: ScoredImage) -> Markup:
    caption = element(
        "figcaption",
        element("strong", image.predicted_label),
        f" {image.probability:.3f}",
        element("div", image.file, class_="note"),
    )
    alternative = f"{image.file}: predicted {image.predicted_label}"
    try:
        shown = picture(image.path, alternative)
    except ImageError:
        # The model has answered, so this is a page that lacks a picture and nothing worse.
        shown = element("p", alternative, class_="note")
    return element("figure", shown, caption)


def _leftovers(batch: Batch) -> list[Markup]:
    lists = {
        "Ignored files": ("Among the images, but no images by their names.", batch.ignored),
        "Unmatched answers": ("Answers to something else.", batch.unmatched_answers),
    }
    return [
        section(
            title, text, table(("file",), [(file,) for file in files[:MAX_ROWS]]), *_rest(files)
        )
        for title, (text, files) in lists.items()
        if files
    ]


def _images(number: int) -> str:
    return f"{number} image" if number == 1 else f"{number} images"


def _rest(items: Sequence[object]) -> list[Markup]:
    """A line under a list that was cut."""
    if len(items) <= MAX_ROWS:
        return []
    return [element("p", f"{len(items) - MAX_ROWS} more are in {SUMMARY_FILE}.", class_="muted")]
