"""Declares a job that reads the answers of a batch transform, however the transform ended."""

from collections.abc import Iterable, Mapping

from sagemaker.mlops.workflow.step_dependency import StepDependency
from sagemaker.mlops.workflow.steps import ProcessingStep

from steps.job import (
    JOB_RETRIES,
    Context,
    path_arguments,
    processing_input,
    processing_output,
)

INSTANCE_TYPE = "ml.m5.large"
MAX_RUNTIME_SECONDS = 3600


def batch_job_step(
    context: Context,
    *,
    folder: str,
    name: str,
    description: str,
    sources: Mapping[str, object],
    outputs: Iterable[str],
    after: StepDependency,
) -> ProcessingStep:
    """A job over the answers of a batch transform.

    Args:
        context: What the pipeline's jobs have in common.
        folder: Folder of the step under `steps/`; it takes the input `code` too.
        name: Name of the step.
        description: What it does.
        sources: S3 prefix of each further input, by its name.
        outputs: Names of the outputs.
        after: When to start.
    """
    _, code_uri = context.ship_files(folder)
    targets = list(outputs)
    processor = context.processor(
        folder,
        instance_type=INSTANCE_TYPE,
        instance_count=1,
        max_runtime_seconds=MAX_RUNTIME_SECONDS,
    )
    arguments = processor.run(
        inputs=[
            processing_input("code", code_uri),
            *(processing_input(key, uri) for key, uri in sources.items()),
        ],
        outputs=[processing_output(key, context.output_uri(folder, key)) for key in targets],
        arguments=path_arguments(sources, targets),
    )
    return ProcessingStep(
        name=name,
        description=description,
        step_args=arguments,
        depends_on=[after],
        retry_policies=list(JOB_RETRIES),
    )
