"""Writes rows as a table: aligned text for a terminal, and HTML for a notebook."""

import html
from collections.abc import Iterator, Sequence

_GAP = "  "


def text_table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lines with aligned columns; the last column may be as long as it is.

    Args:
        rows: The rows, the header first, all of the same length.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        yield _GAP.join(cells).rstrip()


def html_table(rows: Sequence[Sequence[str]]) -> str:
    """An HTML element, without scripts or references.

    Args:
        rows: The rows, the header first.
    """
    header, *others = rows
    lines = [_row("th", header), *(_row("td", row) for row in others)]
    return f"<table>{''.join(lines)}</table>"


def _row(tag: str, cells: Sequence[str]) -> str:
    # Notebooks align cells to the right.
    begin, end = f'<{tag} style="text-align:left">', f"</{tag}>"
    inner = "".join(f"{begin}{html.escape(cell)}{end}" for cell in cells)
    return f"<tr>{inner}</tr>"
