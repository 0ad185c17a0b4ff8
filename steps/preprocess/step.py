"""Declares Preprocess."""

from sagemaker.mlops.workflow.steps import ProcessingStep

from steps.job import (
    CACHE,
    JOB_RETRIES,
    RESOURCE_CONFIG,
    Context,
    path_arguments,
    processing_input,
    processing_output,
)
from steps.preprocess.contract import Input, Output

MAX_RUNTIME_SECONDS = 4 * 3600


def preprocess_step(
    context: Context,
    *,
    raw_data_uri: object,
    image_size: object,
    instance_type: object,
    instance_count: object,
    is_cached: bool,
) -> ProcessingStep:
    """Verify, split and decode the images of a folder.

    Args:
        context: What the pipeline's jobs have in common.
        raw_data_uri: S3 prefix of the image folder.
        image_size: Side of the decoded images in pixels, as a string.
        instance_type: Instance type of the job.
        instance_count: Instances that share the decoding.
        is_cached: Whether an earlier execution's result may be used. The cache's key holds the URI
            of the data and not its content: what must notice new images is never cached.
    """
    _, code_uri = context.ship_files("preprocess")
    processor = context.processor(
        "preprocess",
        instance_type=instance_type,
        instance_count=instance_count,
        max_runtime_seconds=MAX_RUNTIME_SECONDS,
    )
    arguments = processor.run(
        inputs=[processing_input(Input.CODE, code_uri), processing_input(Input.RAW, raw_data_uri)],
        outputs=[
            processing_output(name, context.output_uri("preprocess", name)) for name in Output
        ],
        arguments=[
            *path_arguments([Input.RAW], Output),
            *("--resource-config", RESOURCE_CONFIG),
            *("--image-size", image_size),
        ],
    )
    return ProcessingStep(
        name="Preprocess",
        description="Verify the images, split them by label and decode them for training.",
        step_args=arguments,
        cache_config=CACHE if is_cached else None,
        retry_policies=list(JOB_RETRIES),
    )
