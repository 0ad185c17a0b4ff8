"""Declares steps that call a Lambda function of `infrastructure/functions/`."""

from collections.abc import Mapping, Sequence

from sagemaker.core.lambda_helper import Lambda
from sagemaker.mlops.workflow.lambda_step import LambdaOutput, LambdaOutputTypeEnum, LambdaStep
from sagemaker.mlops.workflow.step_dependency import StepDependency
from sagemaker.mlops.workflow.steps import Step

from steps.job import Context


def function_step(
    context: Context,
    *,
    name: str,
    description: str,
    function: str,
    inputs: Mapping[str, object],
    outputs: Sequence[str],
    numbers: Sequence[str] = (),
    depends_on: Sequence[Step | StepDependency] = (),
) -> LambdaStep:
    """Call a function. Never cached: what functions look at and change is outside the pipeline.

    Args:
        context: What the pipeline's jobs have in common.
        name: Name of the step.
        description: What it does.
        function: Folder of the function under `infrastructure/functions/`.
        inputs: The event.
        outputs: Members of the answer that later steps may read, and that are strings.
        numbers: Members of the answer that later steps may read, and that are whole numbers.
        depends_on: Steps to wait for beside those that the event refers to.
    """
    return LambdaStep(
        name=name,
        description=description,
        lambda_func=Lambda(
            function_arn=context.ship_function(function).arn, session=context.session
        ),
        inputs=dict(inputs),
        outputs=[
            LambdaOutput(output_name=output, output_type=kind)
            for kind, names in (
                (LambdaOutputTypeEnum.String, outputs),
                (LambdaOutputTypeEnum.Integer, numbers),
            )
            for output in names
        ],
        depends_on=list(depends_on) or None,
    )
