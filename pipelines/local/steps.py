"""Runs one step with its arguments resolved: what each step type does on this machine."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.definition import Json, Step
from pipelines.local.errors import StepFailed
from pipelines.local.expressions import Scope, evaluate_all
from pipelines.local.hosting import Hosting
from pipelines.local.jobs.machine import JobCall, Machine
from pipelines.local.jobs.processing import run_processing
from pipelines.local.jobs.training import run_training
from pipelines.local.jobs.transform import run_transform
from pipelines.local.jobs.tuning import run_tuning
from pipelines.local.lambdas import Respond, call_function
from pipelines.local.registry import Registry
from pipelines.local.stand_ins import Backing

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
    root: Path
    """Folder of everything that executions leave on this machine."""
    machine: Machine
    registry: Registry
    hosting: Hosting
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
    return _RUNNERS[step.type](_StepCall(step=step, job=call, scope=scope, bench=bench))


@dataclass(frozen=True, kw_only=True, slots=True)
class _StepCall:
    """One attempt of a step."""

    step: Step
    job: JobCall
    scope: Scope
    bench: Bench

    @property
    def arguments(self) -> Mapping[str, Json]:
        return self.job.request

    def report(self, text: str) -> None:
        self.bench.on_progress(self.step.name, text)


def _processing(call: _StepCall) -> Result:
    response = run_processing(call.job)
    return Result(
        properties=response,
        metadata={"ProcessingJob": {"Arn": response["ProcessingJobArn"]}},
        summary=response.get("ExitMessage", "").partition("\n")[0],
    )


def _training(call: _StepCall) -> Result:
    response = run_training(call.job, on_metrics=lambda metrics: call.report(_last_values(metrics)))
    metrics = {item["MetricName"]: [item["Value"]] for item in response["FinalMetricDataList"]}
    return Result(
        properties=response,
        metadata={"TrainingJob": {"Arn": response["TrainingJobArn"]}},
        summary=_last_values(metrics),
    )


def _tuning(call: _StepCall) -> Result:
    response = run_tuning(call.job, on_progress=call.report)
    return Result(
        properties=response,
        metadata={"TuningJob": {"Arn": response["HyperParameterTuningJobArn"]}},
        summary=_tuning_summary(response),
    )


def _transform(call: _StepCall) -> Result:
    container = call.bench.hosting.container(call.arguments["ModelName"])
    response, num_objects = run_transform(call.job, container, on_progress=call.report)
    return Result(
        properties=response,
        metadata={"TransformJob": {"Arn": response["TransformJobArn"]}},
        summary=f"objects={num_objects}",
    )


def _condition(call: _StepCall) -> Result:
    outcome = evaluate_all(call.step.body["Arguments"]["Conditions"], call.scope)
    text = str(outcome.is_true)
    return Result(
        properties={"Outcome": text},
        metadata={"Condition": {"Outcome": text}},
        summary=outcome.text,
    )


def _register_model(call: _StepCall) -> Result:
    package = call.bench.registry.register(call.arguments, now=call.bench.machine.now())
    group, version = package["ModelPackageGroupName"], package["ModelPackageVersion"]
    return Result(
        properties=package,
        metadata={"RegisterModel": {"Arn": package["ModelPackageArn"]}},
        summary=f"{group}/{version} {package['ModelApprovalStatus']}",
    )


def _model(call: _StepCall) -> Result:
    model = call.bench.hosting.create_model(
        call.arguments, name=call.job.name, now=call.bench.machine.now()
    )
    return Result(
        properties=model,
        metadata={"Model": {"Arn": model["ModelArn"]}},
        summary=model["ModelName"],
    )


def _endpoint_config(call: _StepCall) -> Result:
    config = call.bench.hosting.create_endpoint_config(call.arguments, now=call.bench.machine.now())
    return Result(
        properties=config,
        metadata={"EndpointConfig": {"Arn": config["EndpointConfigArn"]}},
        summary=config["EndpointConfigName"],
    )


def _endpoint(call: _StepCall) -> Result:
    endpoint = call.bench.hosting.deploy(
        call.arguments["EndpointName"],
        call.arguments["EndpointConfigName"],
        is_stopping=call.bench.machine.is_stopping,
    )
    return Result(
        properties=call.bench.hosting.describe(endpoint),
        metadata={"Endpoint": {"Arn": endpoint.arn}},
        summary=f"{endpoint.name} {endpoint.status} at {endpoint.url}",
    )


def _lambda(call: _StepCall) -> Result:
    bench = call.bench
    outputs = call_function(
        bench.functions[call.step.name],
        call.arguments,
        call.step.body.get("OutputParameters", []),
        backing=Backing(
            root=bench.root,
            store=bench.machine.store,
            registry=bench.registry,
            hosting=bench.hosting,
            is_stopping=bench.machine.is_stopping,
        ),
    )
    values = [{"Name": key, "Value": str(value)} for key, value in outputs.items()]
    return Result(
        properties={"OutputParameters": outputs},
        metadata={"Lambda": {"Arn": call.step.body["FunctionArn"], "OutputParameters": values}},
        summary=_outputs_summary(outputs),
    )


def _fail(call: _StepCall) -> Result:
    raise StepFailed(str(call.arguments.get("ErrorMessage", "")))


_RUNNERS: Mapping[str, Callable[[_StepCall], Result]] = {
    "Condition": _condition,
    "Endpoint": _endpoint,
    "EndpointConfig": _endpoint_config,
    "Fail": _fail,
    "Lambda": _lambda,
    "Model": _model,
    "Processing": _processing,
    "RegisterModel": _register_model,
    "Training": _training,
    "Transform": _transform,
    "Tuning": _tuning,
}


def _last_values(metrics: Mapping[str, list[float]]) -> str:
    return " ".join(f"{name}={values[-1]:.4g}" for name, values in metrics.items() if values)


def _outputs_summary(outputs: Mapping[str, Json]) -> str:
    """A function's message; without one its outputs, of URIs and ARNs the end."""
    if "Message" in outputs:
        return str(outputs["Message"])
    shown = {
        name: re.sub(r"^(s3://).*/", r"\1.../", re.sub("^arn:.*:", "", str(value)))
        for name, value in outputs.items()
        if value != ""
    }
    return " ".join(f"{name}={value}" for name, value in shown.items())


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
