"""Declares FindApprovedModel: which model is in force, for a new one to be compared with."""

from sagemaker.mlops.workflow.lambda_step import LambdaStep

from steps.function import function_step
from steps.job import Context


def find_approved_model_step(context: Context) -> LambdaStep:
    """Look up the newest approved model package of the group.

    Outputs: `ModelUri`, its `model.tar.gz`, or the placeholder where no package is approved;
    `ModelPackageArn`, empty where none is.
    """
    placeholder_uri = context.site.uri("code", "placeholders", "no-approved-model")
    context.objects[f"{placeholder_uri}/README.txt"] = b"No model package is approved yet.\n"
    return function_step(
        context,
        name="FindApprovedModel",
        description="Find the newest approved model package, to compare with.",
        function="find_approved_model",
        inputs={
            "ModelPackageGroupName": context.site.model_package_group,
            "PlaceholderUri": placeholder_uri,
        },
        outputs=["ModelPackageArn", "ModelUri"],
    )
