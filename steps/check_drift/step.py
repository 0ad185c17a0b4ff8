"""Declares CheckDrift."""

from sagemaker.mlops.workflow.lambda_step import LambdaStep

from steps.check_drift.contract import Input
from steps.job import Context
from steps.window_check import WindowCheck, window_check_step
from steps.window_manifests import Manifest


def check_drift_step(
    context: Context, *, select: LambdaStep, endpoint_name: object, instance_type: object
) -> WindowCheck:
    """Compare the captured answers with the baseline of the model in force.

    Args:
        context: What the pipeline's jobs have in common.
        select: Step that selected the window.
        endpoint_name: Name of the endpoint.
        instance_type: Instance type of the job.
    """
    return window_check_step(
        context,
        folder="check_drift",
        name="CheckDrift",
        description="Compare the captured answers with the baseline of the model in force.",
        select=select,
        endpoint_name=endpoint_name,
        window_name="DriftWindow",
        manifests={
            Input.CAPTURED: Manifest.DRIFT_CAPTURED,
            Input.HISTORY: Manifest.DRIFT_HISTORY,
        },
        instance_type=instance_type,
    )
