"""The site: the account, region and bucket that pipelines are declared for, and its security.

Every setting is an environment variable `SITE_<NAME>`, for example `SITE_REGION=eu-west-1`, and
every one has a default, so that a pipeline compiles and runs on this machine with nothing set.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

from steps.errors import SiteError

PREFIX = "SITE_"

MAX_CANARY_PERCENT = 50
MAX_ROLLBACK_ALARMS = 10
"""Limits of an endpoint's update.

Source: Amazon SageMaker AI API Reference, TrafficRoutingConfig and AutoRollbackConfig,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TrafficRoutingConfig.html
"""

_FORMS = {
    "account": (r"\d{12}", "111122223333"),
    "bucket": (r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "my-bucket"),
    "dead_letter_queue_arn": (
        r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d{12}:[\w-]+|",
        "arn:aws:sqs:us-east-1:111122223333:my-queue",
    ),
    "function_role_arn": (
        r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+",
        "arn:aws:iam::111122223333:role/my-role",
    ),
    "git_revision": (r"[0-9a-f]{7,64}|", "0123abc"),
    "model_package_group": (r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", "dog-breeds"),
    "pretrained_weights_uri": (r"s3://[^/]+/.+|", "s3://my-bucket/weights"),
    "project": (r"[a-z0-9](-?[a-z0-9]){0,31}", "dog-breeds"),
    "region": (r"[a-z]{2}(-[a-z]+)+-\d", "eu-west-1"),
    "role_arn": (
        r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+",
        "arn:aws:iam::111122223333:role/my-role",
    ),
    "schedule_group": (r"[\w.-]{1,64}", "my-schedules"),
    "trigger_role_arn": (
        r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+",
        "arn:aws:iam::111122223333:role/my-role",
    ),
}
"""What a value must look like, and an example, where the service would find a mistake late."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """Where pipelines are deployed to. Nothing here is secret."""

    account: str = "111122223333"
    """Account number; the default is the one that AWS uses in examples and that nobody owns."""
    region: str = "us-east-1"
    project: str = "image-classification"
    """Prefix of every name and S3 key."""
    bucket: str = ""
    """Bucket for code, data and outputs; empty: `sagemaker-<region>-<account>`."""
    role_arn: str = ""
    """Role that the jobs run under; empty: `<project>-execution` in the account."""
    function_role_arn: str = ""
    """Role that the Lambda functions run under; empty: `<project>-functions` in the account."""
    model_package_group: str = ""
    """Group that models are registered in; empty: the project's name."""

    train_instance_type: str = "ml.g5.xlarge"
    """What the parameter TrainInstanceType defaults to."""
    training_image_uri: str = ""
    """Image of Train and Tune; empty: the newest PyTorch training image that the SDK knows."""
    processing_image_uri: str = ""
    """Image of Preprocess and Evaluate; empty: the training image for CPUs."""
    inference_image_uri: str = ""
    """Image that serves the model; empty: the newest PyTorch inference image that the SDK knows.

    That one, PyTorch 2.6, gets no more patches since 2026-06-30; AWS publishes no newer one.
    """
    canary_percent: int = 0
    """Percentage of an endpoint's capacity that takes requests first when the endpoint is updated,
    at most 50; 0: all capacity at once."""
    rollback_alarms: tuple[str, ...] = ()
    """Names of CloudWatch alarms, at most 10, that turn an update of an endpoint back."""
    pretrained_weights_uri: str = ""
    """S3 folder with one state dict to start training from; empty: from scratch."""

    subnets: tuple[str, ...] = ()
    """Subnets of the VPC that jobs run in; empty: no VPC."""
    security_group_ids: tuple[str, ...] = ()
    volume_kms_key: str = ""
    """KMS key of the jobs' disks; empty: the service's own encryption.

    Instances with disks of their own, such as ml.g5, take none: choose another train_instance_type.
    """
    output_kms_key: str = ""
    """KMS key of what the jobs write to S3; empty: the bucket's default encryption."""
    enable_network_isolation: bool = True
    """Whether jobs run without any network: they read inputs and write outputs, nothing else."""
    enable_traffic_encryption: bool = True
    """Whether traffic between the containers of one job is encrypted."""

    monitoring_schedule: str = "cron(0 * * * ? *)"
    """When `monitoring` runs, an expression of EventBridge Scheduler in UTC; `off`: never."""
    retraining_schedule: str = "cron(0 3 ? * SUN *)"
    """When `retraining` runs, likewise."""
    schedule_group: str = ""
    """EventBridge Scheduler group that holds the schedules; empty: the project's name."""
    trigger_role_arn: str = ""
    """Role under which schedules and rules start pipelines; empty: `<project>-triggers`."""
    dead_letter_queue_arn: str = ""
    """SQS queue of what schedules and rules could not start; empty: none."""

    git_revision: str = ""
    """Revision of the code, recorded with each registered model when given."""

    def __post_init__(self) -> None:
        role = f"arn:{self.partition}:iam::{self.account}:role"
        defaults = {
            "bucket": f"sagemaker-{self.region}-{self.account}",
            "role_arn": f"{role}/{self.project}-execution",
            "function_role_arn": f"{role}/{self.project}-functions",
            "model_package_group": self.project,
            "schedule_group": self.project,
            "trigger_role_arn": f"{role}/{self.project}-triggers",
        }
        derived = {name for name in defaults if not getattr(self, name)}
        for name in derived:
            object.__setattr__(self, name, defaults[name])
        problems = [
            f"{PREFIX}{name.upper()} is '{getattr(self, name)}'; expected a value like '{example}'."
            for name, (form, example) in _FORMS.items()
            if name not in derived and re.fullmatch(form, getattr(self, name)) is None
        ]
        if bool(self.subnets) != bool(self.security_group_ids):
            problems.append(
                f"{PREFIX}SUBNETS and {PREFIX}SECURITY_GROUP_IDS go together; only one is set."
            )
        if not 0 <= self.canary_percent <= MAX_CANARY_PERCENT:
            problems.append(
                f"{PREFIX}CANARY_PERCENT is {self.canary_percent}; expected 0 to "
                f"{MAX_CANARY_PERCENT}."
            )
        if len(self.rollback_alarms) > MAX_ROLLBACK_ALARMS:
            problems.append(
                f"{PREFIX}ROLLBACK_ALARMS names {len(self.rollback_alarms)} alarms; expected at "
                f"most {MAX_ROLLBACK_ALARMS}."
            )
        if problems:
            raise SiteError(" ".join(problems))

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings from environment variables.

        Args:
            environ: The environment; lists are comma-separated, booleans are `true` or `false`,
                numbers are whole, and what is empty counts as not set.

        Raises:
            SiteError: A variable is unknown or malformed; all problems of a kind are listed.
        """
        known = {f"{PREFIX}{field.name.upper()}": field for field in fields(cls)}
        given = {key: value for key, value in environ.items() if key.startswith(PREFIX) and value}
        unknown = sorted(given.keys() - known.keys())
        if unknown:
            raise SiteError(
                f"Environment variable '{unknown[0]}' is no setting of the site. "
                f"Known: {', '.join(sorted(known))}."
            )
        values = {
            known[key].name: _parse(key, value, known[key].type) for key, value in given.items()
        }
        return cls(**values)  # type: ignore[arg-type]

    @property
    def partition(self) -> str:
        """Partition of the region, which every ARN names.

        Source: AWS General Reference, "Amazon Resource Names (ARNs)",
        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
        """
        prefixes = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
        matches = (name for prefix, name in prefixes.items() if self.region.startswith(prefix))
        return next(matches, "aws")

    def uri(self, *parts: str) -> str:
        """S3 URI of a key under the project's prefix."""
        return "/".join((f"s3://{self.bucket}/{self.project}", *parts))

    def pipeline_name(self, name: str) -> str:
        """Name in the account of a pipeline of the catalogue."""
        return f"{self.project}-{name}"

    def pipeline_arn(self, name: str) -> str:
        """ARN of a pipeline of the catalogue."""
        service = f"arn:{self.partition}:sagemaker:{self.region}:{self.account}"
        return f"{service}:pipeline/{self.pipeline_name(name)}"

    def rule_arn(self, name: str) -> str:
        """ARN of an EventBridge rule; a `*` in the name makes it a pattern."""
        return f"arn:{self.partition}:events:{self.region}:{self.account}:rule/{name}"

    def function_name(self, folder: str) -> str:
        """Name of the Lambda function whose source is `infrastructure/functions/<folder>/`."""
        return f"{self.project}-{folder}"

    def function_arn(self, folder: str) -> str:
        """ARN of that function, without a version or alias."""
        service = f"arn:{self.partition}:lambda:{self.region}:{self.account}"
        return f"{service}:function:{self.function_name(folder)}"


def _parse(key: str, text: str, kind: object) -> str | bool | int | tuple[str, ...]:
    if kind is bool:
        if text.lower() not in {"true", "false"}:
            raise SiteError(f"Environment variable '{key}' is '{text}'; expected true or false.")
        return text.lower() == "true"
    if kind is int:
        if re.fullmatch(r"\d{1,9}", text, flags=re.ASCII) is None:
            raise SiteError(f"Environment variable '{key}' is '{text}'; expected a whole number.")
        return int(text)
    if kind is str:
        return text
    return tuple(part.strip() for part in text.split(",") if part.strip())
