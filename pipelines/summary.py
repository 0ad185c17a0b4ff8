"""Sums up a finished training execution for a person."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from pipelines.local.execution import Execution, Status
from pipelines.local.store import LocalStore
from steps.evaluate.contract import PAGE_FILE, REPORT_FILE, EvaluationReport, Output


def figures(execution: Execution, root: Path) -> Mapping[str, str]:
    """What a person wants to know of a training execution, by name, as far as it came."""
    steps = {step.name: step for step in execution.steps if step.status is Status.SUCCEEDED}
    found: dict[str, str] = {}
    if tune := steps.get("Tune"):
        tuned = tune.properties["BestTrainingJob"]["TunedHyperParameters"]
        found["Tuned"] = " ".join(f"{name}={float(tuned[name]):.4g}" for name in sorted(tuned))
    if evaluate := steps.get("Evaluate"):
        outputs = evaluate.properties["ProcessingOutputConfig"]["Outputs"]
        uris = {output["OutputName"]: output["S3Output"]["S3Uri"] for output in outputs}
        directory = LocalStore(root).path(uris[Output.EVALUATION])
        report: EvaluationReport = json.loads((directory / REPORT_FILE).read_bytes())
        accuracy = report["metrics"]["accuracy"]["value"]
        found["Test accuracy"] = f"{accuracy:.4f} on {report['num_images']} images"
        found["Report"] = os.path.relpath(directory / PAGE_FILE)
    if gate := steps.get("CheckQuality"):
        has_passed = gate.properties["Outcome"] == "True"
        found["Gate"] = f"{'passed' if has_passed else 'not passed'}: {gate.summary}"
    if register := steps.get("RegisterModel"):
        found["Model package"] = register.summary
    return found
