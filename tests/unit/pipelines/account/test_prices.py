"""Tests of pipelines.account.prices, with a client that checks every request."""

import pytest
from botocore.stub import Stubber

from pipelines.account.errors import AccountError, DeniedError
from pipelines.account.prices import fetch_offer
from pipelines.cost.price_list import product_requests
from pipelines.cost.prices import Use
from tests.unit.pipelines.cost.price_list import product
from tests.unit.stubs import stubbed

REGION = "us-east-1"
INSTANCES, VOLUMES = product_requests(REGION)

pricing = pytest.fixture(lambda: (yield from stubbed("pricing")))


def test_all_pages_are_read(pricing: Stubber) -> None:
    """Instances come in pages, volumes after them."""
    first = {"PriceList": [product("USE1-Train:ml.m5.large", "0.115")], "NextToken": "more"}
    second = {"PriceList": [product("USE1-Host:ml.m5.large", "0.115")]}
    volumes = {"PriceList": [product("USE1-Train:VolumeUsage.gp2", "0.14", unit="GB-Mo")]}
    pricing.add_response("get_products", first, INSTANCES)
    pricing.add_response("get_products", second, {**INSTANCES, "NextToken": "more"})
    pricing.add_response("get_products", volumes, VOLUMES)
    offer = fetch_offer(pricing.client, REGION)
    assert offer.usd_per_hour == {
        Use.HOSTING: {"ml.m5.large": 0.115},
        Use.TRAINING: {"ml.m5.large": 0.115},
    }
    assert offer.usd_per_gb_month == {Use.TRAINING: 0.14}


def test_a_region_without_prices(pricing: Stubber) -> None:
    """What the list does not have is an error of the account's."""
    for request in (INSTANCES, VOLUMES):
        pricing.add_response("get_products", {"PriceList": []}, request)
    with pytest.raises(AccountError, match="The price list has no prices in USD"):
        fetch_offer(pricing.client, REGION)


def test_a_refusal_is_explained(pricing: Stubber) -> None:
    """Credentials that may not ask for prices are told so."""
    pricing.add_client_error("get_products", "AccessDeniedException", "no", 400)
    with pytest.raises(DeniedError):
        fetch_offer(pricing.client, REGION)
