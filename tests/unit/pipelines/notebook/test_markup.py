"""Texts as HTML."""

from pipelines.notebook.markup import folded, preformatted


def test_a_text_is_shown_as_it_is() -> None:
    """Nothing in it is read as HTML."""
    assert preformatted("a < b\nc") == "<pre>a &lt; b\nc</pre>"


def test_a_long_text_is_behind_its_title() -> None:
    """It opens with a click, without a script."""
    assert folded("R&D", "<x>") == (
        "<details><summary>R&amp;D</summary><pre>&lt;x&gt;</pre></details>"
    )
