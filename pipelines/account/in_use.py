"""Finds the functions that pipelines, their executions and rules call, and executions under way."""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from infrastructure.functions.executions import RUNNING, newest_executions
from pipelines.account.clients import Clients
from pipelines.account.functions import called
from steps.site import Site

_MAY_BE_RETRIED = frozenset({"CompletedWithFailures", "Failed", "Stopped"})
_NUM_RETRIED = 10
"""So many of the newest that failed can go on with the functions that they began with."""


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


def calls_of_targets(targets: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """Names and aliases of the functions that targets of rules call."""
    return called(json.dumps(dict(target)) for target in targets)


def executions_under_way(pipeline_name: str, sagemaker: Any) -> list[str]:
    """ARNs of a pipeline's executions that have not ended, the newest first."""
    return list(_with_status(RUNNING, newest_executions(pipeline_name, sagemaker)))


def _with_status(
    statuses: frozenset[str], executions: Iterable[Mapping[str, Any]]
) -> Iterator[str]:
    """ARNs of the executions with one of some statuses."""
    for item in executions:
        if item["PipelineExecutionStatus"] in statuses:
            yield item["PipelineExecutionArn"]


def _definitions(pipeline_name: str, sagemaker: Any) -> Iterator[str]:
    """Definitions of a pipeline, and of its executions that go on or may be made to."""
    yield sagemaker.describe_pipeline(PipelineName=pipeline_name)["PipelineDefinition"]
    newest = newest_executions(pipeline_name, sagemaker)
    for arn in (
        *_with_status(RUNNING, newest),
        *islice(_with_status(_MAY_BE_RETRIED, newest), _NUM_RETRIED),
    ):
        answer = sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)
        yield answer["PipelineDefinition"]
