"""Sums up a finished execution for a person: the figures that its steps left, by name."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from pipelines.execution import Status, StepExecution
from pipelines.local.execution import LocalExecution
from pipelines.local.store import LocalStore
from steps import window_files
from steps.evaluate import contract as evaluate
from steps.summarize_batch import contract as summarize_batch

_NAME_WIDTH = 18
_PAGES = {
    "Evaluate": ("Report", evaluate.Output.EVALUATION, evaluate.PAGE_FILE),
    "SummarizeBatch": ("Report", summarize_batch.Output.SUMMARY, summarize_batch.PAGE_FILE),
    "CheckDrift": ("Report", window_files.Output.VIOLATIONS, window_files.PAGE_FILE),
    "CheckModelQuality": (
        "Quality report",
        window_files.Output.VIOLATIONS,
        window_files.PAGE_FILE,
    ),
}
"""Title of a step's page, its output and its file."""


def figures(execution: LocalExecution, root: Path) -> Mapping[str, str]:
    """What a person wants to know of an execution, by name, as far as it came."""
    store = LocalStore(root)
    steps = {step.name: step for step in execution.steps if step.status is Status.SUCCEEDED}
    found: dict[str, str] = {}
    if tune := steps.get("Tune"):
        tuned = tune.properties["BestTrainingJob"]["TunedHyperParameters"]
        found["Tuned"] = " ".join(f"{name}={float(tuned[name]):.4g}" for name in sorted(tuned))
    if step := steps.get("Evaluate"):
        directory = output_dir(step, evaluate.Output.EVALUATION, store)
        report: evaluate.EvaluationReport = json.loads(
            (directory / evaluate.REPORT_FILE).read_bytes()
        )
        accuracy = report["metrics"]["accuracy"]["value"]
        found["Test accuracy"] = f"{accuracy:.4f} on {report['num_images']} images"
    if gate := steps.get("CheckQuality"):
        has_passed = gate.properties["Outcome"] == "True"
        found["Gate"] = f"{'passed' if has_passed else 'not passed'}: {gate.summary}"
    for name, title in (
        ("RegisterModel", "Model package"),
        ("CreateEndpoint", "Endpoint"),
        ("SmokeTest", "Smoke test"),
        ("SummarizeBatch", "Batch"),
        ("CheckBatch", "Data quality"),
        ("SelectWindow", "Window"),
        ("CheckDrift", "Data quality"),
        ("CheckModelQuality", "Model quality"),
    ):
        if step := steps.get(name):
            found[title] = step.summary
    found.update((title, str(_shown(path))) for title, path in pages(execution, root).items())
    return found


def pages(execution: LocalExecution, root: Path) -> Mapping[str, Path]:
    """The pages that an execution left for a person, by title."""
    store = LocalStore(root)
    return {
        title: output_dir(step, output, store) / page
        for step in execution.steps
        if step.name in _PAGES and step.status is Status.SUCCEEDED
        for title, output, page in [_PAGES[step.name]]
    }


def page_steps(execution: LocalExecution) -> Mapping[str, StepExecution]:
    """The steps that write a page for a person, by its title, whether they came to that or not."""
    return {_PAGES[step.name][0]: step for step in execution.steps if step.name in _PAGES}


def print_figures(execution: LocalExecution, root: Path, stream: TextIO) -> None:
    """Print the figures of an execution, one per line."""
    for name, value in figures(execution, root).items():
        stream.write(f"{name:<{_NAME_WIDTH}}{value}\n")


def _shown(path: Path) -> Path:
    """A path as a person wants to read it: below the current folder relative to that."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def output_dir(step: StepExecution, output: str, store: LocalStore) -> Path:
    """Folder of an output of a Processing step in the object store."""
    outputs = step.properties["ProcessingOutputConfig"]["Outputs"]
    uris = {item["OutputName"]: item["S3Output"]["S3Uri"] for item in outputs}
    return store.path(uris[output])
