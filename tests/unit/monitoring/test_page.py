"""Tests of the page and its parts."""

import re

from monitoring.markup import element
from monitoring.page import Tile, columns, page, section, table, tiles, titled


def test_page_is_self_contained() -> None:
    """A page refers to nothing outside of itself, and lets the browser load or run nothing."""
    text = page("Title", "subtitle", section("Part", "what it shows", element("p", "text")))
    assert text.startswith('<!doctype html>\n<html lang="en">')
    assert "<title>Title</title>" in text
    assert (
        "default-src &#x27;none&#x27;; img-src data:; style-src &#x27;unsafe-inline&#x27;" in text
    )
    assert re.findall(r"<script|<link|https?:|url\(|@import|\bsrc=", text) == []


def test_page_has_colours_for_light_and_dark() -> None:
    """Every colour variable of the light theme has a dark value, and every one used is defined."""
    text = page("t", "s")
    light, dark = text.split("@media (prefers-color-scheme: dark)", 1)
    dark = dark[: dark.index("}")]
    defined = set(re.findall(r"(--[a-z0-9-]+):", light))
    assert defined == set(re.findall(r"(--[a-z0-9-]+):", dark))
    assert set(re.findall(r"var\((--[a-z0-9-]+)\)", text)) == defined


def test_texts_are_escaped() -> None:
    """Titles, notes and cells that look like markup are shown as they are."""
    bad = "<script>alert(1)</script>"
    text = page(
        bad,
        bad,
        tiles([Tile(name=bad, value=bad, note=bad, tone="good")]),
        section(bad, bad, titled(bad), columns(table((bad,), [(bad,)]))),
    )
    assert "<script" not in text
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 11


def test_table() -> None:
    """Columns of numbers are aligned to the right; fractions have four decimals, counts none."""
    made = table(("label", "images", "F1"), [("a", 3, 0.5), ("b", 10, 1.0)])
    assert made == (
        '<div class="scroll" tabindex="0"><table><thead><tr><th scope="col">label</th>'
        '<th scope="col" class="number">images</th><th scope="col" class="number">F1</th></tr>'
        '</thead><tbody><tr><th scope="row">a</th><td class="number">3</td>'
        '<td class="number">0.5000</td></tr><tr><th scope="row">b</th><td class="number">10</td>'
        '<td class="number">1.0000</td></tr></tbody></table></div>'
    )


def test_cells() -> None:
    """Empty cells leave a column one of numbers; long cells may break anywhere."""
    made = table(("a", "b", "c"), [("x" * 41, None, "y z" * 20), ("x" * 40, 1.0, "y")])
    assert made.partition("<tbody>")[2] == (
        f'<tr><th scope="row" class="long">{"x" * 41}</th><td class="number"></td>'
        f'<td class="long">{"y z" * 20}</td></tr><tr><th scope="row">{"x" * 40}</th>'
        '<td class="number">1.0000</td><td>y</td></tr></tbody></table></div>'
    )
