"""Declares CheckModelQuality."""

from sagemaker.mlops.workflow.lambda_step import LambdaStep

from steps.check_model_quality.contract import Input
from steps.job import Context
from steps.window_check import WindowCheck, window_check_step
from steps.window_manifests import Manifest


def check_model_quality_step(
    context: Context, *, select: LambdaStep, endpoint_name: object, instance_type: object
) -> WindowCheck:
    """Compare the captured answers with the labels that people gave.

    Args:
        context: What the pipeline's jobs have in common.
        select: Step that selected the window.
        endpoint_name: Name of the endpoint.
        instance_type: Instance type of the job.
    """
    return window_check_step(
        context,
        folder="check_model_quality",
        name="CheckModelQuality",
        description="Compare the captured answers with the labels that were collected since.",
        select=select,
        endpoint_name=endpoint_name,
        window_name="QualityWindow",
        manifests={
            Input.CAPTURED: Manifest.QUALITY_CAPTURED,
            Input.HISTORY: Manifest.QUALITY_HISTORY,
            Input.LABELS: Manifest.QUALITY_LABELS,
        },
        instance_type=instance_type,
    )
