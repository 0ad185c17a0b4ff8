"""Declares SmokeTest: whether an endpoint answers as the model did when it was evaluated."""

from sagemaker.mlops.workflow.lambda_step import LambdaStep
from sagemaker.mlops.workflow.steps import Step

from steps.endpoint import VARIANT_NAME
from steps.function import function_step
from steps.job import Context


def smoke_test_step(
    context: Context, *, endpoint: Step, endpoint_name: object, samples_uri: object
) -> LambdaStep:
    """Send the model package's samples to the endpoint and compare the answers.

    Args:
        context: What the pipeline's jobs have in common.
        endpoint: Step that creates the endpoint.
        endpoint_name: Its name.
        samples_uri: S3 prefix of the samples.
    """
    return function_step(
        context,
        name="SmokeTest",
        description="Compare the endpoint's answers with those of the evaluation.",
        function="smoke_test",
        inputs={
            "EndpointName": endpoint_name,
            "VariantName": VARIANT_NAME,
            "SamplesUri": samples_uri,
        },
        outputs=["Message"],
        depends_on=[endpoint],
    )
