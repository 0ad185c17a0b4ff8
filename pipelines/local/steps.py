"""Runs one step with its arguments resolved: what each step type does on this machine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.definition import Json, Step
from pipelines.local.errors import StepFailed
from pipelines.local.expressions import Scope, evaluate_all
from pipelines.local.jobs.machine import JobCall, Machine
from pipelines.local.jobs.processing import run_processing
from pipelines.local.jobs.training import run_training
from pipelines.local.jobs.tuning import run_tuning
from pipelines.local.lambdas import Respond, call_function
from pipelines.local.registry import Registry

_MAX_NAME_CHARACTERS = 63


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What a step that succeeded leaves to others."""

    properties: Mapping[str, Json] = field(default_factory=dict)
    metadata: Mapping[str, Json] = field(default_factory=dict)
    summary: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """What running a step needs beside the step."""

    execution_id: str
    machine: Machine
    registry: Registry
    functions: Mapping[str, Respond]
    """Code of the Lambda steps, by step."""
    on_progress: Callable[[str, str], None]
    """Told the name of a step and its newest figures."""


def run_step(
    step: Step,
    arguments: Mapping[str, Json],
    *,
    scope: Scope,
    directory: Path,
    attempt: int,
    num_threads: int,
    bench: Bench,
) -> Result:
    """Run a step once.

    Args:
        step: The step.
        arguments: Its resolved arguments.
        scope: Resolves the operands of a condition.
        directory: Folder of this attempt.
        attempt: 1 for the first.
        num_threads: Threads for each process.
        bench: Everything else.

    Raises:
        StepFailed: The step failed.
        Stopped: The runner is stopping.
    """
    tries = "" if attempt == 1 else f"-{attempt}"
    call = JobCall(
        request=arguments,
        name=f"{step.name[: _MAX_NAME_CHARACTERS - 24 - len(tries)]}-{bench.execution_id}{tries}",
        directory=directory,
        machine=bench.machine,
        num_threads=num_threads,
    )

    def on_metrics(metrics: Mapping[str, list[float]]) -> None:
        bench.on_progress(step.name, _last_values(metrics))

    match step.type:
        case "Processing":
            response = run_processing(call)
            return Result(
                properties=response,
                metadata={"ProcessingJob": {"Arn": response["ProcessingJobArn"]}},
                summary=response.get("ExitMessage", "").partition("\n")[0],
            )
        case "Training":
            response = run_training(call, on_metrics=on_metrics)
            metrics = {
                item["MetricName"]: [item["Value"]] for item in response["FinalMetricDataList"]
            }
            return Result(
                properties=response,
                metadata={"TrainingJob": {"Arn": response["TrainingJobArn"]}},
                summary=_last_values(metrics),
            )
        case "Tuning":
            response = run_tuning(call, on_progress=lambda text: bench.on_progress(step.name, text))
            return Result(
                properties=response,
                metadata={"TuningJob": {"Arn": response["HyperParameterTuningJobArn"]}},
                summary=_tuning_summary(response),
            )
        case "Condition":
            outcome = evaluate_all(step.body["Arguments"]["Conditions"], scope)
            text = str(outcome.is_true)
            return Result(
                properties={"Outcome": text},
                metadata={"Condition": {"Outcome": text}},
                summary=outcome.text,
            )
        case "RegisterModel":
            package = bench.registry.register(arguments, now=bench.machine.now())
            group, version = package["ModelPackageGroupName"], package["ModelPackageVersion"]
            return Result(
                properties=package,
                metadata={"RegisterModel": {"Arn": package["ModelPackageArn"]}},
                summary=f"{group}/{version} {package['ModelApprovalStatus']}",
            )
        case "Lambda":
            outputs = call_function(
                bench.functions[step.name],
                arguments,
                step.body.get("OutputParameters", []),
                registry=bench.registry,
            )
            values = [{"Name": key, "Value": str(value)} for key, value in outputs.items()]
            return Result(
                properties={"OutputParameters": outputs},
                metadata={"Lambda": {"Arn": step.body["FunctionArn"], "OutputParameters": values}},
                summary=" ".join(f"{key}={value}" for key, value in outputs.items() if value != ""),
            )
    raise StepFailed(str(arguments.get("ErrorMessage", "")))


def _last_values(metrics: Mapping[str, list[float]]) -> str:
    return " ".join(f"{name}={values[-1]:.4g}" for name, values in metrics.items() if values)


def _tuning_summary(response: Mapping[str, Any]) -> str:
    best = response["BestTrainingJob"]
    objective = best["FinalHyperParameterTuningJobObjectiveMetric"]
    tuned = " ".join(
        f"{name}={_short(text)}" for name, text in best["TunedHyperParameters"].items()
    )
    return f"{objective['MetricName']}={objective['Value']:.4g} {tuned}".rstrip()


def _short(text: str) -> str:
    try:
        return f"{float(text):.4g}"
    except ValueError:
        return text
