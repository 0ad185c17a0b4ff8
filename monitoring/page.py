"""The parts that report pages are made of: tiles, tables, sections, and the page itself."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitoring.markup import Markup, element, join
from monitoring.theme import STYLE

MAX_SHORT_CHARACTERS = 40
"""Cells with more may break anywhere, and get room for that; shorter ones break between words."""

# The page cannot load or run anything, even if a text slipped through unescaped.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """A figure large enough to be read first."""

    name: str
    value: str
    note: str
    tone: str = ""
    """`good` or `fault` where the figure is one."""


def page(title: str, subtitle: str, *content: Markup) -> str:
    """A whole HTML document that needs no other file."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("title", title),
        Markup(f"<style>{STYLE}</style>"),
    )
    header = element("header", element("h1", title), element("p", subtitle, class_="muted"))
    body = element("body", element("main", header, *content))
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def tiles(items: Iterable[Tile]) -> Markup:
    """Tiles side by side."""
    boxes = [
        element(
            "div",
            element("dt", item.name),
            element("dd", item.value, class_=f"value {item.tone}".strip()),
            element("dd", item.note, class_="note"),
            class_="tile",
        )
        for item in items
    ]
    return element("dl", *boxes, class_="tiles")


def section(title: str, text: str, *content: Markup) -> Markup:
    """A part of the page with a heading, a sentence that says what it shows, and the content."""
    return element("section", element("h2", title), element("p", text, class_="muted"), *content)


def table(header: Sequence[str], rows: Iterable[Sequence[str | float | None]]) -> Markup:
    """A table; numbers are aligned to the right, and the first cell of a row is its heading.

    Args:
        header: Names of the columns.
        rows: Cells; a whole number is written as it is, any other with four decimals, and None
            leaves a cell empty.
    """
    body = [list(row) for row in rows]
    is_number = [
        bool(body) and not any(isinstance(row[column], str) for row in body)
        for column in range(len(header))
    ]
    kinds = ["number" if number else None for number in is_number]
    head = [
        element("th", name, scope="col", class_=kind)
        for name, kind in zip(header, kinds, strict=True)
    ]
    lines = [
        element(
            "tr",
            element("th", _text(row[0]), scope="row", class_=kinds[0] or _kind(row[0])),
            *(
                element("td", _text(cell), class_=kind or _kind(cell))
                for cell, kind in zip(row[1:], kinds[1:], strict=True)
            ),
        )
        for row in body
    ]
    whole = element("table", element("thead", element("tr", *head)), element("tbody", *lines))
    return element("div", whole, class_="scroll", tabindex=0)


def columns(*content: Markup) -> Markup:
    """Parts side by side where there is room."""
    return element("div", *(element("div", part) for part in content), class_="columns")


def titled(title: str, *content: Markup) -> Markup:
    """A part of a section with a heading of its own."""
    return join(element("h3", title), *content)


def _text(cell: str | float | None) -> str:
    if isinstance(cell, float):
        return f"{cell:.4f}"
    return "" if cell is None else str(cell)


def _kind(cell: str | float | None) -> str | None:
    return "long" if len(_text(cell)) > MAX_SHORT_CHARACTERS else None
