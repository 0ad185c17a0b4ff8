"""Chooses the steps of a selective execution, and the execution whose results it builds on.

Source: Amazon SageMaker AI Developer Guide, "Selective execution of pipeline steps",
https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-selective-ex.html. It names no type of
step that cannot be selected.
"""

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.account.clients import Clients
from pipelines.account.errors import AccountError
from pipelines.account.executions import execution_id, list_executions, step_records
from pipelines.definition import COMPLETED, Json
from pipelines.execution import Status
from pipelines.local.errors import ParameterError, choices
from pipelines.local.graph import Graph, build_graph
from steps.site import Site

MAX_STEPS = 50
"""Source: Amazon SageMaker AI API Reference, SelectiveExecutionConfig,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_SelectiveExecutionConfig.html
"""
_NUM_EXECUTIONS = 20
"""Of so many of the newest executions one is to have what is needed."""
_ENDED = frozenset({Status.SUCCEEDED, Status.FAILED})
"""An execution that may be built on; of a stopped one the documentation does not say so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Which steps are to run."""

    only: tuple[str, ...] = ()
    """These."""
    first: str = ""
    """This one and all that wait for it."""


def selected_steps(definition: Mapping[str, Json], selection: Selection) -> list[str]:
    """Names of the steps to run, in document order.

    Args:
        definition: The definition.
        selection: Which.

    Raises:
        ParameterError: A step does not exist, or the service would not take this selection.
    """
    graph = build_graph(definition)
    for name in (*selection.only, *filter(None, [selection.first])):
        if name not in graph.steps:
            close = difflib.get_close_matches(name, graph.steps, n=1)
            hint = f" Did you mean '{close[0]}'?" if close else ""
            raise ParameterError(
                f"There is no step '{name}'. Steps: {choices(list(graph.steps))}.{hint}"
            )
    chosen = [
        name
        for name in graph.steps
        if name in selection.only
        or (selection.first and selection.first in {name, *graph.ancestors[name]})
    ]
    between = [
        name for name in graph.steps if name not in chosen and _is_between(name, chosen, graph)
    ]
    if between:
        raise ParameterError(
            f"Between the selected steps {choices(chosen)} there are others, which must be selected"
            f" as well: {choices(between)}."
        )
    if len(chosen) > MAX_STEPS:
        raise ParameterError(
            f"{len(chosen)} steps are selected; a selective execution takes at most {MAX_STEPS}."
        )
    return chosen


def _is_between(name: str, chosen: Collection[str], graph: Graph) -> bool:
    follows = not graph.ancestors[name].isdisjoint(chosen)
    return follows and any(name in graph.ancestors[other] for other in chosen)


@dataclass(frozen=True, kw_only=True, slots=True)
class Needs:
    """What selected steps take from steps that are not selected."""

    results: tuple[str, ...]
    """Steps that must have succeeded."""
    outcomes: Mapping[str, bool]
    """Conditions whose branch was to be taken."""


def needs(definition: Mapping[str, Json], chosen: Sequence[str]) -> Needs:
    """What selected steps need of a reference execution."""
    graph = build_graph(definition)
    results = {
        other
        for name in chosen
        for other, outcome in graph.triggers[name].items()
        if other not in chosen and outcome == COMPLETED
    }
    outcomes = {
        condition: taken
        for name in chosen
        for condition, taken in graph.branches[name].items()
        if condition not in chosen
    }
    return Needs(results=tuple(name for name in graph.steps if name in results), outcomes=outcomes)


def find_reference(name: str, needed: Needs, site: Site, clients: Clients) -> str | None:
    """The newest execution that has what selected steps need.

    Args:
        name: Name of the pipeline in the catalogue.
        needed: What they need.
        site: The site.
        clients: Clients of its account.

    Returns:
        Its ARN; None where nothing is needed.

    Raises:
        AccountError: There is none.
    """
    if not needed.results and not needed.outcomes:
        return None
    missing_of: dict[str, list[str]] = {}
    for item in list_executions(name, site, clients, num_executions=_NUM_EXECUTIONS):
        if item.status in _ENDED:
            missing = _missing(needed, step_records(item.arn, clients.sagemaker))
            if not missing:
                return item.arn
            missing_of[item.arn] = missing
    if not missing_of:
        raise AccountError(
            f"Pipeline '{name}' has no execution that has ended, to take the results of "
            f"{choices(list(needed.results))} from; start all of it first."
        )
    newest, missing = next(iter(missing_of.items()))
    raise AccountError(
        f"No execution of pipeline '{name}' has all that the selected steps need: the newest that "
        f"has ended, '{execution_id(newest)}', lacks {choices(missing)}; select these steps as "
        "well, or start all of it."
    )


def _missing(needed: Needs, records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Steps that have not the result, or not the outcome, that is needed of them."""
    succeeded = {
        record["StepName"]: record for record in records if record["StepStatus"] == Status.SUCCEEDED
    }
    outcomes = {
        name: record.get("Metadata", {}).get("Condition", {}).get("Outcome")
        for name, record in succeeded.items()
    }
    without_result = [name for name in needed.results if name not in succeeded]
    other_branch = [
        f"the outcome {taken} of {name}"
        for name, taken in needed.outcomes.items()
        if name in succeeded and outcomes[name] != str(taken)
    ]
    return without_result + other_branch
