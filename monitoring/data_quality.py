"""The data-quality files `statistics.json` and `constraints.json`, field by field.

Source: Amazon SageMaker AI Developer Guide, "Schema for Statistics (statistics.json file)" and
"Schema for Constraints (constraints.json file)",
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-interpreting-statistics.html
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-constraints.html
"""

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
    """A distribution of texts, in alphabetical order."""

    buckets: list[CategoryCount]


class StringDistribution(TypedDict):
    """Key of a distribution of texts."""

    categorical: Categorical


class StringStatistics(TypedDict):
    """Statistics of a String feature, and of an Unknown one."""

    common: Common
    distinct_count: float
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
