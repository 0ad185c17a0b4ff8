"""Wall time of the demonstration, and what a step costs beside its script."""

import json
import re
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
        log = record.parent / "steps" / step["StepName"] / "log.txt"
        if not log.is_file():
            continue
        start, end = (datetime.fromisoformat(step[key]) for key in ("StartTime", "EndTime"))
        [inside] = re.findall(r"main took ([0-9.]+) s", log.read_text())
        overhead = (end - start).total_seconds() - float(inside)
        yield Figure(
            f"overhead of step {step['StepName']}", overhead, "s", at_most=OVERHEAD_SECONDS
        )
