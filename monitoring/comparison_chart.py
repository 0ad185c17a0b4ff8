"""Charts of a distribution beside the one that it is compared with: bars and a line."""

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from monitoring.charts import Axis, short, svg
from monitoring.markup import Markup, element

NUM_BINS = 20
MAX_TEXTS = 10
"""The most frequent texts have bars of their own, all others share one."""

WIDTH, HEIGHT = 320.0, 150.0
OTHERS = "others"


def compare_numbers(
    title: str,
    reference: tuple[NDArray[np.float64], NDArray[np.int64]],
    current: tuple[NDArray[np.float64], NDArray[np.int64]],
) -> Markup:
    """Shares of the values in equal bins: bars for the reference, a line for the current data.

    Args:
        title: What is compared.
        reference: Values and what each one stands for, both shape (M,), at least one.
        current: The same of the current data, shape (N,).
    """
    values = np.concatenate([reference[0], current[0]])
    low, high = float(values.min()), float(values.max())
    if high == low:
        high = low + 1.0
    # The difference of two numbers may be larger than any number.
    scale = 1.0 if math.isfinite(high - low) else 2.0
    edges = np.linspace(low / scale, high / scale, NUM_BINS + 1) * scale
    shares = [_shares(np.histogram(v, bins=edges, weights=w)[0]) for v, w in (reference, current)]
    names = [f"{a:.4g} to {b:.4g}" for a, b in itertools.pairwise(edges)]
    return _chart(title, names, *shares, ends=(f"{low:.3g}", f"{high:.3g}"))


def compare_texts(title: str, reference: Mapping[str, int], current: Mapping[str, int]) -> Markup:
    """Shares of the texts: bars for the reference, a line for the current data.

    Args:
        title: What is compared.
        reference: Counts by text, at least one above 0.
        current: The same of the current data.
    """
    total = {text: reference.get(text, 0) + current.get(text, 0) for text in {*reference, *current}}
    names = sorted(total, key=lambda text: (-total[text], text))
    shown, others = names[:MAX_TEXTS], names[MAX_TEXTS:]
    counts = [
        [side.get(name, 0) for name in shown]
        + ([sum(side.get(name, 0) for name in others)] if others else [])
        for side in (reference, current)
    ]
    shares = [_shares(np.array(row, dtype=np.float64)) for row in counts]
    labels = [*shown, *([OTHERS] if others else [])]
    return _chart(title, labels, *shares, ends=(short(labels[0]), short(labels[-1])))


def _shares(counts: NDArray[np.float64]) -> list[float]:
    total = counts.sum()
    shares: list[float] = (counts / total if total else counts).tolist()
    return shares


def _chart(
    title: str,
    names: Sequence[str],
    reference: Sequence[float],
    current: Sequence[float],
    *,
    ends: tuple[str, str],
) -> Markup:
    y = Axis(low=0, high=max(*reference, *current) or 1, start=HEIGHT - 22, stop=8)
    step = WIDTH / len(names)
    parts = [
        element(
            "rect",
            element("title", f"{name}: baseline {before:.1%}, now {now:.1%}"),
            x=index * step + 1,
            width=step - 2,
            y=y(before),
            height=y.start - y(before),
            class_="bar",
            fill_opacity=0.55,
        )
        for index, (name, before, now) in enumerate(zip(names, reference, current, strict=True))
    ]
    line = [
        point
        for index, now in enumerate(current)
        for point in ((index * step, y(now)), ((index + 1) * step, y(now)))
    ]
    parts += [
        element("line", x1=0, x2=WIDTH, y1=y.start, y2=y.start, class_="grid"),
        element(
            "polyline",
            points=" ".join(f"{u:.1f},{v:.1f}" for u, v in line),
            class_="curve series-1",
        ),
        element("text", ends[0], x=0, y=HEIGHT - 6),
        element("text", ends[1], x=WIDTH, y=HEIGHT - 6, class_="end"),
    ]
    shown = max(range(len(names)), key=lambda index: abs(reference[index] - current[index]))
    description = (
        f"Bars are the baseline, the line is the window. They differ most at {names[shown]}: "
        f"{reference[shown]:.1%} and {current[shown]:.1%}."
    )
    return svg(title, description, *parts, width=WIDTH, height=HEIGHT)
