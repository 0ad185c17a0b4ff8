"""Declares CheckModelQuality."""

from sagemaker.mlops.workflow.lambda_step import LambdaStep

from steps.check_model_quality.contract import Input
from steps.job import Context
from steps.window_check import WindowCheck, window_check_step


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
    window = select.properties.Outputs
    return window_check_step(
        context,
        folder="check_model_quality",
        name="CheckModelQuality",
        description="Compare the captured answers with the labels that were collected since.",
        select=select,
        endpoint_name=endpoint_name,
        manifests={
            Input.CAPTURED: window["CaptureManifestUri"],
            Input.HISTORY: window["QualityHistoryManifestUri"],
            Input.LABELS: window["GroundTruthManifestUri"],
        },
        instance_type=instance_type,
    )
