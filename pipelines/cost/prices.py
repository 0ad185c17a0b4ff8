"""Prices, each with its region, its source and its date.

A price file holds offers: what one source said on one day of one region.

    {"currency": "USD", "offers": [{"region": "us-east-1", "date": "2026-09-25", "url": "https://...",
      "note": "...", "usd_per_hour": {"training": {"ml.g5.xlarge": 1.408}},
      "usd_per_gb_month": {"training": 0.14}}]}
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path

from pipelines.cost.errors import CostError
from pipelines.definition import Json
from pipelines.wording import file_error

CURRENCY = "USD"


class Use(StrEnum):
    """What an instance is used for; each has prices of its own."""

    HOSTING = "hosting"
    PROCESSING = "processing"
    TRAINING = "training"
    TRANSFORM = "transform"


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """Prices that one source gave on one day."""

    region: str
    date: date
    """When the source published them."""
    url: str
    note: str = ""
    """How they came from there to here, and what is missing."""
    usd_per_hour: Mapping[Use, Mapping[str, float]] = field(default_factory=dict)
    """Of an instance, by its type."""
    usd_per_gb_month: Mapping[Use, float] = field(default_factory=dict)
    """Of a volume."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """A price and where it is from."""

    usd: float
    offer: Offer


@dataclass(frozen=True, kw_only=True, slots=True)
class Prices:
    """Every price that is known; of several the newest counts."""

    offers: tuple[Offer, ...]

    def instance(self, region: str, use: Use, instance_type: str) -> Price | None:
        """Price of an instance for an hour; None if it is not known."""
        return self._newest(
            region, lambda offer: offer.usd_per_hour.get(use, {}).get(instance_type)
        )

    def volume(self, region: str, use: Use) -> Price | None:
        """Price of a gigabyte for a month; None if it is not known."""
        return self._newest(region, lambda offer: offer.usd_per_gb_month.get(use))

    def _newest(self, region: str, find: Callable[[Offer], float | None]) -> Price | None:
        found = [
            Price(usd=usd, offer=offer)
            for offer in self.offers
            if offer.region == region and (usd := find(offer)) is not None
        ]
        return max(found, key=lambda price: price.offer.date, default=None)


def packaged_prices() -> Prices:
    """The prices that come with this project."""
    return read_prices(Path(__file__).with_name("prices.json").read_text(encoding="utf-8"))


def read_price_file(path: Path) -> Prices:
    """Read a price file.

    Raises:
        CostError: It cannot be read, or is none.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CostError(f"The price file '{path}' cannot be read: {file_error(error)}.") from error
    try:
        return read_prices(text)
    except CostError as error:
        raise CostError(f"{path}: {error}") from error


def read_prices(text: str) -> Prices:
    """Read the text of a price file.

    Raises:
        CostError: The text is not one.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise CostError(f"The price file is not JSON: {error}.") from error
    try:
        currency = document["currency"]
        offers = tuple(map(_offer, document["offers"])) if currency == CURRENCY else ()
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CostError(
            "The price file is not of the expected form: an object with 'currency' and 'offers', "
            "each with 'region', 'date', 'url', 'usd_per_hour' and 'usd_per_gb_month'; write one "
            "with 'pipelines prices REGION'."
        ) from error
    if currency != CURRENCY:
        raise CostError(f"The price file is in {currency}; expected prices in {CURRENCY}.")
    for offer in offers:
        by_type = [usd for found in offer.usd_per_hour.values() for usd in found.values()]
        for usd in [*by_type, *offer.usd_per_gb_month.values()]:
            if not 0 < usd < math.inf:
                raise CostError(
                    f"The price file has the price {usd} for {offer.region}; expected a number "
                    "above 0."
                )
    return Prices(offers=offers)


def _offer(body: Json) -> Offer:
    return Offer(
        region=body["region"],
        date=date.fromisoformat(body["date"]),
        url=body["url"],
        note=body.get("note", ""),
        usd_per_hour={
            Use(use): {name: float(usd) for name, usd in by_type.items()}
            for use, by_type in body["usd_per_hour"].items()
        },
        usd_per_gb_month={Use(use): float(usd) for use, usd in body["usd_per_gb_month"].items()},
    )


def write_prices(prices: Prices) -> str:
    """The text of a price file."""
    document = {
        "currency": CURRENCY,
        "offers": [
            {
                "region": offer.region,
                "date": offer.date.isoformat(),
                "url": offer.url,
                "note": offer.note,
                "usd_per_hour": offer.usd_per_hour,
                "usd_per_gb_month": offer.usd_per_gb_month,
            }
            for offer in prices.offers
        ],
    }
    return json.dumps(document, indent=2, sort_keys=True, allow_nan=False) + "\n"
