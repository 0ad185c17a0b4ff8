"""What a schedule of Model Monitor is: what it watches, when, and how its jobs run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from monitoring.schedules.errors import ScheduleError
from monitoring.schedules.timing import Timing, Window


class MonitoringType(StrEnum):
    """What a schedule watches; also how the parameters of its job definition begin."""

    DATA_QUALITY = "DataQuality"
    MODEL_QUALITY = "ModelQuality"


@dataclass(frozen=True, kw_only=True, slots=True)
class DataQuality:
    """Watch the data: the answers' fields against the baseline."""

    statistics_uri: str
    constraints_uri: str

    @classmethod
    def of_package(cls, package: Mapping[str, Any]) -> Self:
        """What the baselines of a model package say.

        Args:
            package: The package as DescribeModelPackage answers it.

        Raises:
            ScheduleError: It has no such baseline.
        """
        return cls(
            statistics_uri=_baseline_uri(package, "ModelDataQuality", "Statistics"),
            constraints_uri=_baseline_uri(package, "ModelDataQuality", "Constraints"),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelQuality:
    """Watch the model: its answers against the labels that came later."""

    constraints_uri: str
    ground_truth_uri: str
    """S3 prefix of the labels, above `yyyy/mm/dd/hh/`."""

    @classmethod
    def of_package(cls, package: Mapping[str, Any], *, ground_truth_uri: str) -> Self:
        """What the baselines of a model package say.

        Args:
            package: The package as DescribeModelPackage answers it.
            ground_truth_uri: S3 prefix of the labels.

        Raises:
            ScheduleError: It has no such baseline.
        """
        return cls(
            constraints_uri=_baseline_uri(package, "ModelQuality", "Constraints"),
            ground_truth_uri=ground_truth_uri,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """How the jobs of a schedule run."""

    image_uri: str
    """Model Monitor's analyzer, in the registry of the region: the SDK's
    `image_uris.retrieve("model-monitor", region)`."""
    role_arn: str
    preprocessor_uri: str
    """S3 object with the record preprocessor, as `upload_preprocessor` names it."""
    output_uri: str
    """S3 prefix of the reports, which lie in `<endpoint>/<schedule>/yyyy/mm/dd/hh/` below it."""
    instance_type: str = "ml.m5.xlarge"
    instance_count: int = 1
    volume_gib: int = 30
    max_runtime_seconds: int = 1800
    """Time limit of each job; an execution of model quality has two, one after the other."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables in addition to ours."""
    volume_kms_key: str = ""
    output_kms_key: str = ""
    subnets: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()
    enable_network_isolation: bool = True
    enable_traffic_encryption: bool = True

    def variables(self) -> dict[str, str]:
        """All environment variables."""
        return {"publish_cloudwatch_metrics": "Enabled", **self.environment}


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """A schedule of Model Monitor for one endpoint."""

    name: str
    """At most 50 characters, because its job definition adds a digest."""
    endpoint_name: str
    quality: DataQuality | ModelQuality
    timing: Timing
    job: Job
    window: Window | None = None
    """Which records an execution looks at, where their labels come late; None: its period's."""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def monitoring_type(self) -> MonitoringType:
        """What it watches."""
        if isinstance(self.quality, DataQuality):
            return MonitoringType.DATA_QUALITY
        return MonitoringType.MODEL_QUALITY


def _baseline_uri(package: Mapping[str, Any], kind: str, file: str) -> str:
    try:
        uri = package["DriftCheckBaselines"][kind][file]["S3Uri"]
    except KeyError:
        name = package["ModelPackageArn"].partition("/")[2]
        raise ScheduleError(
            f"Model package '{name}' has no DriftCheckBaselines.{kind}.{file}, so nothing could be "
            "compared; register the model again with the training pipeline."
        ) from None
    return str(uri)
