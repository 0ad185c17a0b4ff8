"""Declares CreateEndpointConfig and CreateEndpoint: a model behind an address."""

from typing import Any

from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join
from sagemaker.mlops.workflow.endpoint_step import EndpointConfigStep, EndpointStep

from inference.contract import RESPONSE_TYPES
from steps.completed import completed
from steps.job import SERVICE_RETRIES, Context
from steps.site import Site

VARIANT_NAME = "AllTraffic"

CAPTURE_DIR = "capture"
"""Answers that endpoints gave: `<execution>/<endpoint>/<variant>/yyyy/mm/dd/hh/*.jsonl`, by the
execution that deployed the model, so that no folder has the answers of two models."""

BAKE_SECONDS = 300
"""How long alarms watch the new instances before the old ones lose the rest of the requests."""
TERMINATION_WAIT_SECONDS = 60
"""How long the old instances stay: no request may take longer than the service gives it."""
MAX_UPDATE_SECONDS = 3600


def capture_uri(context: Context, *parts: object) -> Join:
    """S3 URI, below it `parts`, of the answers of what this execution deploys."""
    folder = context.site.uri(CAPTURE_DIR)
    return Join(on="/", values=[folder, ExecutionVariables.PIPELINE_EXECUTION_ID, *parts])


def create_endpoint_config_step(
    context: Context,
    *,
    endpoint_name: object,
    model_name: object,
    instance_type: object,
    instance_count: object,
    variant_weight: object,
    capture_percentage: object,
    capture_mode: object,
) -> EndpointConfigStep:
    """Describe an endpoint with one variant and data capture, under a name of this execution's.

    Args:
        context: What the pipeline's jobs have in common.
        endpoint_name: Name of the endpoint, the start of the configuration's name.
        model_name: Model to serve.
        instance_type: Instance type of the variant.
        instance_count: Instances to start with.
        variant_weight: Share of the requests, relative to the other variants.
        capture_percentage: Percentage of the requests to capture.
        capture_mode: What of them: `Output`, or `InputAndOutput`.
    """
    site = context.site
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": capture_percentage,
        "DestinationS3Uri": capture_uri(context),
        "CaptureOptions": [{"CaptureMode": capture_mode}],
        # What is in neither list is stored in base64, which nothing could monitor.
        "CaptureContentTypeHeader": {
            "CsvContentTypes": [name for name in RESPONSE_TYPES if "csv" in name],
            "JsonContentTypes": [name for name in RESPONSE_TYPES if "json" in name],
        },
    }
    if site.output_kms_key:
        capture["KmsKeyId"] = site.output_kms_key
    variant = {
        "VariantName": VARIANT_NAME,
        "ModelName": model_name,
        "InstanceType": instance_type,
        "InitialInstanceCount": instance_count,
        "InitialVariantWeight": variant_weight,
    }
    return EndpointConfigStep(
        name="CreateEndpointConfig",
        description="Describe the endpoint: its model, instances and data capture.",
        step_args=context.session.create_endpoint_config(
            name=Join(on="-", values=[endpoint_name, ExecutionVariables.PIPELINE_EXECUTION_ID]),
            production_variants=[variant],
            kms_key=site.volume_kms_key or None,
            data_capture_config_dict=capture,
        ),
        retry_policies=[SERVICE_RETRIES],
    )


def create_endpoint_step(
    context: Context, *, endpoint_name: object, endpoint_config_name: object
) -> EndpointStep:
    """Create the endpoint, or let the one that there is go over to the configuration.

    Args:
        context: What the pipeline's jobs have in common.
        endpoint_name: Name of the endpoint.
        endpoint_config_name: Configuration to serve.
    """
    return _CompleteEndpointStep(
        deployment_config=_deployment_config(context.site),
        name="CreateEndpoint",
        description="Create or update the endpoint; the old model answers until the new one does.",
        step_args=context.session.create_endpoint(
            endpoint_name=endpoint_name, config_name=endpoint_config_name
        ),
    )


class _CompleteEndpointStep(EndpointStep):  # type: ignore[misc]
    """An endpoint step with the field that the SDK takes no parameter for.

    Source: sagemaker-core 2.27.0, Session.create_endpoint.
    """

    def __init__(self, *, deployment_config: dict[str, Any], **options: Any) -> None:
        super().__init__(**options)
        self._deployment_config = deployment_config

    @property
    def arguments(self) -> Any:
        """The request, completed, and without the empty list of tags."""
        request = {name: value for name, value in super().arguments.items() if name != "Tags"}
        return completed(request, {"DeploymentConfig": self._deployment_config})


def _deployment_config(site: Site) -> dict[str, Any]:
    """How an update replaces the instances: new ones beside the old, then the requests.

    Source: Amazon SageMaker AI Developer Guide, "Blue/Green Deployments",
    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html
    """
    routing: dict[str, Any] = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
    if site.rollback_alarms:
        routing["WaitIntervalInSeconds"] = BAKE_SECONDS
    if site.canary_percent:
        routing = {
            "Type": "CANARY",
            "WaitIntervalInSeconds": BAKE_SECONDS,
            "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": site.canary_percent},
        }
    config: dict[str, Any] = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": routing,
            "TerminationWaitInSeconds": TERMINATION_WAIT_SECONDS,
            "MaximumExecutionTimeoutInSeconds": MAX_UPDATE_SECONDS,
        }
    }
    if site.rollback_alarms:
        alarms = [{"AlarmName": name} for name in site.rollback_alarms]
        config["AutoRollbackConfiguration"] = {"Alarms": alarms}
    return config
