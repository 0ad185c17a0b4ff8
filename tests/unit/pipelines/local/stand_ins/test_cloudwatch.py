"""Tests of pipelines.local.stand_ins.cloudwatch."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from pipelines.local.stand_ins.cloudwatch import CloudWatchStandIn


def test_metrics_are_kept_by_namespace(tmp_path: Path) -> None:
    """Each metric is a line of its namespace's file, and later ones are added."""
    client = CloudWatchStandIn(tmp_path / "metrics")
    first = {"MetricName": "a", "Value": 1.0, "Timestamp": datetime(2026, 1, 2, tzinfo=UTC)}
    client.put_metric_data(Namespace="aws/x", MetricData=[first])
    client.put_metric_data(Namespace="aws/x", MetricData=[{"MetricName": "b", "Value": 2.0}])

    lines = (tmp_path / "metrics" / "aws" / "x.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"MetricName": "a", "Timestamp": "2026-01-02 00:00:00+00:00", "Value": 1.0},
        {"MetricName": "b", "Value": 2.0},
    ]


def test_a_request_has_the_service_s_limit(tmp_path: Path) -> None:
    """More than a thousand metrics are refused whole."""
    client = CloudWatchStandIn(tmp_path)
    with pytest.raises(ClientError, match="must not have a size greater than 1000"):
        client.put_metric_data(Namespace="x", MetricData=[{"MetricName": "a"}] * 1001)
    assert list(tmp_path.iterdir()) == []
