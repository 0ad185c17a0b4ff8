"""Declares SummarizeBatch."""

from sagemaker.mlops.workflow.step_dependency import StepDependency
from sagemaker.mlops.workflow.steps import ProcessingStep

from steps.job import (
    JOB_RETRIES,
    Context,
    path_arguments,
    processing_input,
    processing_output,
)
from steps.summarize_batch.contract import Input, Output

INSTANCE_TYPE = "ml.m5.large"
MAX_RUNTIME_SECONDS = 3600


def summarize_batch_step(
    context: Context, *, answers_uri: object, images_uri: object, after: StepDependency
) -> ProcessingStep:
    """Count the answers of a batch transform, and list the images without one.

    Args:
        context: What the pipeline's jobs have in common.
        answers_uri: S3 prefix of the transform's output.
        images_uri: S3 prefix of its input.
        after: When to start.
    """
    _, code_uri = context.ship_files("summarize_batch")
    sources = {Input.CODE: code_uri, Input.ANSWERS: answers_uri, Input.IMAGES: images_uri}
    processor = context.processor(
        "summarize_batch",
        instance_type=INSTANCE_TYPE,
        instance_count=1,
        max_runtime_seconds=MAX_RUNTIME_SECONDS,
    )
    arguments = processor.run(
        inputs=[processing_input(name, uri) for name, uri in sources.items()],
        outputs=[
            processing_output(name, context.output_uri("summarize_batch", name)) for name in Output
        ],
        arguments=path_arguments([Input.ANSWERS, Input.IMAGES], Output),
    )
    return ProcessingStep(
        name="SummarizeBatch",
        description="Count the answers by label and list the images without one.",
        step_args=arguments,
        depends_on=[after],
        retry_policies=list(JOB_RETRIES),
    )
