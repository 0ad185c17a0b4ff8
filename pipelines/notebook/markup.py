"""Texts as HTML elements that a notebook shows, without scripts, styles or references."""

import html


def preformatted(text: str) -> str:
    """A text with its own lines."""
    return f"<pre>{html.escape(text)}</pre>"


def folded(title: str, text: str) -> str:
    """A text that is shown when somebody clicks its title."""
    return f"<details><summary>{html.escape(title)}</summary>{preformatted(text)}</details>"
