"""What the jobs of a pipeline have in common: code, outputs, network, encryption, cache, retries.

Imports the SDK, so only declarations (`step.py`) and compiling import it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sagemaker.core.network import NetworkConfig
from sagemaker.core.processing import Processor
from sagemaker.core.shapes import (
    ProcessingInput,
    ProcessingOutput,
    ProcessingS3Input,
    ProcessingS3Output,
)
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.mlops.workflow.retry import (
    SageMakerJobExceptionTypeEnum,
    SageMakerJobStepRetryPolicy,
    StepExceptionTypeEnum,
    StepRetryPolicy,
)
from sagemaker.mlops.workflow.steps import CacheConfig

from steps.bundle import ARCHIVE_NAME, Bundle, bundle
from steps.lambda_function import Function, lambda_function
from steps.runtime import PROCESSING_DIR
from steps.site import Site

CODE_DIR = f"{PROCESSING_DIR}/input/code"
OUTPUT_DIR = "/opt/ml/output"
RESOURCE_CONFIG = "/opt/ml/config/resourceconfig.json"
"""Tells a processing job which of its hosts it runs on."""

CACHE = CacheConfig(enable_caching=True, expire_after="P30D")

SERVICE_RETRIES = StepRetryPolicy(
    exception_types=[StepExceptionTypeEnum.SERVICE_FAULT, StepExceptionTypeEnum.THROTTLING],
    interval_seconds=5,
    backoff_rate=2.0,
    max_attempts=5,
)
CAPACITY_RETRIES = SageMakerJobStepRetryPolicy(
    exception_types=[SageMakerJobExceptionTypeEnum.RESOURCE_LIMIT],
    failure_reason_types=[
        SageMakerJobExceptionTypeEnum.INTERNAL_ERROR,
        SageMakerJobExceptionTypeEnum.CAPACITY_ERROR,
    ],
    interval_seconds=60,
    backoff_rate=2.0,
    max_attempts=4,
)
JOB_RETRIES = (SERVICE_RETRIES, CAPACITY_RETRIES)
"""Faults of the service are tried again; a script that fails once would fail twice."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What every declaration of a pipeline receives."""

    site: Site
    session: PipelineSession
    pipeline_name: str
    training_image_uri: str
    processing_image_uri: str
    inference_image_uri: str
    objects: dict[str, bytes] = field(default_factory=dict)
    """Objects that must be in S3 before an execution starts, by URI; declarations add their own."""
    bundles: dict[str, Bundle] = field(default_factory=dict)
    """Source bundles among the objects, by step folder."""
    functions: dict[str, Function] = field(default_factory=dict)
    """Lambda functions that steps call, by folder; they must be published before as well."""

    def output_uri(self, *parts: str) -> Join:
        """S3 URI under the execution's id: no execution overwrites what another one wrote."""
        base = self.site.uri("executions", self.pipeline_name)
        return Join(on="/", values=[base, ExecutionVariables.PIPELINE_EXECUTION_ID, *parts])

    def ship_archive(self, step: str) -> tuple[Bundle, str]:
        """Ship a script as an archive, which the training toolkit unpacks; also its S3 URI."""
        shipped = self._bundle(step)
        uri = self.site.uri("code", step, shipped.digest, ARCHIVE_NAME)
        if uri not in self.objects:
            self.objects[uri] = shipped.archive()
        return shipped, uri

    def ship_files(self, step: str) -> tuple[Bundle, str]:
        """Ship a script as files, the form that a processing input mounts; also their S3 prefix."""
        shipped = self._bundle(step)
        uri = self.site.uri("code", step, shipped.digest)
        self.objects.update({f"{uri}/{path}": content for path, content in shipped.files.items()})
        return shipped, uri

    def ship_function(self, folder: str) -> Function:
        """Ship the function of `infrastructure/functions/<folder>/`."""
        if folder not in self.functions:
            self.functions[folder] = lambda_function(folder, self.site)
        return self.functions[folder]

    def _bundle(self, step: str) -> Bundle:
        if step not in self.bundles:
            self.bundles[step] = bundle(step)
        return self.bundles[step]

    def processor(
        self, step: str, *, instance_type: object, instance_count: object, max_runtime_seconds: int
    ) -> Processor:
        """The job that runs `steps/<step>/script.py`; its input `code` holds the bundle."""
        site = self.site
        return Processor(
            role=site.role_arn,
            image_uri=self.processing_image_uri,
            entrypoint=["python3", "-m", f"steps.{step}.script"],
            instance_type=instance_type,
            instance_count=instance_count,
            volume_size_in_gb=50,
            volume_kms_key=site.volume_kms_key or None,
            output_kms_key=site.output_kms_key or None,
            max_runtime_in_seconds=max_runtime_seconds,
            env={"PYTHONPATH": CODE_DIR, "PYTHONUNBUFFERED": "1", "SM_OUTPUT_DIR": OUTPUT_DIR},
            network_config=NetworkConfig(
                enable_network_isolation=site.enable_network_isolation,
                encrypt_inter_container_traffic=site.enable_traffic_encryption,
                subnets=list(site.subnets) or None,
                security_group_ids=list(site.security_group_ids) or None,
            ),
            sagemaker_session=self.session,
        )


def processing_input(name: str, s3_uri: object) -> ProcessingInput:
    """An input that every instance receives whole at `/opt/ml/processing/input/<name>`."""
    return ProcessingInput(
        input_name=name,
        s3_input=ProcessingS3Input(
            s3_uri=s3_uri,
            local_path=f"{PROCESSING_DIR}/input/{name}",
            s3_data_type="S3Prefix",
            s3_input_mode="File",
            s3_data_distribution_type="FullyReplicated",
        ),
    )


def manifest_input(name: str, manifest_uri: object) -> ProcessingInput:
    """An input that holds the objects that a manifest lists."""
    item = processing_input(name, manifest_uri)
    item.s3_input.s3_data_type = "ManifestFile"
    return item


def processing_output(name: str, s3_uri: object) -> ProcessingOutput:
    """An output that is uploaded from `/opt/ml/processing/output/<name>` when the job ends."""
    return ProcessingOutput(
        output_name=name,
        s3_output=ProcessingS3Output(
            s3_uri=s3_uri,
            local_path=f"{PROCESSING_DIR}/output/{name}",
            s3_upload_mode="EndOfJob",
        ),
    )


def path_arguments(inputs: Iterable[str], outputs: Iterable[str]) -> list[str]:
    """Options `--<name>-dir <path>` of a script: the definition shows all wiring."""
    places = [*((name, "input") for name in inputs), *((name, "output") for name in outputs)]
    return [
        part
        for name, kind in places
        for part in (f"--{name}-dir", str(Path(PROCESSING_DIR, kind, name)))
    ]
