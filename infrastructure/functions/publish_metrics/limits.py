"""Says what is wrong with a metric: one that CloudWatch refuses takes its whole request with it.

Source: Amazon CloudWatch API Reference, MetricDatum, Dimension, StatisticSet and PutMetricData,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
"""

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

Metric: TypeAlias = Mapping[str, Any]
"""As PutMetricData takes it, with its `Timestamp` as a text."""

MAX_NAME_CHARACTERS = 255
MAX_DIMENSION_VALUE_CHARACTERS = 1024
MAX_DIMENSIONS = 30
MAX_VALUE = 2.0**360
"""Largest absolute value."""
MAX_SHOWN_CHARACTERS = 60
"""What of a name is shown."""

_TEXT = re.compile(r"[ -~]*[!-~][ -~]*")
"""ASCII, no control characters, not blank. The reference says so of dimensions and namespaces, and
nothing of the characters in a metric's name, which is held to the same."""


def fault(metric: Metric) -> str:
    """What CloudWatch would refuse of a metric, in a few words; empty if nothing."""
    dimensions = metric.get("Dimensions", [])
    numbers = {"Value": metric.get("Value", 0.0), **metric.get("StatisticValues", {})}
    if not _is_text(metric["MetricName"], MAX_NAME_CHARACTERS):
        return "its name"
    if len(dimensions) > MAX_DIMENSIONS:
        return f"its {len(dimensions)} dimensions"
    for item in dimensions:
        name, value = item["Name"], item["Value"]
        if not _is_text(name, MAX_NAME_CHARACTERS) or name.startswith(":"):
            return f"the name of dimension {shown(name)}"
        if not _is_text(value, MAX_DIMENSION_VALUE_CHARACTERS):
            return f"the value of dimension {shown(name)}"
    for name, number in numbers.items():
        # Written so that NaN, which no number exceeds, is refused too.
        if not abs(number) <= MAX_VALUE:
            return f"{name} {number:g}"
    return ""


def shown(text: str) -> str:
    """The beginning of a text in quotes, whatever characters it has."""
    return f"'{ascii(text)[1:-1][:MAX_SHOWN_CHARACTERS]}'"


def _is_text(text: str, max_characters: int) -> bool:
    return len(text) <= max_characters and _TEXT.fullmatch(text) is not None
