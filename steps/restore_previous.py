"""Declares the way back after a deployment that failed, and the end of its execution."""

from sagemaker.core.workflow.functions import Join
from sagemaker.mlops.workflow.fail_step import FailStep
from sagemaker.mlops.workflow.lambda_step import LambdaStep
from sagemaker.mlops.workflow.step_dependency import StepDependency, TriggerCondition
from sagemaker.mlops.workflow.steps import Step

from steps.function import function_step
from steps.job import Context


def restore_previous_steps(
    context: Context,
    *,
    failed: Step,
    restore_name: str,
    end_name: str,
    reason: str,
    endpoint_name: object,
    endpoint_config_name: object,
    previous_endpoint_config_name: object,
) -> list[Step]:
    """When a step failed: put the endpoint's previous configuration back, then fail.

    The steps run on the failure itself, so that without the last one the execution would end as if
    nothing had happened.

    Args:
        context: What the pipeline's jobs have in common.
        failed: The step that may fail.
        restore_name: Name of the step that goes back.
        end_name: Name of the step that fails.
        reason: What the failure means, as a sentence.
        endpoint_name: Name of the endpoint.
        endpoint_config_name: Configuration that this execution made.
        previous_endpoint_config_name: Configuration before it; empty where there was no endpoint.
    """
    restore: LambdaStep = function_step(
        context,
        name=restore_name,
        description="Put the endpoint's previous configuration back.",
        function="restore_previous",
        inputs={
            "EndpointName": endpoint_name,
            "EndpointConfigName": endpoint_config_name,
            "PreviousEndpointConfigName": previous_endpoint_config_name,
        },
        outputs=["Message"],
        depends_on=[StepDependency(failed, TriggerCondition.FAILED)],
    )
    end = FailStep(
        name=end_name,
        description="The new model is not in force.",
        error_message=Join(
            on="",
            values=[
                f"{reason} The failure reason of step {failed.name} says why. ",
                restore.properties.Outputs["Message"],
            ],
        ),
    )
    return [restore, end]
