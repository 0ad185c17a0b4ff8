"""Declares a job that checks a window of captured records, and what later steps read from it."""

from collections.abc import Mapping
from dataclasses import dataclass

from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join, JsonGet
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.lambda_step import LambdaStep
from sagemaker.mlops.workflow.steps import ProcessingStep

from steps.job import (
    JOB_RETRIES,
    Context,
    manifest_input,
    path_arguments,
    processing_input,
    processing_output,
)
from steps.select_window import history_uri, manifest_uri
from steps.window_files import CHECK_FILE, METRICS_FILE, Output
from steps.window_manifests import Manifest

MAX_RUNTIME_SECONDS = 3600
CHECK = "Check"


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowCheck:
    """The declared step, and what later steps read from it."""

    step: ProcessingStep
    metrics_uri: Join
    """S3 URI of the metrics."""

    def result(self, json_path: str) -> JsonGet:
        """A value of the result, for example `worst`."""
        return JsonGet(step_name=self.step.name, property_file=CHECK, json_path=json_path)


def window_check_step(
    context: Context,
    *,
    folder: str,
    name: str,
    description: str,
    select: LambdaStep,
    endpoint_name: object,
    window_name: str,
    manifests: Mapping[str, Manifest],
    instance_type: object,
) -> WindowCheck:
    """Check the captured records of a window against the baseline of the model in force.

    Args:
        context: What the pipeline's jobs have in common.
        folder: Folder of the step under `steps/`; it takes the inputs `code` and `baseline`, and
            has the outputs of `steps.window_files`.
        name: Name of the step.
        description: What it does.
        select: Step that selected the window.
        endpoint_name: Name of the endpoint.
        window_name: What the outputs of that step call the check's window.
        manifests: Manifest of each further input, by the input's name.
        instance_type: Instance type of the job.
    """
    selected = select.properties.Outputs
    _, code_uri = context.ship_files(folder)
    processor = context.processor(
        folder,
        instance_type=instance_type,
        instance_count=1,
        max_runtime_seconds=MAX_RUNTIME_SECONDS,
    )
    targets = {
        Output.VIOLATIONS: context.output_uri(folder, Output.VIOLATIONS),
        Output.WINDOW: history_uri(context, endpoint_name, folder),
    }
    options = {
        "--endpoint-name": endpoint_name,
        "--execution-id": ExecutionVariables.PIPELINE_EXECUTION_ID,
        "--model-package-arn": selected["ModelPackageArn"],
        "--capture-uri": selected["CaptureUri"],
        "--schedule-name": context.pipeline_name,
        "--window-start": selected[f"{window_name}Start"],
        "--window-end": selected[f"{window_name}End"],
    }
    arguments = processor.run(
        inputs=[
            processing_input("code", code_uri),
            processing_input("baseline", selected["BaselineUri"]),
            *(
                manifest_input(key, manifest_uri(context, manifest))
                for key, manifest in manifests.items()
            ),
        ],
        outputs=[processing_output(key, uri) for key, uri in targets.items()],
        arguments=[
            *path_arguments(["baseline", *manifests], targets),
            *(part for option in options.items() for part in option),
        ],
    )
    step = ProcessingStep(
        name=name,
        description=description,
        step_args=arguments,
        property_files=[PropertyFile(name=CHECK, output_name=Output.VIOLATIONS, path=CHECK_FILE)],
        retry_policies=list(JOB_RETRIES),
    )
    # A property, so that who reads the files waits for the step.
    found_uri = step.properties.ProcessingOutputConfig.Outputs[Output.VIOLATIONS].S3Output.S3Uri
    return WindowCheck(
        step=step,
        metrics_uri=Join(on="/", values=[found_uri, METRICS_FILE]),
    )
