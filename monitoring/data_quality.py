"""The data-quality files, field by field: statistics, constraints and their violations.

Source: Amazon SageMaker AI Developer Guide, "Schema for Statistics (statistics.json file)",
"Schema for Constraints (constraints.json file)" and "Schema for Violations
(constraint_violations.json file)",
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-interpreting-statistics.html
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-constraints.html
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-interpreting-violations.html
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NotRequired, TypedDict


class InferredType(StrEnum):
    """What the values of a feature are."""

    INTEGRAL = "Integral"
    FRACTIONAL = "Fractional"
    STRING = "String"
    UNKNOWN = "Unknown"
    """No value is present."""


class Common(TypedDict):
    """Completeness of a feature: num_present / (num_present + num_missing)."""

    num_present: int
    num_missing: int


class Bucket(TypedDict):
    """Values from `lower_bound` up to, and but for the last bucket without, `upper_bound`."""

    lower_bound: float
    upper_bound: float
    count: float


class SketchParameters(TypedDict):
    """Shrinking factor c and sketch size k."""

    c: float
    k: float


class SketchDocument(TypedDict):
    """The levels of a sketch; a number of level h stands for 2^h values."""

    parameters: SketchParameters
    data: list[list[float]]


class Kll(TypedDict):
    """A distribution of numbers."""

    buckets: list[Bucket]
    sketch: SketchDocument


class NumericalDistribution(TypedDict):
    """Key of a distribution of numbers."""

    kll: Kll


class NumericalStatistics(TypedDict):
    """Statistics of an Integral or Fractional feature; `std_dev` is that of the population."""

    common: Common
    mean: float
    sum: float
    std_dev: float
    min: float
    max: float
    distribution: NumericalDistribution


class CategoryCount(TypedDict):
    """How often a text occurs."""

    value: str
    count: int


class Categorical(TypedDict):
    """A distribution of texts, in alphabetical order; empty where too many differ to list them."""

    buckets: list[CategoryCount]


class StringDistribution(TypedDict):
    """Key of a distribution of texts."""

    categorical: Categorical


class StringStatistics(TypedDict):
    """Statistics of a String feature, and of an Unknown one."""

    common: Common
    distinct_count: float
    """How many texts differ; within 1 % where they are too many to list them."""
    distribution: StringDistribution


class FeatureStatistics(TypedDict):
    """One feature; which of the two statistics it has follows from its type."""

    name: str
    inferred_type: str
    numerical_statistics: NotRequired[NumericalStatistics]
    string_statistics: NotRequired[StringStatistics]


class DatasetStatistics(TypedDict):
    """Size of the data set."""

    item_count: int


class DataStatistics(TypedDict):
    """Content of `statistics.json`; features in alphabetical order."""

    version: float
    dataset: DatasetStatistics
    features: list[FeatureStatistics]


class NumericalConstraints(TypedDict):
    """What a number must be."""

    is_non_negative: bool


class StringConstraints(TypedDict):
    """What a text may be."""

    domains: list[str]


class FeatureConstraints(TypedDict):
    """What the values of one feature must be; `completeness` is the smallest fraction present."""

    name: str
    inferred_type: str
    completeness: float
    num_constraints: NotRequired[NumericalConstraints]
    string_constraints: NotRequired[StringConstraints]
    monitoringConfigOverrides: NotRequired[Mapping[str, object]]
    """What of the monitoring configuration is different for this feature, in the same shape."""


class DistributionConstraints(TypedDict):
    """How far a distribution may be from the baseline's."""

    perform_comparison: str
    comparison_threshold: float
    comparison_method: str
    categorical_comparison_threshold: float
    categorical_drift_method: str


class MonitoringConfig(TypedDict):
    """What a monitoring job checks; each threshold is a fraction."""

    evaluate_constraints: str
    emit_metrics: str
    datatype_check_threshold: float
    domain_content_threshold: float
    distribution_constraints: DistributionConstraints


class DataConstraints(TypedDict):
    """Content of `constraints.json`."""

    version: float
    features: list[FeatureConstraints]
    monitoring_config: MonitoringConfig


class CheckType(StrEnum):
    """What a violation is about."""

    DATA_TYPE = "data_type_check"
    COMPLETENESS = "completeness_check"
    BASELINE_DRIFT = "baseline_drift_check"
    MISSING_COLUMN = "missing_column_check"
    EXTRA_COLUMN = "extra_column_check"
    CATEGORICAL_VALUES = "categorical_values_check"


class Violation(TypedDict):
    """One constraint that current data do not meet."""

    feature_name: str
    constraint_check_type: str
    description: str


class Violations(TypedDict):
    """Content of `constraint_violations.json`."""

    violations: list[Violation]
