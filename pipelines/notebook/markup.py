"""Texts as HTML elements that a notebook shows, without scripts or references."""

import html

from pipelines import shown


def preformatted(text: str) -> str:
    """A text with its own lines."""
    return shown.preformatted(html.escape(text))


def folded(title: str, text: str) -> str:
    """A text that is shown when somebody clicks its title."""
    return f"<details><summary>{html.escape(title)}</summary>{preformatted(text)}</details>"
