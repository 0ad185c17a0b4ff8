"""Declares SummarizeBatch."""

from sagemaker.mlops.workflow.step_dependency import StepDependency
from sagemaker.mlops.workflow.steps import ProcessingStep

from steps.batch_job import batch_job_step
from steps.job import Context
from steps.summarize_batch.contract import Input, Output


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
    return batch_job_step(
        context,
        folder="summarize_batch",
        name="SummarizeBatch",
        description="Count the answers by label and list the images without one.",
        sources={Input.ANSWERS: answers_uri, Input.IMAGES: images_uri},
        outputs=Output,
        after=after,
    )
