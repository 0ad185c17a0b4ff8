"""Checks everything that can be checked before the first job starts, and shares out the cores."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.definition import Json, Step, references
from pipelines.local.errors import UnresolvedReference, choices
from pipelines.local.expressions import Scope
from pipelines.local.graph import Graph, build_graph
from pipelines.local.jobs.machine import usable_cores
from pipelines.local.lambdas import Respond, load_function
from pipelines.local.parameters import Value, resolve_parameters
from pipelines.local.store import LocalStore
from pipelines.local.support import check_support

EXECUTION_VARIABLES = (
    "PipelineName", "PipelineArn", "PipelineExecutionId", "PipelineExecutionArn", "StartDateTime",
    "CurrentDateTime",
)  # fmt: skip
"""Names that `Execution.` references can have."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """A definition that can run here."""

    parameters: Mapping[str, Value]
    """Values of all pipeline parameters."""
    graph: Graph
    functions: Mapping[str, Respond]
    """Code of the Lambda steps, by step."""
    num_threads: Mapping[str, int]
    """Threads of each process of a step, by step."""


def prepare(
    definition: Mapping[str, Json],
    given: Mapping[str, str],
    *,
    pipeline: str,
    store: LocalStore,
    functions_dir: Path,
    num_cores: int | None,
) -> Prepared:
    """Check a definition and its parameters; start nothing.

    Args:
        definition: The pipeline definition.
        given: Values of pipeline parameters, as text.
        pipeline: Name of the pipeline, for messages.
        store: The object store.
        functions_dir: Folder of the code of Lambda steps.
        num_cores: Cores that the jobs share; None for those of this process.

    Raises:
        LocalExecutionError: The definition or the parameters cannot be run.
    """
    parameters = resolve_parameters(definition.get("Parameters", []), given, pipeline=pipeline)
    graph = build_graph(definition)
    known = Scope(
        parameters=parameters, execution=dict.fromkeys(EXECUTION_VARIABLES, ""), store=store
    )
    for step in graph.steps.values():
        check_support(step, lambda value: _count(known, value))
        _check_references(step, graph, known)
    functions = {
        name: load_function(name, step.body["FunctionArn"], functions_dir)
        for name, step in graph.steps.items()
        if step.type == "Lambda"
    }
    return Prepared(
        parameters=parameters,
        graph=graph,
        functions=functions,
        num_threads=_threads_per_job(graph, known, num_cores or usable_cores()),
    )


def _check_references(step: Step, graph: Graph, known: Scope) -> None:
    """Refuse a reference that leads nowhere whatever the steps will give."""
    for reference in references(step.own):
        root, *path = reference.segments
        if root != "Steps":
            known.resolve({"Get": reference.text})
        elif len(path) == 3 and path[1] == "PropertyFiles":  # noqa: PLR2004 - step, word, name
            files = graph.steps[str(path[0])].body.get("PropertyFiles", [])
            names = [item["PropertyFileName"] for item in files]
            if path[2] not in names:
                raise UnresolvedReference(
                    f"Step '{step.name}' reads property file '{path[2]}' of step '{path[0]}', "
                    f"which has property files: {choices(names)}."
                )


def _threads_per_job(graph: Graph, known: Scope, num_cores: int) -> dict[str, int]:
    """Threads for each process of each step: its share when as many jobs run as ever can.

    The number follows from the definition and the machine and never from the load, because it
    changes the order of sums, and so the weights.
    """
    num_jobs = {name: _num_jobs(step, known) for name, step in graph.steps.items()}
    return {
        name: max(1, num_cores // max(1, graph.num_jobs_at_once(name, num_jobs)))
        for name in graph.steps
    }


def _num_jobs(step: Step, known: Scope) -> int:
    arguments = step.body["Arguments"]
    match step.type:
        case "Processing":
            return _count(known, arguments["ProcessingResources"]["ClusterConfig"]["InstanceCount"])
        case "Training" | "Transform":
            return 1
        case "Tuning":
            limits = arguments["HyperParameterTuningJobConfig"]["ResourceLimits"]
            return min(
                _count(known, limits["MaxParallelTrainingJobs"]),
                _count(known, limits["MaxNumberOfTrainingJobs"]),
            )
    return 0


def _count(known: Scope, value: Json) -> int:
    """A number in a definition; 1 where it is a property of a step that has not run."""
    if any(reference.text.startswith("Steps.") for reference in references(value)):
        return 1
    return int(known.resolve(value))
