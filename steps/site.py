"""The site: the account, region and bucket that pipelines are declared for, and its security.

Every setting has a default, so that a pipeline compiles and runs on this machine with nothing set.
`pipelines/settings.py` reads them from a file and from environment variables; what is written below
a setting is its help.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from steps.errors import SettingError, SettingProblem

MAX_ROLLBACK_ALARMS = 10
"""Limit of an endpoint's update.

Source: Amazon SageMaker AI API Reference, AutoRollbackConfig,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoRollbackConfig.html
"""

MAX_TAGS = 50
"""Of a pipeline.

Source: Amazon SageMaker AI API Reference, CreatePipeline and Tag,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Tag.html
"""

_RANGES = {
    "canary_percent": (0, 50),
    "capture_percentage": (0, 100),
    "endpoint_instance_count": (1, None),
    "label_delay_hours": (0, 8760),
    "max_instance_count": (0, None),
}
"""Least and largest number; None: any. The limit of a canary is the service's.

Source: Amazon SageMaker AI API Reference, TrafficRoutingConfig,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TrafficRoutingConfig.html
"""

_INSTANCE_TYPE = (r"ml\.[a-z0-9-]+\.[a-z0-9-]+", "ml.m5.xlarge")
_ROLE_ARN = (
    r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+",
    "arn:aws:iam::111122223333:role/my-role",
)
_TAG = (r"(?!aws:)[\w .:/=+@-]{1,128}", r"[\w .:/=+@-]{0,256}")
"""Forms of a tag's key and value."""

_FORMS = {
    "account": (r"\d{12}", "111122223333"),
    "bucket": (r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "my-bucket"),
    "dead_letter_queue_arn": (
        r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d{12}:[\w-]+|",
        "arn:aws:sqs:us-east-1:111122223333:my-queue",
    ),
    "endpoint_instance_type": _INSTANCE_TYPE,
    "function_role_arn": _ROLE_ARN,
    "git_revision": (r"[0-9a-f]{7,64}|", "0123abc"),
    "model_package_group": (r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", "dog-breeds"),
    "monitoring_instance_type": _INSTANCE_TYPE,
    "pretrained_weights_uri": (r"s3://[^/]+/.+|", "s3://my-bucket/weights"),
    "processing_instance_type": _INSTANCE_TYPE,
    "project": (r"[a-z0-9](-?[a-z0-9]){0,31}", "dog-breeds"),
    "region": (r"[a-z]{2}(-[a-z]+)+-\d", "eu-west-1"),
    "role_arn": _ROLE_ARN,
    "schedule_group": (r"[\w.-]{1,64}", "my-schedules"),
    "train_instance_type": _INSTANCE_TYPE,
    "transform_instance_type": _INSTANCE_TYPE,
    "trigger_role_arn": _ROLE_ARN,
}
"""What a value must look like, and an example, where the service would find a mistake late."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """Where pipelines are deployed to. Nothing here is secret."""

    account: str = "111122223333"
    """Account number; the default is the one that AWS uses in examples and that nobody owns."""
    region: str = "us-east-1"
    """Region of everything: pipelines, jobs, bucket, images."""
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
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags of the pipelines in the account, by their keys."""

    train_instance_type: str = "ml.g5.xlarge"
    """What the parameter TrainInstanceType defaults to: instances of Train and Tune."""
    processing_instance_type: str = "ml.m5.xlarge"
    """What PreprocessInstanceType and EvaluateInstanceType default to."""
    transform_instance_type: str = "ml.m5.xlarge"
    """What TransformInstanceType defaults to: instances of a batch transform."""
    monitoring_instance_type: str = "ml.m5.large"
    """What MonitoringInstanceType defaults to: instances of the checks of captured records."""
    endpoint_instance_type: str = "ml.m5.large"
    """What EndpointInstanceType defaults to."""
    endpoint_instance_count: int = 1
    """What EndpointInstanceCount defaults to: instances that an endpoint has at least."""
    max_instance_count: int = 0
    """What MaxInstanceCount defaults to: instances that an endpoint grows to; 0: it does not."""
    capture_percentage: int = 100
    """What CapturePercentage defaults to: requests to an endpoint that are kept, of 100."""
    enable_automatic_approval: bool = False
    """Whether ModelApprovalStatus defaults to Approved, so that a model that passes the gate is
    deployed without a person's word."""

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
    """Security groups of the jobs in the subnets."""
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
    label_delay_hours: int = 0
    """How long labels take to come: `monitoring` holds answers against them so much later."""
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
        problems = list(self._problems(derived))
        if problems:
            raise SettingError(problems)

    def _problems(self, derived: Collection[str]) -> Iterator[SettingProblem]:
        """What no service would accept.

        Args:
            derived: Settings that were left empty and follow from others: these may be wrong.
        """
        for name, (form, example) in _FORMS.items():
            value = getattr(self, name)
            if name not in derived and re.fullmatch(form, value) is None:
                yield SettingProblem((name,), f"is '{value}'; expected a value like '{example}'.")
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            if not least <= value <= (value if most is None else most):
                expected = f"at least {least}" if most is None else f"{least} to {most}"
                yield SettingProblem((name,), f"is {value}; expected {expected}.")
        if bool(self.subnets) != bool(self.security_group_ids):
            network = ["subnets", "security_group_ids"]
            given, missing = network if self.subnets else reversed(network)
            yield SettingProblem(
                (given, missing), f"is set without {missing}; set both, or neither for no VPC."
            )
        if len(self.rollback_alarms) > MAX_ROLLBACK_ALARMS:
            yield SettingProblem(
                ("rollback_alarms",),
                f"names {len(self.rollback_alarms)} alarms; expected at most "
                f"{MAX_ROLLBACK_ALARMS}.",
            )
        if len(self.tags) > MAX_TAGS:
            yield SettingProblem(
                ("tags",), f"has {len(self.tags)} tags; expected at most {MAX_TAGS}."
            )
        for key, value in self.tags.items():
            if not all(map(re.fullmatch, _TAG, (key, value))):
                yield SettingProblem(
                    ("tags",),
                    f"has '{key}={value}'; expected a key of 1 to 128 and a value of at most 256 "
                    "letters, digits, spaces and _.:/=+@-, the key not beginning with aws:.",
                )

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
