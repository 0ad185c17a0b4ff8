"""Declares JudgeWindow, and DriftDetected: the failure whose event starts a retraining."""

from collections.abc import Mapping

from sagemaker.core.workflow.functions import Join
from sagemaker.mlops.workflow.fail_step import FailStep
from sagemaker.mlops.workflow.lambda_step import LambdaStep
from sagemaker.mlops.workflow.step_dependency import StepDependency, TriggerCondition

from steps.drift_message import violations_parts
from steps.function import function_step
from steps.job import Context
from steps.window_check import WindowCheck


def drift_detected_steps(
    context: Context,
    *,
    endpoint_name: object,
    checks: Mapping[str, WindowCheck],
    after: StepDependency,
) -> tuple[LambdaStep, FailStep]:
    """Fail the execution where a check found violations.

    Args:
        context: What the pipeline's jobs have in common.
        endpoint_name: Name of the endpoint.
        checks: The checks by what they looked at.
        after: What to wait for.
    """
    judge = function_step(
        context,
        name="JudgeWindow",
        description="Fail where a check found violations.",
        function="judge_window",
        # Values and no files, so that nothing but violations can make the function fail.
        inputs={
            "Checks": {
                name: {
                    "NumViolations": check.result("num_violations"),
                    "Status": check.result("status"),
                    "Worst": check.result("worst"),
                }
                for name, check in checks.items()
            }
        },
        outputs=["Message"],
        depends_on=[after],
    )
    parts = [
        p for name, check in checks.items() for p in (f"{name}: ", check.result("worst"), "; ")
    ]
    failed = FailStep(
        name="DriftDetected",
        description="What the endpoint answers is not what its model was approved with.",
        error_message=Join(
            on="",
            values=[
                # First, before any text of the records: start_retraining reads it.
                *violations_parts(
                    {name: check.result("num_violations") for name, check in checks.items()}
                ),
                "The worst at endpoint '",
                endpoint_name,
                "': ",
                *parts[:-1],
                ". Open report.html of the checks to see them.",
            ],
        ),
        depends_on=[StepDependency(judge, TriggerCondition.FAILED)],
    )
    return judge, failed
