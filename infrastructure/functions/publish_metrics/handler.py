"""Publishes metrics that jobs wrote to files: a job calls no service.

Event: `Metrics`, a list of `Namespace` and `Uri`, a file of JSON Lines: a metric each, as
PutMetricData takes it, with its `Timestamp` as a text.
Answer: `Message`, which names metrics that were left out.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from infrastructure.functions.clock import utc_now
from infrastructure.functions.objects import bucket_and_key
from infrastructure.functions.publish_metrics.limits import Metric, fault, shown

MAX_METRICS = 1000
MAX_BYTES = 250_000
"""Metrics in one request, and the size of their JSON. A request may have 1 MB, and the form in
which it is sent is two to three times as long as its JSON.

Source: Amazon CloudWatch API Reference, PutMetricData,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
"""

MAX_AGE = timedelta(days=14)
"""Older metrics are refused. Source: as above, MetricDatum."""

MAX_LISTED = 5
"""Refused metrics that the message names: an output of a Lambda step has at most 1,024 characters.

Source: Amazon SageMaker AI API Reference, OutputParameter,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_OutputParameter.html
"""


def respond(
    event: Mapping[str, Any], clock: Callable[[], datetime] = utc_now, *, cloudwatch: Any, s3: Any
) -> dict[str, str]:
    """Answer the event.

    Args:
        event: The event, as described above.
        clock: Tells the time.
        cloudwatch: A CloudWatch client.
        s3: An S3 client.
    """
    num_published = num_old = 0
    refused: list[str] = []
    oldest = clock() - MAX_AGE
    for source in event["Metrics"]:
        content = s3.get_object(**bucket_and_key(source["Uri"]))["Body"].read()
        metrics = [json.loads(line) for line in content.splitlines()]
        recent = [item for item in metrics if _time(item) > oldest]
        faults = [(item, fault(item)) for item in recent]
        refused += [
            f"{shown(item['MetricName'])} for {reason}" for item, reason in faults if reason
        ]
        accepted = [item for item, reason in faults if not reason]
        num_old += len(metrics) - len(recent)
        num_published += len(accepted)
        for batch in _batches(accepted):
            cloudwatch.put_metric_data(Namespace=source["Namespace"], MetricData=batch)
    message = f"{num_published} metrics"
    if num_old:
        message += f", {num_old} left out, which are older than {MAX_AGE.days} days"
    if refused:
        more = f" and {len(refused) - MAX_LISTED} more" if len(refused) > MAX_LISTED else ""
        message += (
            f", {len(refused)} left out, which CloudWatch refuses: "
            f"{', '.join(refused[:MAX_LISTED])}{more}"
        )
    return {"Message": message}


def _time(metric: Metric) -> datetime:
    return datetime.fromisoformat(metric["Timestamp"])


def _batches(metrics: Iterable[Metric]) -> Iterator[list[Metric]]:
    """The metrics in lists that fit into a request."""
    batch: list[Metric] = []
    num_bytes = 0
    for metric in metrics:
        size = len(json.dumps(metric))
        if batch and (len(batch) == MAX_METRICS or num_bytes + size > MAX_BYTES):
            yield batch
            batch, num_bytes = [], 0
        batch.append({**metric, "Timestamp": _time(metric)})
        num_bytes += size
    if batch:
        yield batch


def handler(event: Mapping[str, Any], _context: object) -> dict[str, str]:
    """Entry point on AWS Lambda."""
    import boto3  # A local execution passes its own clients and needs none of it.

    return respond(event, cloudwatch=boto3.client("cloudwatch"), s3=boto3.client("s3"))
