"""Asks AWS's Price List API what SageMaker costs in a region."""

from typing import Any

from pipelines.account.errors import AccountError, explained
from pipelines.cost.price_list import product_requests, read_offer
from pipelines.cost.prices import Offer


def fetch_offer(pricing: Any, region: str) -> Offer:
    """The prices of a region, of today's price list.

    Args:
        pricing: A client of the Price List API.
        region: For example `us-east-1`.

    Raises:
        AccountError: The API refused or has no such prices.
    """
    paginator = pricing.get_paginator("get_products")
    with explained():
        products = [
            product
            for request in product_requests(region)
            for page in paginator.paginate(**request)
            for product in page["PriceList"]
        ]
    try:
        return read_offer(products, region=region)
    except ValueError as error:
        raise AccountError(str(error)) from error
