"""HTML and SVG from Python values; what is not markup already is escaped, so no text can inject any."""

import html


class Markup(str):
    """Text that is markup: it is inserted as it stands."""

    __slots__ = ()


def element(name: str, *children: str, **attributes: str | float | None) -> Markup:
    """An element with its children; a child that is not `Markup` is text and is escaped.

    Args:
        name: Name of the element.
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
    return Markup(f"<{name}{pairs}>{join(*children)}</{name}>")


def join(*parts: str) -> Markup:
    """Markup and text one after the other; text is escaped."""
    return Markup("".join(p if isinstance(p, Markup) else html.escape(p) for p in parts))


def _attribute(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
