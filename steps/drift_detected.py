"""Declares JudgeWindow, and DriftDetected: the failure whose event starts a retraining."""

from collections.abc import Mapping
from dataclasses import dataclass

from sagemaker.core.workflow.functions import Join, JsonGet
from sagemaker.mlops.workflow.fail_step import FailStep
from sagemaker.mlops.workflow.lambda_step import LambdaStep
from sagemaker.mlops.workflow.step_dependency import StepDependency, TriggerCondition

from steps.function import function_step
from steps.job import Context


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The result of a check, for those who act on it."""

    check_uri: Join
    """S3 URI of the result."""
    worst: JsonGet
    """The worst violations in words."""


def drift_detected_steps(
    context: Context,
    *,
    endpoint_name: object,
    verdicts: Mapping[str, Verdict],
    after: StepDependency,
) -> tuple[LambdaStep, FailStep]:
    """Fail the execution where a check found violations.

    Args:
        context: What the pipeline's jobs have in common.
        endpoint_name: Name of the endpoint.
        verdicts: Results of the checks by what was checked.
        after: What to wait for.
    """
    judge = function_step(
        context,
        name="JudgeWindow",
        description="Fail where a check found violations.",
        function="judge_window",
        inputs={"Checks": {name: verdict.check_uri for name, verdict in verdicts.items()}},
        outputs=["Message"],
        depends_on=[after],
    )
    parts = [p for name, verdict in verdicts.items() for p in (f" {name}: ", verdict.worst, ";")]
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
