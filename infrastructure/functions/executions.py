"""Lists the executions of a pipeline."""

from collections.abc import Mapping, Sequence
from typing import Any

RUNNING = frozenset({"Executing", "Stopping"})
"""Statuses of executions that have not ended."""

_MAX_RESULTS = 100
"""As many as an answer has: more than start before one ends."""


def newest_executions(pipeline: str, sagemaker: Any) -> Sequence[Mapping[str, Any]]:
    """Summaries of a pipeline's newest executions, the newest first.

    Args:
        pipeline: Its name.
        sagemaker: A SageMaker client.
    """
    newest: Sequence[Mapping[str, Any]] = sagemaker.list_pipeline_executions(
        PipelineName=pipeline,
        SortBy="CreationTime",
        SortOrder="Descending",
        MaxResults=_MAX_RESULTS,
    )["PipelineExecutionSummaries"]
    return newest
