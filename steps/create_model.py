"""Declares CreateModel: what endpoints and batch transforms serve, from a model package."""

from sagemaker.mlops.workflow.model_step import ModelStep

from steps.job import SERVICE_RETRIES, Context
from steps.model_request import recorded_request


def create_model_step(context: Context, *, model_package_arn: object) -> ModelStep:
    """Create a model with the image, the artifact and the variables of a model package.

    Args:
        context: What the pipeline's jobs have in common.
        model_package_arn: ARN of the package.
    """
    site, session = context.site, context.session
    network = {"Subnets": list(site.subnets), "SecurityGroupIds": list(site.security_group_ids)}
    return ModelStep(
        name="CreateModel",
        description="Create a model from the model package.",
        step_args=recorded_request(
            session,
            lambda: session.create_model(
                name="",  # The service makes one up.
                role=site.role_arn,
                container_defs={"ModelPackageName": model_package_arn},
                vpc_config=network if site.subnets else None,
                enable_network_isolation=site.enable_network_isolation,
            ),
        ),
        retry_policies=[SERVICE_RETRIES],
    )
