"""Tests of pipelines.cost.prices."""

import json
from datetime import date
from typing import Any
from urllib.parse import urlsplit

import pytest

from pipelines.cost import CostError, Prices, packaged_prices, read_prices
from pipelines.cost.prices import Offer, Use, write_prices

FORM = (
    "The price file is not of the expected form: an object with 'currency' and 'offers', each with "
    "'region', 'date', 'url', 'usd_per_hour' and 'usd_per_gb_month'; write one with 'pipelines "
    "prices REGION'."
)


def offer(day: int, usd: float) -> Offer:
    """An offer of one instance type and of volumes."""
    return Offer(
        region="eu-west-1",
        date=date(2026, 1, day),
        url="https://example.com",
        usd_per_hour={Use.TRAINING: {"ml.m5.large": usd}},
        usd_per_gb_month={Use.TRAINING: usd / 10},
    )


def document(**changes: Any) -> str:
    """A price file of one offer, with changes."""
    body = json.loads(write_prices(Prices(offers=(offer(1, 0.5),))))
    body["offers"][0] |= {key: value for key, value in changes.items() if key != "currency"}
    return json.dumps(body | {"currency": changes.get("currency", "USD")})


def test_the_newest_price_counts() -> None:
    """Of several prices, that of the newest offer is taken, and it says where it is from."""
    prices = Prices(offers=(offer(2, 0.5), offer(3, 0.6), offer(1, 0.7)))
    found = prices.instance("eu-west-1", Use.TRAINING, "ml.m5.large")
    assert found is not None
    assert (found.usd, found.offer.date) == (0.6, date(2026, 1, 3))
    volume = prices.volume("eu-west-1", Use.TRAINING)
    assert volume is not None
    assert volume.usd == pytest.approx(0.06)


def test_what_is_not_known_has_no_price() -> None:
    """Another region, use or type has no price, however near it is."""
    prices = Prices(offers=(offer(1, 0.5),))
    assert prices.instance("eu-west-2", Use.TRAINING, "ml.m5.large") is None
    assert prices.instance("eu-west-1", Use.HOSTING, "ml.m5.large") is None
    assert prices.instance("eu-west-1", Use.TRAINING, "ml.m5.xlarge") is None
    assert prices.volume("eu-west-1", Use.HOSTING) is None


def test_a_file_is_read_as_it_was_written() -> None:
    """Writing and reading give the same offers."""
    prices = Prices(offers=(offer(1, 0.5), offer(2, 0.25)))
    assert read_prices(write_prices(prices)) == prices


def test_every_packaged_price_has_a_source() -> None:
    """Each has an https address, a date and a word on how it was read."""
    offers = packaged_prices().offers
    assert offers
    for found in offers:
        assert urlsplit(found.url).scheme == "https"
        assert date(2023, 1, 1) <= found.date <= date(2026, 11, 21)
        assert found.note.endswith(".")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "{", "The price file is not JSON: Expecting property name enclosed in double quotes: "
            "line 1 column 2 (char 1).", id="no JSON",
        ),
        pytest.param("[]", FORM, id="no object"),
        pytest.param("{}", FORM, id="nothing in it"),
        pytest.param(document(usd_per_hour=[]), FORM, id="no prices by use"),
        pytest.param(
            document(currency="CNY"),
            "The price file is in CNY; expected prices in USD.",
            id="another currency",
        ),
        pytest.param(
            document(usd_per_hour={"training": {"ml.m5.large": -1}}),
            "The price file has the price -1.0 for eu-west-1; expected a number above 0.",
            id="below 0",
        ),
        pytest.param(
            document(usd_per_gb_month={"training": "nan"}),
            "The price file has the price nan for eu-west-1; expected a number above 0.",
            id="no number",
        ),
        pytest.param(document(date="yesterday"), FORM, id="no date"),
        pytest.param(document(usd_per_hour={"study": {}}), FORM, id="no use"),
    ],
)  # fmt: skip
def test_another_form_is_refused(text: str, message: str) -> None:
    """What is no price file is refused with what is wrong in it."""
    with pytest.raises(CostError, match="The price file") as caught:
        read_prices(text)
    assert str(caught.value) == message
