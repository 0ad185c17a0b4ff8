"""Reads the answers of AWS's Price List API.

The usage type of a product says what it is for, in the words of the bill: `USE1-Train:ml.m5.large`
is an instance for training in us-east-1, `EU-Host:VolumeUsage.gp2` a volume of an endpoint.

Source: AWS Price List API Reference, GetProducts,
https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from pipelines.cost.prices import CURRENCY, Offer, Use
from pipelines.definition import Json

API_URL = "https://api.pricing.us-east-1.amazonaws.com"
API_REGION = "us-east-1"
"""The API has endpoints in few regions, and each answers for all regions of its partition."""

_FAMILIES = ("ML Instance", "Storage")
_USES = {
    "Host": Use.HOSTING,
    "Processing": Use.PROCESSING,
    "Train": Use.TRAINING,
    "Tsform": Use.TRANSFORM,
}
_USAGE_TYPE = re.compile(
    rf"(?:[A-Z0-9]+-)?(?P<use>{'|'.join(_USES)}):(?:(?P<instance>ml\..+)|VolumeUsage\.gp2)"
)
_VOLUME = ""
"""In place of an instance type."""
_UNITS = {True: "Hrs", False: "GB-Mo"}
"""Of the price of an instance, and of a volume."""


def product_requests(region: str) -> list[dict[str, Any]]:
    """The requests of GetProducts whose answers hold every price of a region."""
    return [
        {
            "ServiceCode": "AmazonSageMaker",
            "FormatVersion": "aws_v1",
            "Filters": [
                {"Type": "TERM_MATCH", "Field": "regionCode", "Value": region},
                {"Type": "TERM_MATCH", "Field": "productFamily", "Value": family},
            ],
        }
        for family in _FAMILIES
    ]


def read_offer(products: Iterable[str], *, region: str) -> Offer:
    """The prices of a region.

    A price that the list gives in more than one way is left out, and the note says so.

    Args:
        products: Entries of `PriceList` of the answers, each a JSON text.
        region: The region that was asked for.

    Raises:
        ValueError: There is no price among them.
    """
    found: defaultdict[tuple[Use, str], set[float]] = defaultdict(set)
    published: set[date] = set()
    for text in products:
        product = json.loads(text)
        for key, usd in _prices(product):
            found[key].add(usd)
            published.add(datetime.fromisoformat(product["publicationDate"]).date())
    single = {key: min(amounts) for key, amounts in found.items() if len(amounts) == 1}
    if not single:
        raise ValueError(
            f"The price list has no prices in {CURRENCY} for instances of SageMaker in region "
            f"'{region}'; expected a region such as us-east-1."
        )
    several = sorted(f"{kind or 'volume'} ({use})" for use, kind in found.keys() - single.keys())
    by_use: defaultdict[Use, dict[str, float]] = defaultdict(dict)
    for (use, kind), usd in sorted(single.items()):
        if kind != _VOLUME:
            by_use[use][kind] = usd
    return Offer(
        region=region,
        date=min(published),
        url=API_URL,
        note=f"Without those that have several prices: {', '.join(several)}." if several else "",
        usd_per_hour=by_use,
        usd_per_gb_month={use: usd for (use, kind), usd in single.items() if kind == _VOLUME},
    )


def _prices(product: Json) -> Iterator[tuple[tuple[Use, str], float]]:
    """What a product is for, and its prices on demand; none for a product of another kind."""
    match = _USAGE_TYPE.fullmatch(product["product"]["attributes"].get("usagetype", ""))
    if match is None:
        return
    kind = match["instance"] or _VOLUME
    for term in product["terms"].get("OnDemand", {}).values():
        for dimension in term["priceDimensions"].values():
            usd = float(dimension["pricePerUnit"].get(CURRENCY, 0))
            # What costs nothing is a free tier, and no price.
            if dimension["unit"] == _UNITS[bool(match["instance"])] and usd > 0:
                yield (_USES[match["use"]], kind), usd
