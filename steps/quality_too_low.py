"""Declares QualityTooLow: the end of an execution whose model did not pass the gate."""

from collections.abc import Mapping

from sagemaker.core.workflow.functions import Join
from sagemaker.mlops.workflow.fail_step import FailStep


def quality_too_low_step(figures: Mapping[str, tuple[object, object]]) -> FailStep:
    """Fail with every figure beside its threshold.

    Args:
        figures: Measured value and threshold, by the words that name them in the message.
    """
    parts = [
        part
        for name, (value, threshold) in figures.items()
        for part in (f"{name} ", value, " (threshold ", threshold, "), ")
    ]
    return FailStep(
        name="QualityTooLow",
        description="The model did not pass the gate; nothing was registered.",
        error_message=Join(
            on="",
            values=[
                "The model is not good enough to register: ",
                *parts[:-1],
                "). Open report.html of Evaluate to see its mistakes.",
            ],
        ),
    )
