"""HTML and SVG from Python values: what is not markup is escaped, so no text can inject any."""

import html

_VOID = frozenset({"img", "meta"})
"""Elements of HTML that have no content and no end tag."""


class Markup(str):
    """Text that is markup: it is inserted as it stands."""

    __slots__ = ()


def element(tag: str, /, *children: str, **attributes: str | float | None) -> Markup:
    """An element with its children; a child that is not `Markup` is text and is escaped.

    Args:
        tag: Name of the element.
        children: Content, in order.
        attributes: Attributes; a trailing underscore is dropped (`class_`), other underscores
            become hyphens, None leaves the attribute out, and numbers are rounded to
            hundredths.
    """
    pairs = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(_attribute(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if tag in _VOID:
        return Markup(f"<{tag}{pairs}>")
    return Markup(f"<{tag}{pairs}>{join(*children)}</{tag}>")


def join(*parts: str) -> Markup:
    """Markup and text one after the other; text is escaped."""
    return Markup("".join(p if isinstance(p, Markup) else html.escape(p) for p in parts))


def _attribute(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
