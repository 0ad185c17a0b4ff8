"""Rows as tables."""

from pipelines.tables import html_table, text_table

ROWS = [("NAME", "WHY"), ("a", "<b> & c"), ("long name", "")]


def test_columns_are_aligned() -> None:
    """Every column is as wide as its widest cell, and lines have no spaces at their ends."""
    assert list(text_table(ROWS)) == ["NAME       WHY", "a          <b> & c", "long name"]


def test_html_shows_what_cells_say() -> None:
    """The first row is the header, and nothing in a cell is read as HTML."""
    assert html_table(ROWS).replace(' style="text-align:left"', "") == (
        "<table><tr><th>NAME</th><th>WHY</th></tr>"
        "<tr><td>a</td><td>&lt;b&gt; &amp; c</td></tr>"
        "<tr><td>long name</td><td></td></tr></table>"
    )
