"""Declares SelectWindow, which finds what was captured in a window, and HasRecords after it."""

from collections.abc import Sequence

from sagemaker.core.workflow.conditions import ConditionGreaterThan
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.lambda_step import LambdaStep
from sagemaker.mlops.workflow.steps import Step

from steps.endpoint import CAPTURE_DIR
from steps.function import function_step
from steps.ground_truth import GROUND_TRUTH_DIR
from steps.job import Context
from steps.window_manifests import Manifest

_FOLDER = "select_window"


def history_uri(context: Context, endpoint_name: object, step: str) -> Join:
    """S3 prefix of the records that a job leaves of each window of an endpoint."""
    site = context.site
    return Join(on="/", values=[site.uri("monitoring"), endpoint_name, "history", step])


def manifest_uri(context: Context, manifest: Manifest) -> Join:
    """S3 URI of a manifest that SelectWindow writes; who reads it waits for that step."""
    return context.output_uri(_FOLDER, manifest)


def select_window_step(
    context: Context,
    *,
    endpoint_name: object,
    window_start: object,
    window_end: object,
    window_hours: object,
    capture_delay_minutes: object,
    label_delay_hours: object,
) -> LambdaStep:
    """List the captured records and the labels of each check's window.

    Outputs: `NumRecords`; `BaselineUri`, `ModelPackageArn` and `CaptureUri` of the model in force;
    `DriftWindowStart`, `DriftWindowEnd`, `QualityWindowStart`, `QualityWindowEnd`.

    Args:
        context: What the pipeline's jobs have in common.
        endpoint_name: Name of the endpoint.
        window_start: Start of the windows, a time, or `unjudged`.
        window_end: Their end, a time, or `now`.
        window_hours: The longest that a window is that starts with what is unjudged.
        capture_delay_minutes: How long before `window_end` the windows end.
        label_delay_hours: How long before the other one the quality check's window ends.
    """
    site = context.site
    placeholder_uri = site.uri("code", "placeholders", "nothing-to-list", "README.txt")
    context.objects[placeholder_uri] = b"Stands in manifests that would list nothing.\n"
    inputs = {
        "EndpointName": endpoint_name,
        "ActiveUri": Join(on="", values=[site.uri("active", ""), endpoint_name, ".json"]),
        "WindowStart": window_start,
        "WindowEnd": window_end,
        "WindowHours": window_hours,
        "CaptureDelayMinutes": capture_delay_minutes,
        "LabelDelayHours": label_delay_hours,
        "CaptureUri": site.uri(CAPTURE_DIR),
        "GroundTruthUri": Join(on="/", values=[site.uri(GROUND_TRUTH_DIR), endpoint_name]),
        "DriftHistoryUri": history_uri(context, endpoint_name, "check_drift"),
        "QualityHistoryUri": history_uri(context, endpoint_name, "check_model_quality"),
        "ManifestsUri": context.output_uri(_FOLDER),
        "PlaceholderUri": placeholder_uri,
        "PipelineName": ExecutionVariables.PIPELINE_NAME,
        "PipelineExecutionArn": ExecutionVariables.PIPELINE_EXECUTION_ARN,
    }
    if site.output_kms_key:
        inputs["KmsKeyId"] = site.output_kms_key
    return function_step(
        context,
        name="SelectWindow",
        description="List the captured records of the model in force, and the labels since.",
        function=_FOLDER,
        inputs=inputs,
        outputs=[
            "Message",
            "BaselineUri",
            "ModelPackageArn",
            "CaptureUri",
            "DriftWindowStart",
            "DriftWindowEnd",
            "QualityWindowStart",
            "QualityWindowEnd",
        ],
        numbers=["NumRecords"],
    )


def has_records_step(select: LambdaStep, *, if_any: Sequence[Step]) -> ConditionStep:
    """Go on with `if_any`, or end the execution, which then has succeeded."""
    return ConditionStep(
        name="HasRecords",
        description="End quietly where the windows hold no records.",
        conditions=[ConditionGreaterThan(left=select.properties.Outputs["NumRecords"], right=0)],
        if_steps=list(if_any),
    )
