"""Declares ConfigureAutoscaling: how many instances an endpoint may have."""

from sagemaker.mlops.workflow.lambda_step import LambdaStep
from sagemaker.mlops.workflow.steps import Step

from steps.endpoint import VARIANT_NAME
from steps.function import function_step
from steps.job import Context

INVOCATIONS_PER_INSTANCE = 600
"""Requests per minute that an instance is to have: ten a second leave an ml.m5.large half idle."""


def configure_autoscaling_step(
    context: Context,
    *,
    activate: Step,
    endpoint_name: object,
    min_instance_count: object,
    max_instance_count: object,
) -> LambdaStep:
    """Let the endpoint grow and shrink with its requests, or keep its size.

    Args:
        context: What the pipeline's jobs have in common.
        activate: Step after which the new model is in force.
        endpoint_name: Name of the endpoint.
        min_instance_count: Instances that it has at least.
        max_instance_count: Instances that it has at most; 0 for a fixed size.
    """
    return function_step(
        context,
        name="ConfigureAutoscaling",
        description="Let the endpoint follow its requests; without a largest size, keep its size.",
        function="configure_autoscaling",
        inputs={
            "EndpointName": endpoint_name,
            "VariantName": VARIANT_NAME,
            "MinInstanceCount": min_instance_count,
            "MaxInstanceCount": max_instance_count,
            "InvocationsPerInstance": INVOCATIONS_PER_INSTANCE,
        },
        outputs=["Message"],
        depends_on=[activate],
    )
