"""Declares CheckBatch."""

from sagemaker.mlops.workflow.step_dependency import StepDependency
from sagemaker.mlops.workflow.steps import ProcessingStep

from steps.check_batch.contract import Input, Output
from steps.job import (
    JOB_RETRIES,
    Context,
    path_arguments,
    processing_input,
    processing_output,
)

INSTANCE_TYPE = "ml.m5.large"
MAX_RUNTIME_SECONDS = 3600


def check_batch_step(
    context: Context, *, answers_uri: object, baseline_uri: object, after: StepDependency
) -> ProcessingStep:
    """Compare the answers of a batch transform with the model package's baseline.

    Args:
        context: What the pipeline's jobs have in common.
        answers_uri: S3 prefix of the transform's output.
        baseline_uri: S3 prefix of the baselines.
        after: When to start.
    """
    _, code_uri = context.ship_files("check_batch")
    sources = {Input.CODE: code_uri, Input.ANSWERS: answers_uri, Input.BASELINE: baseline_uri}
    processor = context.processor(
        "check_batch",
        instance_type=INSTANCE_TYPE,
        instance_count=1,
        max_runtime_seconds=MAX_RUNTIME_SECONDS,
    )
    arguments = processor.run(
        inputs=[processing_input(name, uri) for name, uri in sources.items()],
        outputs=[
            processing_output(name, context.output_uri("check_batch", name)) for name in Output
        ],
        arguments=path_arguments([Input.ANSWERS, Input.BASELINE], Output),
    )
    return ProcessingStep(
        name="CheckBatch",
        description="Compare the answers with the baseline of the model package.",
        step_args=arguments,
        depends_on=[after],
        retry_policies=list(JOB_RETRIES),
    )
