"""Finds the functions that deployed pipelines call, and executions that have not ended."""

from collections.abc import Iterable, Iterator
from typing import Any

from pipelines.account.clients import Clients
from pipelines.account.functions import called
from steps.site import Site

_UNDER_WAY = frozenset({"Executing", "Stopping"})
_NUM_EXECUTIONS = 100
"""How many of the newest are looked at: more than start before one ends."""


def calls_in_use(site: Site, pipelines: Iterable[str], clients: Clients) -> set[tuple[str, str]]:
    """Names and aliases of functions that may be called.

    Args:
        site: The site.
        pipelines: Names in the catalogue of pipelines that are deployed.
        clients: Clients of the site's account.
    """
    return called(
        text
        for name in sorted(pipelines)
        for text in _definitions(site.pipeline_name(name), clients.sagemaker)
    )


def executions_under_way(pipeline_name: str, sagemaker: Any) -> list[str]:
    """ARNs of a pipeline's executions that have not ended, the newest first."""
    answer = sagemaker.list_pipeline_executions(
        PipelineName=pipeline_name,
        SortBy="CreationTime",
        SortOrder="Descending",
        MaxResults=_NUM_EXECUTIONS,
    )
    return [
        item["PipelineExecutionArn"]
        for item in answer["PipelineExecutionSummaries"]
        if item["PipelineExecutionStatus"] in _UNDER_WAY
    ]


def _definitions(pipeline_name: str, sagemaker: Any) -> Iterator[str]:
    yield sagemaker.describe_pipeline(PipelineName=pipeline_name)["PipelineDefinition"]
    for arn in executions_under_way(pipeline_name, sagemaker):
        answer = sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)
        yield answer["PipelineDefinition"]
