"""Charts as SVG for a page with the style sheet of `monitoring.theme`; each says what it shows."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitoring.calibration import CalibrationBin
from monitoring.classification import wilson_interval
from monitoring.data_quality import Bucket
from monitoring.markup import Markup, element

MAX_SERIES = 4
"""Curves that one chart can tell apart, by colour and by dashes."""

MAX_DOTS = 30
"""With more positions, dots would hide their curve."""

MAX_NAME_CHARACTERS = 24
"""Longer names are cut beside a chart; its tooltips have them whole."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Axis:
    """Values from `low` to `high` along a range of pixels."""

    low: float
    high: float
    start: float
    """Pixel of `low`."""
    stop: float
    """Pixel of `high`."""

    def __call__(self, value: float) -> float:
        """Pixel of a value."""
        span = self.high - self.low
        return self.start + (self.stop - self.start) * ((value - self.low) / span if span else 0.5)


def ticks(low: float, high: float, *, most: int = 6) -> list[float]:
    """Round values between `low` and `high`: multiples of 1, 2 or 5 times a power of ten."""
    if not high > low:
        return [low]
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(index * step, 12) for index in range(first, last + 1)]


def svg(title: str, description: str, *content: Markup, width: float, height: float) -> Markup:
    """A picture with a title and a description for those who cannot see it."""
    return element(
        "svg",
        element("title", title),
        element("desc", description),
        *content,
        viewBox=f"0 0 {width:g} {height:g}",
        width=width,
        height=height,
        role="img",
    )


def line_chart(
    title: str,
    curves: Mapping[str, Sequence[float]],
    *,
    positions: Sequence[int],
    axis: str,
    marked: Mapping[str, int],
) -> Markup:
    """Curves over whole numbers, for example over epochs.

    Args:
        title: What the chart shows.
        curves: Values by name, one per position; at most MAX_SERIES.
        positions: Where the values belong, in ascending order.
        axis: What the positions are.
        marked: Positions to mark with a vertical line, by what is said of them.

    Raises:
        ValueError: A curve does not fit the positions, there is none, or there are too many.
    """
    lengths = {name: len(curve) for name, curve in curves.items()}
    if {*lengths.values()} != {len(positions)} or not positions or len(curves) > MAX_SERIES:
        raise ValueError(
            f"Chart '{title}' needs 1 to {MAX_SERIES} curves with one value for each of its "
            f"{len(positions)} positions. Got values by curve: {lengths}."
        )
    width, height = 520.0, 300.0
    values = [value for curve in curves.values() for value in curve]
    margin = (max(values) - min(values)) * 0.06 or abs(values[0]) * 0.06 or 1.0
    x = Axis(low=positions[0], high=positions[-1], start=56, stop=width - 16)
    y = Axis(low=min(values) - margin, high=max(values) + margin, start=height - 44, stop=46)
    parts = [*_horizontal_grid(x, y), *_whole_numbers(x, y, axis)]
    for note, position in marked.items():
        # Above the curves, and to the side where there is room.
        is_late = x(position) > (x.start + x.stop) / 2
        place = x(position)
        parts += [
            element("line", x1=place, x2=place, y1=y.start, y2=y.stop, class_="guide"),
            _text(note, place + (6 if is_late else -6), y.stop - 8, "end" if is_late else ""),
        ]
    key_x = x.start
    for index, (name, curve) in enumerate(curves.items()):
        style = f"curve series-{index}"
        points = [
            (round(x(position), 1), round(y(value), 1))
            for position, value in zip(positions, curve, strict=True)
        ]
        dots = points if len(points) <= MAX_DOTS else []
        parts += [
            element("polyline", points=" ".join(f"{u},{v}" for u, v in points), class_=style),
            *(element("circle", cx=u, cy=v, r=2.5, class_=f"dot series-{index}") for u, v in dots),
            element("line", x1=key_x, x2=key_x + 26, y1=12, y2=12, class_=style),
            _text(name, key_x + 32, 16, "strong"),
        ]
        key_x += 52 + 7.0 * len(name)
    ends = ", ".join(f"{name} {curve[-1]:.4g}" for name, curve in curves.items())
    description = f"{axis} {positions[0]} to {positions[-1]}; at the end: {ends}."
    return svg(title, description, *parts, width=width, height=height)


def histogram(title: str, buckets: Sequence[Bucket]) -> Markup:
    """Bars of a feature's buckets; a bar's area stands for nothing, its height for the count."""
    width, height = 240.0, 120.0
    low, high = buckets[0]["lower_bound"], buckets[-1]["upper_bound"]
    largest = max(bucket["count"] for bucket in buckets)
    y = Axis(low=0, high=largest or 1, start=height - 22, stop=8)
    step = width / len(buckets)
    parts = []
    for index, bucket in enumerate(buckets):
        interval = f"{bucket['lower_bound']:.4g} to {bucket['upper_bound']:.4g}"
        parts.append(
            element(
                "rect",
                element("title", f"{interval}: {bucket['count']:g}"),
                x=index * step + 1,
                width=step - 2,
                y=y(bucket["count"]),
                height=y.start - y(bucket["count"]),
                class_="bar",
            )
        )
    parts += [
        element("line", x1=0, x2=width, y1=y.start, y2=y.start, class_="grid"),
        _text(f"{low:.3g}", 0, height - 6, ""),
        _text(f"{high:.3g}", width, height - 6, "end"),
    ]
    total = sum(bucket["count"] for bucket in buckets)
    description = f"{total:g} values from {low:.4g} to {high:.4g}; fullest bucket {largest:g}."
    return svg(title, description, *parts, width=width, height=height)


def bar_chart(title: str, counts: Mapping[str, int]) -> Markup:
    """A horizontal bar for each name, from top to bottom in the order given."""
    row = 22.0
    longest = max(len(short(name)) for name in counts)
    width, height = 520.0, row * len(counts) + 8
    x = Axis(low=0, high=max(counts.values()), start=16 + 6.6 * longest, stop=width - 48)
    parts = []
    for index, (name, count) in enumerate(counts.items()):
        top = 4 + index * row
        base = top + row / 2 + 4
        parts += [
            _text(short(name), x.start - 8, base, "end strong"),
            element(
                "rect",
                element("title", f"{name}: {count}"),
                x=x.start,
                width=x(count) - x.start,
                y=top + 3,
                height=row - 6,
                class_="bar",
            ),
            _text(str(count), x(count) + 6, base, ""),
        ]
    description = ", ".join(f"{name} {count}" for name, count in counts.items())
    return svg(title, f"{description}.", *parts, width=width, height=height)


def reliability_diagram(title: str, bins: Sequence[CalibrationBin]) -> Markup:
    """Accuracy against probability, bin by bin, above the share of the images in each bin.

    On the diagonal a probability of 0.8 is right 8 times in 10; a mark shows the gap to the
    bin's mean probability, and a thin line the 95 % interval of its accuracy:
    the wider, the paler the bar.
    """
    width, height = 520.0, 400.0
    x = Axis(low=0, high=1, start=56, stop=width - 16)
    y = Axis(low=0, high=1, start=280, stop=12)
    num_images = sum(group.num_images for group in bins)
    largest = max(group.num_images for group in bins) / num_images
    share = Axis(low=0, high=largest, start=height - 44, stop=304)
    parts = _horizontal_grid(x, y)
    parts.append(element("line", x1=x(0), y1=y(0), x2=x(1), y2=y(1), class_="guide"))
    parts.append(element("line", x1=x(0), x2=x(1), y1=share(0), y2=share(0), class_="grid"))
    for group in bins:
        if not group.num_images:
            continue
        left, bar_width = x(group.lower) + 1, x(group.upper) - x(group.lower) - 2
        note = (
            f"{group.lower:.2f} to {group.upper:.2f}: {group.num_images} images, accuracy "
            f"{group.accuracy:.3f}, mean probability {group.mean_probability:.3f}"
        )
        fraction = group.num_images / num_images
        low, high = wilson_interval(round(group.accuracy * group.num_images), group.num_images)
        middle = left + bar_width / 2
        parts += [
            element(
                "rect",
                element("title", note),
                x=left,
                width=bar_width,
                y=y(group.accuracy),
                height=y(0) - y(group.accuracy),
                class_="bar",
                fill_opacity=1 - 0.8 * (high - low),
            ),
            element(
                "line",
                x1=left,
                x2=left + bar_width,
                y1=y(group.mean_probability),
                y2=y(group.mean_probability),
                class_="mark",
            ),
            element("line", x1=middle, x2=middle, y1=y(low), y2=y(high), class_="interval"),
            element(
                "rect",
                element("title", note),
                x=left,
                width=bar_width,
                y=share(fraction),
                height=share(0) - share(fraction),
                class_="bar",
            ),
        ]
    parts += [_text(f"{tick:g}", x(tick), height - 26, "middle") for tick in ticks(0, 1)]
    parts += [
        _text("probability of the predicted label", (x.start + x.stop) / 2, height - 6, "middle"),
        _text(f"{largest:.2g}", x.start - 8, share(largest) + 8, "end"),
        _text("share", x.start - 8, share(0), "end"),
    ]
    filled = [group for group in bins if group.num_images]
    gap = max(abs(group.accuracy - group.mean_probability) for group in filled)
    description = f"{num_images} images in {len(filled)} bins; the largest gap is {gap:.3f}."
    return svg(title, description, *parts, width=width, height=height)


def short(name: str) -> str:
    """A name that fits beside a chart."""
    is_long = len(name) > MAX_NAME_CHARACTERS
    return f"{name[: MAX_NAME_CHARACTERS - 1]}…" if is_long else name


def _horizontal_grid(x: Axis, y: Axis) -> list[Markup]:
    parts = []
    for tick in ticks(y.low, y.high):
        parts.append(element("line", x1=x.start, x2=x.stop, y1=y(tick), y2=y(tick), class_="grid"))
        parts.append(_text(f"{tick:g}", x.start - 8, y(tick) + 4, "end"))
    return parts


def _whole_numbers(x: Axis, y: Axis, axis: str) -> list[Markup]:
    whole = [tick for tick in ticks(x.low, x.high, most=10) if tick == int(tick)]
    labels = [_text(f"{tick:g}", x(tick), y.start + 18, "middle") for tick in whole]
    return [*labels, _text(axis, (x.start + x.stop) / 2, y.start + 36, "middle")]


def _text(content: str, x: float, y: float, class_: str) -> Markup:
    return element("text", content, x=x, y=y, class_=class_ or None)
