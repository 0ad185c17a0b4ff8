"""Declares CheckQuality: the gate between a trained model and the registry."""

from collections.abc import Sequence

from sagemaker.core.workflow.conditions import Condition
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.steps import Step


def check_quality_step(
    conditions: Sequence[Condition], *, if_passed: Sequence[Step], if_failed: Sequence[Step]
) -> ConditionStep:
    """Go on with `if_passed` when every condition holds, else with `if_failed`."""
    return ConditionStep(
        name="CheckQuality",
        description="Let the model pass only if every figure reaches its threshold.",
        conditions=list(conditions),
        if_steps=list(if_passed),
        else_steps=list(if_failed),
    )
