"""Declares CheckBatch."""

from sagemaker.mlops.workflow.step_dependency import StepDependency
from sagemaker.mlops.workflow.steps import ProcessingStep

from steps.batch_job import batch_job_step
from steps.check_batch.contract import Input, Output
from steps.job import Context


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
    return batch_job_step(
        context,
        folder="check_batch",
        name="CheckBatch",
        description="Compare the answers with the baseline of the model package.",
        sources={Input.ANSWERS: answers_uri, Input.BASELINE: baseline_uri},
        outputs=Output,
        after=after,
    )
