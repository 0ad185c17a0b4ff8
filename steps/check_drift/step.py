"""Declares CheckDrift."""

from dataclasses import dataclass

from sagemaker.core.workflow.functions import Join, JsonGet
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.steps import ProcessingStep

from steps.check_drift.contract import CHECK_FILE, METRICS_FILE, Input, Output
from steps.drift_detected import Verdict
from steps.job import (
    JOB_RETRIES,
    Context,
    manifest_input,
    path_arguments,
    processing_input,
    processing_output,
)
from steps.monitored_window import MonitoredWindow

MAX_RUNTIME_SECONDS = 3600
CHECK = "DriftCheck"


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckDrift:
    """The declared step, and what later steps read from it."""

    step: ProcessingStep
    metrics_uri: Join
    """S3 URI of the metrics file."""
    verdict: Verdict


def check_drift_step(
    context: Context, *, window: MonitoredWindow, instance_type: object
) -> CheckDrift:
    """Compare the captured answers with the baseline of the model in force.

    Args:
        context: What the pipeline's jobs have in common.
        window: What SelectWindow found.
        instance_type: Instance type of the job.
    """
    _, code_uri = context.ship_files("check_drift")
    processor = context.processor(
        "check_drift",
        instance_type=instance_type,
        instance_count=1,
        max_runtime_seconds=MAX_RUNTIME_SECONDS,
    )
    violations_uri = context.output_uri("check_drift", Output.VIOLATIONS)
    arguments = processor.run(
        inputs=[
            processing_input(Input.CODE, code_uri),
            processing_input(Input.BASELINE, window.baseline_uri),
            manifest_input(Input.CAPTURED, window.captured_uri),
            manifest_input(Input.HISTORY, window.drift_history_uri),
        ],
        outputs=[
            processing_output(Output.VIOLATIONS, violations_uri),
            processing_output(Output.WINDOW, window.history_uri(context, "check_drift")),
        ],
        arguments=[
            *path_arguments([Input.BASELINE, Input.CAPTURED, Input.HISTORY], Output),
            *window.arguments(context),
        ],
    )
    step = ProcessingStep(
        name="CheckDrift",
        description="Compare the captured answers with the baseline of the model in force.",
        step_args=arguments,
        property_files=[PropertyFile(name=CHECK, output_name=Output.VIOLATIONS, path=CHECK_FILE)],
        retry_policies=list(JOB_RETRIES),
    )
    # Properties, so that who reads the files waits for the step.
    outputs = step.properties.ProcessingOutputConfig.Outputs
    found_uri = outputs[Output.VIOLATIONS].S3Output.S3Uri
    return CheckDrift(
        step=step,
        metrics_uri=Join(on="/", values=[found_uri, METRICS_FILE]),
        verdict=Verdict(
            check_uri=Join(on="/", values=[found_uri, CHECK_FILE]),
            worst=JsonGet(step_name=step.name, property_file=CHECK, json_path="worst"),
        ),
    )
