"""Wall time of the demonstration, and what a step costs beside its script."""

import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from tests.benchmarks.figures import Figure

DEMO_SECONDS = 90.0
OVERHEAD_SECONDS = 0.5


def figures() -> Iterator[Figure]:
    """Seconds of `pipelines demo` in an empty root, and of each job step less its script's main."""
    with tempfile.TemporaryDirectory() as scratch:
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "pipelines", "demo", "--root", scratch],
            check=True,
            capture_output=True,
        )
        seconds = time.perf_counter() - started
        yield Figure("pipelines demo, 4 trials", seconds, "s", at_most=DEMO_SECONDS)
        [record] = Path(scratch).glob("executions/training/*/execution.json")
        yield from _overheads(record)


def _overheads(record: Path) -> Iterator[Figure]:
    for step in json.loads(record.read_bytes())["PipelineExecutionSteps"]:
        folder = record.parent / "steps" / step["StepName"]
        name = f"overhead of step {step['StepName']}"
        if (folder / "log.txt").is_file():
            seconds = _overhead(step["StartTime"], step["EndTime"], folder)
            yield Figure(name, seconds, "s", at_most=OVERHEAD_SECONDS)
        elif step["StepType"] == "Tuning":
            tuning = json.loads((folder / "result.json").read_bytes())["Properties"]
            trials = [
                _overhead(
                    trial["TrainingStartTime"],
                    trial["TrainingEndTime"],
                    folder / trial["TrainingJobName"].rpartition("-")[2],
                )
                for trial in tuning["TrainingJobSummaries"]
                if trial["TrainingJobStatus"] == "Completed"
            ]
            mean = statistics.fmean(trials)
            yield Figure(f"{name}, mean per trial", mean, "s", at_most=OVERHEAD_SECONDS)


def _overhead(started: str, ended: str, folder: Path) -> float:
    """Seconds between two times, less those that a job's main took by its own log."""
    [inside] = re.findall(r"main took ([0-9.]+) s", (folder / "log.txt").read_text())
    wall = datetime.fromisoformat(ended) - datetime.fromisoformat(started)
    return wall.total_seconds() - float(inside)
