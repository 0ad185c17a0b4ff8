"""Values that show themselves."""

from dataclasses import dataclass

from pipelines.shown import Shown, preformatted


@dataclass(frozen=True, slots=True)
class Price(Shown):
    """A value with a text."""

    cents: int

    def __str__(self) -> str:
        return f"{self.cents / 100:.2f}"


def test_a_value_is_shown_as_its_text() -> None:
    """IPython prints what `print` would, and not the `repr`, whichever forms it asks for."""
    price = Price(250)
    assert price._repr_mimebundle_(include=None, exclude=None) == {"text/plain": "2.50"}
    assert repr(price) == "Price(cents=250)"


def test_lines_keep_their_columns() -> None:
    """The font is said, because outputs of notebooks have another; long lines go on below."""
    assert preformatted("a  &lt;") == (
        '<pre style="font-family:monospace;white-space:pre-wrap">a  &lt;</pre>'
    )
