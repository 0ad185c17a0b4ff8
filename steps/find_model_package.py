"""Declares FindModelPackage: which model package to use, and whether that is allowed."""

from sagemaker.mlops.workflow.lambda_step import LambdaStep

from steps.function import function_step
from steps.job import Context

LATEST = "latest"
"""Stands for the newest approved package of the group."""


def find_model_package_step(
    context: Context, *, model_package: object, endpoint_name: object | None = None
) -> LambdaStep:
    """Look up a model package, and the endpoint that is to serve it.

    Outputs: `Problem`, a sentence for people that is empty where all is well; `ModelPackageArn`,
    `ModelUri`, `BaselineUri`, `EvaluationUri` and `SamplesUri` of the package;
    `PreviousEndpointConfigName`, empty where there is no endpoint yet.

    Args:
        context: What the pipeline's jobs have in common.
        model_package: ARN of the package, `<group>/<version>`, or LATEST.
        endpoint_name: Name of the endpoint, where there is to be one.
    """
    inputs = {
        "ModelPackageGroupName": context.site.model_package_group,
        "ModelPackage": model_package,
    }
    if endpoint_name is not None:
        inputs["EndpointName"] = endpoint_name
    return function_step(
        context,
        name="FindModelPackage",
        description="Find the model package, before anything is created from it.",
        function="find_model_package",
        inputs=inputs,
        outputs=[
            *("Problem", "ModelPackageArn", "ModelUri", "BaselineUri", "EvaluationUri"),
            *("SamplesUri", "PreviousEndpointConfigName"),
        ],
    )
