"""Stand-ins for the service clients that Lambda functions take, over the folders of one root.

Each has the operations that functions use, with boto3's names, and raises botocore's errors: code
that works here works there, if the operation and its arguments do; the functions' own tests hold
those against the service's model.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from pipelines.local.hosting import Hosting
from pipelines.local.registry import Registry
from pipelines.local.stand_ins.autoscaling import AutoscalingStandIn
from pipelines.local.stand_ins.cloudwatch import CloudWatchStandIn
from pipelines.local.stand_ins.runtime import RuntimeStandIn
from pipelines.local.stand_ins.s3 import S3StandIn
from pipelines.local.stand_ins.sagemaker import SageMakerStandIn
from pipelines.local.store import LocalStore


@dataclass(frozen=True, kw_only=True, slots=True)
class Backing:
    """What the stand-ins answer from."""

    root: Path
    """Folder of everything that executions leave on this machine."""
    store: LocalStore
    registry: Registry
    hosting: Hosting
    is_stopping: Event
    """Tells when to wait for an endpoint no longer."""


STAND_INS: Mapping[str, Callable[[Backing], object]] = {
    "application_autoscaling": lambda backing: AutoscalingStandIn(backing.hosting),
    "cloudwatch": lambda backing: CloudWatchStandIn(backing.root / "cloudwatch"),
    "s3": lambda backing: S3StandIn(backing.store),
    "sagemaker": lambda backing: SageMakerStandIn(
        backing.root, backing.registry, backing.hosting, backing.is_stopping
    ),
    "sagemaker_runtime": lambda backing: RuntimeStandIn(backing.hosting),
}
"""What makes a stand-in, by the name of the parameter that asks for it."""
