"""Declares PublishMetrics: what the checks measured, as metrics of CloudWatch."""

from collections.abc import Mapping

from sagemaker.mlops.workflow.lambda_step import LambdaStep

from steps.function import function_step
from steps.job import Context


def publish_metrics_step(context: Context, *, files: Mapping[str, object]) -> LambdaStep:
    """Publish the metrics in files.

    Args:
        context: What the pipeline's jobs have in common.
        files: S3 URI of the file by namespace.
    """
    return function_step(
        context,
        name="PublishMetrics",
        description="Publish what the checks measured under Model Monitor's names.",
        function="publish_metrics",
        inputs={
            "Metrics": [{"Namespace": namespace, "Uri": uri} for namespace, uri in files.items()]
        },
        outputs=["Message"],
    )
