"""The confusion matrix as a heat map, readable from two labels to some hundred and fifty."""

from dataclasses import dataclass

from monitoring.charts import short, svg
from monitoring.classification import ConfusionMatrix
from monitoring.markup import Markup, element

GUIDE_INTERVAL = 10
"""Labels between two guide lines."""

STRONG_FRACTION = 0.55
"""From this fraction on a cell is dark enough for the text colour that goes on full colour."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Layout:
    """Sizes in pixels."""

    cell: float
    font: float
    name: float
    """Width of the longest name."""

    @property
    def margin(self) -> float:
        return 34 + self.name

    @property
    def names_fit_cells(self) -> bool:
        """Whether column names can be written without turning them."""
        return self.name <= self.cell - 4

    @property
    def shows_counts(self) -> bool:
        return self.cell >= 20  # noqa: PLR2004 - two digits need 20 pixels


def heat_map(title: str, matrix: ConfusionMatrix) -> Markup:
    """Rows are actual labels, columns predicted ones; the colour is the fraction of the row.

    Right answers and mistakes have colours of their own. Cells without images are left empty,
    so a large matrix shows its mistakes and costs no more than these.
    """
    layout = _layout(matrix)
    num_labels = len(matrix.labels)
    side = layout.cell * num_labels
    size = layout.margin + side + 8
    frame = element(
        "rect", x=layout.margin, y=layout.margin, width=side, height=side, class_="frame"
    )
    parts = [frame, *_guides(layout, num_labels), *_names(matrix, layout)]
    for row, column in zip(*matrix.counts.nonzero(), strict=True):
        parts += _cell(matrix, layout, int(row), int(column))
    num_wrong = matrix.num_images - int(matrix.counts.trace())
    description = (
        f"{num_labels} labels, {matrix.num_images} images, {num_wrong} of them predicted wrongly. "
        "Rows are actual labels, columns predicted ones."
    )
    return svg(title, description, *parts, width=size, height=size)


def _layout(matrix: ConfusionMatrix) -> _Layout:
    steps = ((4, 72.0), (10, 48.0), (20, 34.0), (40, 20.0), (80, 14.0))
    cell = next((pixels for most, pixels in steps if len(matrix.labels) <= most), 11.0)
    font = min(12.0, cell * 0.8)
    longest = max(len(short(label)) for label in matrix.labels)
    return _Layout(cell=cell, font=font, name=longest * font * 0.6)


def _guides(layout: _Layout, num_labels: int) -> list[Markup]:
    """Lines that lead the eye from a cell to its names, in matrices too large to do without."""
    low, high = layout.margin, layout.margin + layout.cell * num_labels
    parts = []
    for index in range(GUIDE_INTERVAL, num_labels, GUIDE_INTERVAL):
        place = layout.margin + layout.cell * index
        parts.append(element("line", x1=low, x2=high, y1=place, y2=place, class_="grid"))
        parts.append(element("line", x1=place, x2=place, y1=low, y2=high, class_="grid"))
    return parts


def _names(matrix: ConfusionMatrix, layout: _Layout) -> list[Markup]:
    parts = []
    edge = layout.margin - 6
    style = f"font-size:{layout.font:g}px"
    for index, label in enumerate(matrix.labels):
        middle = layout.margin + (index + 0.5) * layout.cell
        base = middle + layout.font * 0.35
        parts.append(element("text", short(label), x=edge, y=base, class_="end", style=style))
        upright = {"x": middle, "y": edge, "class_": "middle"}
        turned = {"transform": f"translate({base:.1f} {edge:.1f}) rotate(-90)"}
        place = upright if layout.names_fit_cells else turned
        parts.append(element("text", short(label), style=style, **place))
    centre = layout.margin + layout.cell * len(matrix.labels) / 2
    sideways = f"translate(12 {centre:.1f}) rotate(-90)"
    return [
        *parts,
        element("text", "predicted", x=centre, y=12, class_="middle strong"),
        element("text", "actual", transform=sideways, class_="middle strong"),
    ]


def _cell(matrix: ConfusionMatrix, layout: _Layout, row: int, column: int) -> list[Markup]:
    count = int(matrix.counts[row, column])
    fraction = count / int(matrix.num_actual[row])
    is_hit = row == column
    x, y = layout.margin + column * layout.cell, layout.margin + row * layout.cell
    note = (
        f"actual {matrix.labels[row]}, predicted {matrix.labels[column]}: "
        f"{count} of {matrix.num_actual[row]}"
    )
    # A single mistake among many images must still be seen, hence the offset.
    square = element(
        "rect",
        element("title", note),
        x=x + 0.5,
        y=y + 0.5,
        width=layout.cell - 1,
        height=layout.cell - 1,
        class_="hit" if is_hit else "miss",
        fill_opacity=0.18 + 0.82 * fraction,
    )
    if not layout.shows_counts:
        return [square]
    tone = ("on-accent" if is_hit else "on-fault") if fraction >= STRONG_FRACTION else "strong"
    number = element(
        "text",
        str(count),
        x=x + layout.cell / 2,
        y=y + layout.cell / 2 + layout.font * 0.35,
        class_=f"middle {tone}",
        style=f"font-size:{min(layout.font, layout.cell * 1.6 / max(2, len(str(count)))):g}px",
    )
    return [square, number]
