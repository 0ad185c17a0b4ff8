"""Finds the functions that pipelines, their executions and rules call, and executions under way."""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from pipelines.account.clients import Clients
from pipelines.account.functions import called
from pipelines.reconcile import PresentRule
from steps.site import Site

_UNDER_WAY = frozenset({"Executing", "Stopping"})
_MAY_BE_RETRIED = frozenset({"CompletedWithFailures", "Failed", "Stopped"})
_NUM_RETRIED = 10
"""So many of the newest that failed can go on with the functions that they began with."""
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


def calls_of_rules(rules: Mapping[str, PresentRule]) -> set[tuple[str, str]]:
    """Names and aliases of the functions that rules call."""
    return called(
        json.dumps(dict(target)) for rule in rules.values() for target in rule.targets.values()
    )


def executions_under_way(pipeline_name: str, sagemaker: Any) -> list[str]:
    """ARNs of a pipeline's executions that have not ended, the newest first."""
    return list(_with_status(_UNDER_WAY, _newest(pipeline_name, sagemaker)))


def _newest(pipeline_name: str, sagemaker: Any) -> list[Mapping[str, Any]]:
    answer = sagemaker.list_pipeline_executions(
        PipelineName=pipeline_name,
        SortBy="CreationTime",
        SortOrder="Descending",
        MaxResults=_NUM_EXECUTIONS,
    )
    found: list[Mapping[str, Any]] = answer["PipelineExecutionSummaries"]
    return found


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
    newest = _newest(pipeline_name, sagemaker)
    for arn in (
        *_with_status(_UNDER_WAY, newest),
        *islice(_with_status(_MAY_BE_RETRIED, newest), _NUM_RETRIED),
    ):
        answer = sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)
        yield answer["PipelineDefinition"]
