"""What CheckDrift measured, under the names of Model Monitor's metrics.

Source: Amazon SageMaker AI Developer Guide, "CloudWatch Metrics for data quality",
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-interpreting-cloudwatch.html
"""

from collections.abc import Iterator

from monitoring.data_check import CheckResult
from steps.window import Metric


def drift_metrics(result: CheckResult) -> Iterator[Metric]:
    """The metrics of a window.

    For a feature `f` these are `feature_data_f`, its numbers; `feature_non_null_f`, how many
    values are present; and `feature_baseline_drift_f`, its distance from the baseline.
    """
    for feature in result.statistics["features"]:
        name = feature["name"]
        statistics = feature.get("numerical_statistics") or feature["string_statistics"]
        num_present = statistics["common"]["num_present"]
        yield {"MetricName": f"feature_non_null_{name}", "Value": num_present, "Unit": "Count"}
        if "numerical_statistics" in feature and num_present:
            numbers = feature["numerical_statistics"]
            yield {
                "MetricName": f"feature_data_{name}",
                "StatisticValues": {
                    "SampleCount": num_present,
                    "Sum": numbers["sum"],
                    "Minimum": numbers["min"],
                    "Maximum": numbers["max"],
                },
                "Unit": "None",
            }
    for name, distance in result.distances.items():
        yield {
            "MetricName": f"feature_baseline_drift_{name}", "Value": distance, "Unit": "None",
        }  # fmt: skip
