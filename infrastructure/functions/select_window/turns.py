"""Whose turn it is to look: of the executions of a pipeline that overlap, the first one's.

What an execution judges is only known when it has ended. Until then, whatever starts later would
look at the same records.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from infrastructure.functions.executions import RUNNING, newest_executions


def execution_before(execution_arn: str, pipeline: str, sagemaker: Any) -> str | None:
    """Id of the first execution that started before this one and has not ended; None without one.

    An execution that is not listed yet comes after all that are.

    Args:
        execution_arn: ARN of this execution, in any case.
        pipeline: Name of its pipeline.
        sagemaker: A SageMaker client.
    """
    newest = newest_executions(pipeline, sagemaker)
    own = next((turn for turn in map(_turn, newest) if turn[1] == execution_arn.lower()), None)
    before = [
        item
        for item in newest
        if item["PipelineExecutionStatus"] in RUNNING and (own is None or _turn(item) < own)
    ]
    if not before:
        return None
    first: str = min(before, key=_turn)["PipelineExecutionArn"]
    return first.rpartition("/")[2]


def _turn(execution: Mapping[str, Any]) -> tuple[datetime, str]:
    """Its place in the order of all executions, of which two may start at the same time."""
    return execution["StartTime"], execution["PipelineExecutionArn"].lower()
