"""Declares SelectWindow, which finds what was captured in a window, and HasRecords after it."""

from collections.abc import Sequence

from sagemaker.core.workflow.conditions import ConditionGreaterThan
from sagemaker.core.workflow.functions import Join
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.lambda_step import LambdaStep
from sagemaker.mlops.workflow.steps import Step

from steps.function import function_step
from steps.ground_truth import GROUND_TRUTH_DIR
from steps.job import Context

CAPTURE_DIR = "capture"


def history_uri(context: Context, endpoint_name: object, step: str) -> Join:
    """S3 prefix of the records that a job leaves of each window of an endpoint."""
    site = context.site
    return Join(on="/", values=[site.uri("monitoring"), endpoint_name, "history", step])


def select_window_step(
    context: Context, *, endpoint_name: object, window_hours: object, window_end: object
) -> LambdaStep:
    """List the captured records and the labels of a window.

    Outputs: `NumRecords`; `WindowStart`, `WindowEnd`, `BaselineUri`, `ModelPackageArn`; and the
    manifests `CaptureManifestUri`, `GroundTruthManifestUri`, `DriftHistoryManifestUri` and
    `QualityHistoryManifestUri`.

    Args:
        context: What the pipeline's jobs have in common.
        endpoint_name: Name of the endpoint.
        window_hours: Length of the window.
        window_end: Its end, a time, or `now`.
    """
    site = context.site
    placeholder_uri = site.uri("nothing-to-list", "README.txt")
    context.objects[placeholder_uri] = b"Stands in manifests that would list nothing.\n"
    inputs = {
        "EndpointName": endpoint_name,
        "ActiveUri": Join(on="", values=[site.uri("active", ""), endpoint_name, ".json"]),
        "WindowHours": window_hours,
        "WindowEnd": window_end,
        "CaptureUri": Join(on="/", values=[site.uri(CAPTURE_DIR), endpoint_name]),
        "GroundTruthUri": Join(on="/", values=[site.uri(GROUND_TRUTH_DIR), endpoint_name]),
        "DriftHistoryUri": history_uri(context, endpoint_name, "check_drift"),
        "QualityHistoryUri": history_uri(context, endpoint_name, "check_model_quality"),
        "ManifestsUri": context.output_uri("select_window"),
        "PlaceholderUri": placeholder_uri,
    }
    if site.output_kms_key:
        inputs["KmsKeyId"] = site.output_kms_key
    return function_step(
        context,
        name="SelectWindow",
        description="List the captured records of the model in force, and the labels since.",
        function="select_window",
        inputs=inputs,
        outputs=[
            "Message",
            "WindowStart",
            "WindowEnd",
            "BaselineUri",
            "ModelPackageArn",
            "CaptureManifestUri",
            "GroundTruthManifestUri",
            "DriftHistoryManifestUri",
            "QualityHistoryManifestUri",
        ],
        numbers=["NumRecords"],
    )


def has_records_step(select: LambdaStep, *, if_any: Sequence[Step]) -> ConditionStep:
    """Go on with `if_any`, or end the execution, which then has succeeded."""
    return ConditionStep(
        name="HasRecords",
        description="End quietly where the window holds no records.",
        conditions=[ConditionGreaterThan(left=select.properties.Outputs["NumRecords"], right=0)],
        if_steps=list(if_any),
    )
