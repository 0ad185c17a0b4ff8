"""Tests of markup."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from monitoring.markup import Markup, element, join


class Reader(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect a tag."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Collect text."""
        self.text += data


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_text_stays_text(text: str) -> None:
    """Whatever a label is called, it arrives as text and as an attribute, and adds no element."""
    reader = Reader()
    reader.feed(element("p", text, title=text))
    reader.close()
    assert reader.tags == [("p", {"title": text})]
    assert reader.text == text


def test_markup_is_inserted() -> None:
    """Children that are markup keep their tags; a text beside them is escaped."""
    assert element("p", element("b", "x"), "<i>") == "<p><b>x</b>&lt;i&gt;</p>"
    assert join("&", Markup("<br>")) == "&amp;<br>"


def test_attributes() -> None:
    """Numbers are rounded, names are translated, and None leaves the attribute out."""
    made = element("rect", x=1.005, y=2.0, fill_opacity=1 / 3, class_="hit", style=None)
    assert made == '<rect x="1" y="2" fill-opacity="0.33" class="hit"></rect>'


def test_elements_without_content() -> None:
    """An image has no end tag."""
    assert element("img", alt="a") == '<img alt="a">'
