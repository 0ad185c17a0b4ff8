"""Declares FindApprovedModel: which model is in force, for a new one to be compared with."""

from sagemaker.core.lambda_helper import Lambda
from sagemaker.mlops.workflow.lambda_step import LambdaOutput, LambdaOutputTypeEnum, LambdaStep

from steps.job import Context

FUNCTION = "find_approved_model"


def find_approved_model_step(context: Context) -> LambdaStep:
    """Look up the newest approved model package of the group.

    Outputs: `ModelUri`, its `model.tar.gz`, or the placeholder where no package is approved;
    `ModelPackageArn`, empty where none is.

    Never cached: the answer changes with every approval.
    """
    placeholder_uri = context.site.uri("no-approved-model")
    context.objects[f"{placeholder_uri}/README.txt"] = b"No model package is approved yet.\n"
    return LambdaStep(
        name="FindApprovedModel",
        description="Find the newest approved model package, to compare with.",
        lambda_func=Lambda(
            function_arn=context.site.function_arn(FUNCTION), session=context.session
        ),
        inputs={
            "ModelPackageGroupName": context.site.model_package_group,
            "PlaceholderUri": placeholder_uri,
        },
        outputs=[
            LambdaOutput(output_name=name, output_type=LambdaOutputTypeEnum.String)
            for name in ("ModelPackageArn", "ModelUri")
        ],
    )
