"""Tests of pipelines.cost.price_list, on documents shaped as the service documents them.

The document is that of botocore's example of GetProducts, with SageMaker's attributes.
"""

import json
from datetime import date

import pytest

from pipelines.cost.price_list import API_REGION, API_URL, product_requests, read_offer
from pipelines.cost.prices import Offer, Use
from tests.unit.pipelines.cost.price_list import product
from tests.unit.stubs import stubbed


def test_prices_are_read_by_usage_type() -> None:
    """The words of the bill tell what an instance and a volume are for; other products do not."""
    products = [
        product("USE1-Train:ml.g5.xlarge", "1.4080000000"),
        product("USE1-Processing:ml.m5.xlarge", "0.23"),
        product("USE1-Host:ml.m5.large", "0.115"),
        product("USE1-Tsform:ml.m5.xlarge", "0.23"),
        product("USE1-Train:VolumeUsage.gp2", "0.14", unit="GB-Mo"),
        product("USE1-Host:VolumeUsage.gp2", "0.14", unit="GB-Mo"),
        product("USE1-SpotTraining:ml.g5.xlarge", "1.408"),
        product("USE1-Notebk:ml.t3.medium", "0.05"),
        product("USE1-AsyncInf:ml.m5.large", "0.115"),
        product("USE1-Train:ml.m5.large", "0.0"),
        product("USE1-Train:ml.m5.xlarge", "0.23", unit="Seconds"),
        product("USE1-Train:ml.m5.xlarge", "1.6", currency="CNY"),
    ]
    assert read_offer(products, region="us-east-1") == Offer(
        region="us-east-1",
        date=date(2026, 9, 25),
        url=API_URL,
        usd_per_hour={
            Use.HOSTING: {"ml.m5.large": 0.115},
            Use.PROCESSING: {"ml.m5.xlarge": 0.23},
            Use.TRAINING: {"ml.g5.xlarge": 1.408},
            Use.TRANSFORM: {"ml.m5.xlarge": 0.23},
        },
        usd_per_gb_month={Use.HOSTING: 0.14, Use.TRAINING: 0.14},
    )


def test_a_region_without_a_prefix_is_read_too() -> None:
    """The first regions of AWS have usage types without one."""
    offer = read_offer([product("Host:ml.m5.large", "0.115")], region="us-east-1")
    assert offer.usd_per_hour == {Use.HOSTING: {"ml.m5.large": 0.115}}


def test_a_price_that_is_given_in_two_ways_is_left_out() -> None:
    """Which of them counts is not guessed; the same price twice is one."""
    products = [
        product("EU-Train:ml.m5.large", "0.1"),
        product("EU-Train:ml.m5.large", "0.2"),
        product("EU-Host:VolumeUsage.gp2", "0.1", unit="GB-Mo"),
        product("EU-Host:VolumeUsage.gp2", "0.2", unit="GB-Mo"),
        product("EU-Train:ml.m5.xlarge", "0.3"),
        product("EU-Train:ml.m5.xlarge", "0.30"),
    ]
    offer = read_offer(products, region="eu-west-1")
    assert offer.usd_per_hour == {Use.TRAINING: {"ml.m5.xlarge": 0.3}}
    assert offer.note == (
        "Without those that have several prices: ml.m5.large (training), volume (hosting)."
    )


def test_an_answer_without_prices() -> None:
    """A region that is none has no products."""
    with pytest.raises(ValueError, match="The price list has no prices") as caught:
        read_offer([product("USE1-Notebk:ml.t3.medium", "0.05")], region="us-east-9")
    assert str(caught.value) == (
        "The price list has no prices in USD for instances of SageMaker in region 'us-east-9'; "
        "expected a region such as us-east-1."
    )


def test_products_without_a_usage_type_or_terms_are_passed_over() -> None:
    """Neither member is promised."""
    bare = {"product": {"attributes": {}}, "terms": {}, "publicationDate": "2026-09-25T00:03:13Z"}
    reserved = json.loads(product("USE1-Train:ml.m5.large", "0.1")) | {"terms": {"Reserved": {}}}
    products = [json.dumps(bare), json.dumps(reserved), product("USE1-Train:ml.m5.xlarge", "0.2")]
    offer = read_offer(products, region="us-east-1")
    assert offer.usd_per_hour == {Use.TRAINING: {"ml.m5.xlarge": 0.2}}


def test_requests_fit_the_model_of_the_service() -> None:
    """Every member is known to botocore; the endpoint of the API is the one that is named."""
    for stub in stubbed("pricing"):
        for request in product_requests("eu-west-1"):
            stub.add_response("get_products", {"PriceList": []}, request)
            stub.client.get_products(**request)
        assert stub.client.meta.region_name == API_REGION
        assert stub.client.meta.endpoint_url == API_URL
