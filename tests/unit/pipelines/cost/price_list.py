"""Entries of a price list as GetProducts answers them."""

import json

PUBLISHED = "2026-09-25T00:03:13Z"


def product(usage_type: str, price: str, *, unit: str = "Hrs", currency: str = "USD") -> str:
    """A product with one price on demand.

    Source: botocore, `data/pricing/2017-10-15/examples-1.json`.
    """
    rate = {
        "unit": unit,
        "beginRange": "0",
        "endRange": "Inf",
        "description": f"${price} per {unit}",
        "appliesTo": [],
        "rateCode": "S.T.R",
        "pricePerUnit": {currency: price},
    }
    term = {
        "priceDimensions": {"S.T.R": rate},
        "sku": "S",
        "effectiveDate": "2026-09-01T00:00:00Z",
        "offerTermCode": "T",
        "termAttributes": {},
    }
    attributes = {"servicecode": "AmazonSageMaker", "usagetype": usage_type}
    return json.dumps(
        {
            "product": {"productFamily": "ML Instance", "attributes": attributes, "sku": "S"},
            "serviceCode": "AmazonSageMaker",
            "terms": {"OnDemand": {"S.T": term}},
            "version": "20260925000313",
            "publicationDate": PUBLISHED,
        }
    )
