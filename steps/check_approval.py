"""Declares CheckApproval, which lets only approved model packages pass, and PackageNotApproved."""

from collections.abc import Sequence

from sagemaker.core.workflow.conditions import ConditionEquals
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.fail_step import FailStep
from sagemaker.mlops.workflow.lambda_step import LambdaStep
from sagemaker.mlops.workflow.steps import Step


def check_approval_step(find: LambdaStep, *, if_approved: Sequence[Step]) -> ConditionStep:
    """Go on with `if_approved`, or fail with the problem that FindModelPackage found."""
    problem = find.properties.Outputs["Problem"]
    return ConditionStep(
        name="CheckApproval",
        description="Let only an approved model package pass.",
        conditions=[ConditionEquals(left=problem, right="")],
        if_steps=list(if_approved),
        else_steps=[
            FailStep(
                name="PackageNotApproved",
                description="There is no model package to use; nothing was created.",
                error_message=problem,
            )
        ],
    )
