"""Stands in for the CloudWatch client: metrics are kept in a file for each namespace."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.local.stand_ins.errors import client_error

MAX_METRICS = 1000
"""Metrics in one request.

Source: Amazon CloudWatch API Reference, PutMetricData,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
"""


class CloudWatchStandIn:
    """Operations of the CloudWatch client that functions may use."""

    def __init__(self, directory: Path) -> None:
        """Keep metrics as `<directory>/<namespace>.jsonl`, one per line."""
        self._directory = directory

    def put_metric_data(
        self,
        *,
        Namespace: str,  # noqa: N803
        MetricData: Sequence[Mapping[str, Any]],  # noqa: N803
    ) -> dict[str, Any]:
        """Add metrics to those of a namespace."""
        if len(MetricData) > MAX_METRICS:
            raise client_error(
                "PutMetricData",
                "InvalidParameterValue",
                f"The collection MetricData must not have a size greater than {MAX_METRICS}.",
            )
        path = self._directory / f"{Namespace}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = "".join(
            f"{json.dumps(metric, default=str, sort_keys=True)}\n" for metric in MetricData
        )
        with path.open("a", encoding="utf-8") as file:
            file.write(lines)
        return {}
