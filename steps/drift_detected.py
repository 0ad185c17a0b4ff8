"""Declares JudgeWindow, and DriftDetected: the failure whose event starts a retraining."""

from collections.abc import Mapping

from sagemaker.core.workflow.functions import Join
from sagemaker.mlops.workflow.fail_step import FailStep
from sagemaker.mlops.workflow.lambda_step import LambdaStep
from sagemaker.mlops.workflow.step_dependency import StepDependency, TriggerCondition

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
        inputs={"Checks": {name: check.check_uri for name, check in checks.items()}},
        outputs=["Message"],
        depends_on=[after],
    )
    parts = [
        p for name, check in checks.items() for p in (f" {name}: ", check.result("worst"), ";")
    ]
    failed = FailStep(
        name="DriftDetected",
        description="What the endpoint answers is not what its model was approved with.",
        error_message=Join(
            on="",
            values=[
                "Endpoint '",
                endpoint_name,
                "' has drifted.",
                *parts[:-1],
                ". Open report.html of the checks to see it.",
            ],
        ),
        depends_on=[StepDependency(judge, TriggerCondition.FAILED)],
    )
    return judge, failed
