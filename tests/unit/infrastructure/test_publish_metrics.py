"""Publishing of metrics, against clients with the services' own shapes."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber

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


@pytest.mark.parametrize(
    ("name", "number", "sizes"),
    [
        pytest.param("a", MAX_METRICS + 1, [MAX_METRICS, 1], id="number"),
        pytest.param("a" * 200_000, 2, [1, 1], id="size"),
    ],
)
def test_requests_have_the_service_s_limits(
    s3: Any, cloudwatch: Any, name: str, number: int, sizes: list[int]
) -> None:
    """Neither the number of metrics nor their size is above what one request takes."""
    assert MAX_BYTES < 1_000_000
    metric = {"MetricName": name, "Timestamp": TIME, "Value": 1.0}
    add_file(s3, [metric] * number)
    for _ in sizes:
        add_request(cloudwatch, ANY)
    sent: list[int] = []
    put = cloudwatch.client.put_metric_data
    # The stub allows 255 characters; the sizes are what counts here.
    cloudwatch.client.put_metric_data = lambda **request: (
        sent.append(len(request["MetricData"])),
        put(Namespace=NAMESPACE, MetricData=[{"MetricName": "a"}]),
    )
    respond(EVENT, clock, cloudwatch=cloudwatch.client, s3=s3.client)
    assert sent == sizes


def test_old_metrics_are_left_out(s3: Any, cloudwatch: Any) -> None:
    """The service refuses what is older than two weeks, and the message says so."""
    add_file(s3, [{**METRIC, "Timestamp": "2026-11-07T10:00:00Z"}])
    answer = respond(EVENT, clock, cloudwatch=cloudwatch.client, s3=s3.client)
    assert answer == {"Message": "0 metrics, 1 left out, which are older than 14 days"}
