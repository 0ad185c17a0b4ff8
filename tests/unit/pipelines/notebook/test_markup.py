"""Texts as HTML."""

from pipelines.notebook.markup import folded, preformatted
from pipelines.shown import PRE


def test_a_text_is_shown_as_it_is() -> None:
    """Nothing in it is read as HTML."""
    assert preformatted("a < b\nc") == f"{PRE}a &lt; b\nc</pre>"


def test_a_long_text_is_behind_its_title() -> None:
    """It opens with a click, without a script."""
    assert folded("R&D", "<x>") == (
        f"<details><summary>R&amp;D</summary>{PRE}&lt;x&gt;</pre></details>"
    )
