"""Declares ActivateBaseline: the record of what an endpoint is compared with from now on."""

from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join
from sagemaker.mlops.workflow.lambda_step import LambdaStep
from sagemaker.mlops.workflow.steps import Step

from steps.function import function_step
from steps.job import Context


def activate_baseline_step(
    context: Context,
    *,
    smoke_test: Step,
    find: LambdaStep,
    endpoint_name: object,
    endpoint_config_name: object,
    capture_uri: object,
) -> LambdaStep:
    """Write `active/<endpoint>.json`, after the smoke test.

    Args:
        context: What the pipeline's jobs have in common.
        smoke_test: Step that tests the endpoint.
        find: Step that found the model package.
        endpoint_name: Name of the endpoint.
        endpoint_config_name: Its configuration.
        capture_uri: S3 prefix of the records that it captures.
    """
    package = find.properties.Outputs
    site = context.site
    inputs = {
        "ActiveUri": Join(on="", values=[site.uri("active", ""), endpoint_name, ".json"]),
        "EndpointName": endpoint_name,
        "EndpointConfigName": endpoint_config_name,
        "CaptureUri": capture_uri,
        "ModelPackageArn": package["ModelPackageArn"],
        "BaselineUri": package["BaselineUri"],
        "EvaluationUri": package["EvaluationUri"],
        "PipelineExecutionArn": ExecutionVariables.PIPELINE_EXECUTION_ARN,
    }
    if site.output_kms_key:
        inputs["KmsKeyId"] = site.output_kms_key
    return function_step(
        context,
        name="ActivateBaseline",
        description="Record the package and the baselines that are in force for the endpoint.",
        function="activate_baseline",
        inputs=inputs,
        outputs=["PreviousModelPackageArn"],
        depends_on=[smoke_test],
    )
