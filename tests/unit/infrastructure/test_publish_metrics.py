"""Publishing of metrics, against clients with the services' own shapes."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from infrastructure.functions.publish_metrics.handler import MAX_BYTES, MAX_METRICS, respond
from tests.unit.stubs import stubbed

NAMESPACE = "aws/sagemaker/Endpoints/data-metrics"
EVENT = {"Metrics": [{"Namespace": NAMESPACE, "Uri": "s3://bucket/metrics.jsonl"}]}
TIME = "2026-11-21T09:00:00Z"
METRIC = {
    "MetricName": "feature_data_brightness",
    "Dimensions": [{"Name": "Endpoint", "Value": "dogs"}],
    "Timestamp": TIME,
    "StatisticValues": {"SampleCount": 3, "Sum": 1.5, "Minimum": 0.1, "Maximum": 0.9},
    "Unit": "None",
}


@pytest.fixture
def cloudwatch() -> Iterator[Any]:
    """A stubbed CloudWatch client."""
    yield from stubbed("cloudwatch")


def clock() -> datetime:
    """An hour after the metrics."""
    return datetime(2026, 11, 21, 10, tzinfo=UTC)


def add_file(stub: Stubber, metrics: list[dict[str, Any]]) -> None:
    """Let the client have a file of metrics."""
    content = "".join(f"{json.dumps(metric)}\n" for metric in metrics).encode()
    response = {"Body": StreamingBody(BytesIO(content), len(content))}
    stub.add_response("get_object", response, {"Bucket": "bucket", "Key": "metrics.jsonl"})


def add_request(stub: Stubber, data: Any) -> None:
    """Let the client publish."""
    stub.add_response("put_metric_data", {}, {"Namespace": NAMESPACE, "MetricData": data})


def test_metrics_are_published_as_they_were_written(s3: Any, cloudwatch: Any) -> None:
    """Names, dimensions and values arrive, under the time of the window."""
    add_file(s3, [METRIC])
    time = datetime(2026, 11, 21, 9, tzinfo=UTC)
    add_request(cloudwatch, [{**METRIC, "Timestamp": time}])
    answer = respond(EVENT, clock, cloudwatch=cloudwatch.client, s3=s3.client)
    assert answer == {"Message": "1 metrics"}


LONG = {
    **METRIC,
    "Dimensions": [{"Name": f"{number:0>255}", "Value": "a" * 1024} for number in range(30)],
}
"""As large as a metric can be."""


@pytest.mark.parametrize(
    ("metric", "number", "sizes"),
    [
        pytest.param(METRIC, MAX_METRICS + 1, [MAX_METRICS, 1], id="number"),
        pytest.param(LONG, 8, [6, 2], id="size"),
    ],
)
def test_requests_have_the_service_s_limits(
    s3: Any, cloudwatch: Any, metric: dict[str, Any], number: int, sizes: list[int]
) -> None:
    """Neither the number of metrics nor their size is above what one request takes."""
    assert 6 * len(json.dumps(LONG)) < MAX_BYTES < 1_000_000
    add_file(s3, [metric] * number)
    time = datetime(2026, 11, 21, 9, tzinfo=UTC)
    for size in sizes:
        add_request(cloudwatch, [{**metric, "Timestamp": time}] * size)
    answer = respond(EVENT, clock, cloudwatch=cloudwatch.client, s3=s3.client)
    assert answer == {"Message": f"{number} metrics"}


def test_old_metrics_are_left_out(s3: Any, cloudwatch: Any) -> None:
    """The service refuses what is older than two weeks, and the message says so."""
    add_file(s3, [{**METRIC, "Timestamp": "2026-11-07T10:00:00Z"}])
    answer = respond(EVENT, clock, cloudwatch=cloudwatch.client, s3=s3.client)
    assert answer == {"Message": "0 metrics, 1 left out, which are older than 14 days"}


def dimension(name: str, value: str) -> dict[str, Any]:
    """A metric with one dimension."""
    return {**METRIC, "Dimensions": [{"Name": name, "Value": value}]}


def statistics(**values: float) -> dict[str, Any]:
    """A metric with other statistics."""
    return {**METRIC, "StatisticValues": {**METRIC["StatisticValues"], **values}}


ONE = {"MetricName": "accuracy", "Timestamp": TIME, "Unit": "None"}


@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        pytest.param(
            {**METRIC, "MetricName": "a" * 256}, f"'{'a' * 60}' for its name", id="long name"
        ),
        pytest.param({**METRIC, "MetricName": ""}, "'' for its name", id="no name"),
        pytest.param({**METRIC, "MetricName": "  "}, "'  ' for its name", id="blank name"),
        pytest.param(
            {**METRIC, "MetricName": "recall_caf\u00e9"},
            "'recall_caf\\xe9' for its name",
            id="name that is not ASCII",
        ),
        pytest.param(
            {**METRIC, "MetricName": "a\tb"}, "'a\\tb' for its name", id="control character"
        ),
        pytest.param(
            {**METRIC, "Dimensions": METRIC["Dimensions"] * 31},
            "'feature_data_brightness' for its 31 dimensions",
            id="dimensions",
        ),
        pytest.param(
            dimension(":Endpoint", "dogs"),
            "'feature_data_brightness' for the name of dimension ':Endpoint'",
            id="colon",
        ),
        pytest.param(
            dimension("Endpoint\u2028", "dogs"),
            "'feature_data_brightness' for the name of dimension 'Endpoint\\u2028'",
            id="dimension's name",
        ),
        pytest.param(
            dimension("Endpoint", "a" * 1025),
            "'feature_data_brightness' for the value of dimension 'Endpoint'",
            id="dimension's value",
        ),
        pytest.param({**ONE, "Value": float("nan")}, "'accuracy' for Value nan", id="not a number"),
        pytest.param({**ONE, "Value": float("-inf")}, "'accuracy' for Value -inf", id="infinite"),
        pytest.param({**ONE, "Value": 3e108}, "'accuracy' for Value 3e+108", id="too large"),
        pytest.param(
            statistics(Maximum=float("inf")),
            "'feature_data_brightness' for Maximum inf",
            id="statistics",
        ),
    ],
)
def test_what_the_service_refuses_does_not_sink_the_others(
    s3: Any, cloudwatch: Any, metric: dict[str, Any], reason: str
) -> None:
    """The metric is left out and named with what is wrong; the others are published."""
    largest = {**ONE, "Value": -(2.0**360)}
    add_file(s3, [metric, METRIC, largest])
    time = datetime(2026, 11, 21, 9, tzinfo=UTC)
    add_request(cloudwatch, [{**item, "Timestamp": time} for item in (METRIC, largest)])
    answer = respond(EVENT, clock, cloudwatch=cloudwatch.client, s3=s3.client)
    assert answer == {"Message": f"2 metrics, 1 left out, which CloudWatch refuses: {reason}"}


def test_the_message_fits_into_an_output(s3: Any, cloudwatch: Any) -> None:
    """Of many, the first few are named: an output of a Lambda step has at most 1,024 characters."""
    bad = dimension("\U0001f600" * 255, "dogs") | {"MetricName": "\U0001f600" * 300}
    worse = dimension("\U0001f600" * 255, "dogs")
    add_file(s3, [bad, *[worse] * 7])
    message = respond(EVENT, clock, cloudwatch=cloudwatch.client, s3=s3.client)["Message"]
    assert message.startswith("0 metrics, 8 left out, which CloudWatch refuses: '\\U0001f600")
    assert message.endswith("' and 3 more")
    assert len(message) < 1024
