"""Values that show themselves where somebody works with them."""

PRE = '<pre style="font-family:monospace;white-space:pre-wrap">'
"""Begins an element of lines: notebooks show those of an output in the font of their texts, and
what is wider than the page only to whoever scrolls."""


def preformatted(markup: str) -> str:
    """An HTML element of lines whose characters are equally wide.

    Args:
        markup: The lines, as HTML.
    """
    return f"{PRE}{markup}</pre>"


class Shown:
    """A value that IPython and notebooks show as its text; subclasses add other forms of it."""

    __slots__ = ()

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        # `_repr_pretty_` is what IPython offers for this, but the `__repr__` of a dataclass, which
        # stands in the subclass, hides it.
        return {"text/plain": str(self)}
