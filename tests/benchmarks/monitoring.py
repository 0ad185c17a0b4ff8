"""The data-quality engine on columns of numbers, beside Evidently's DataDriftPreset.

The engine's time is that of statistics, constraints and violations: from the reference's columns
to a baseline, and from the current columns to what is wrong with them. Its memory is what it
allocates beside the columns, as `tracemalloc` counts it in runs of their own.
"""

import statistics
import subprocess
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitoring.baseline import Baseline
from monitoring.data_check import CheckResult, DataCheck
from monitoring.data_constraints import suggest_data_constraints
from monitoring.data_statistics import data_statistics
from steps.bundle import ROOT
from tests.benchmarks.figures import Figure

PYTHON = ROOT / ".venv-evidently" / "bin" / "python"
PRESET = Path(__file__).with_name("data_drift_preset.py")

NUM_FEATURES = 12
NUM_ROWS = 100_000
NUM_MANY_ROWS = 1_000_000
CHUNK_ROWS = 50_000
NUM_ROUNDS = 5

_MIB = 2**20


def figures() -> Iterator[Figure]:
    """Seconds and memory of both sizes, and how much faster than Evidently the engine is.

    Raises:
        FileNotFoundError: Evidently is not installed.
    """
    if not PYTHON.exists():
        raise FileNotFoundError(
            f"Evidently, with which the engine is compared, is not installed: '{PYTHON}' is "
            "missing. `make bench` installs it."
        )
    reference, current = _columns(0), _columns(1, shift=0.5)
    seconds = statistics.median(
        _seconds(partial(check, reference, [current])) for _ in range(NUM_ROUNDS)
    )
    rows = f"{NUM_ROWS:,} + {NUM_ROWS:,} rows"
    yield Figure(f"engine, {rows}", seconds, "s", at_most=0.2)
    memory = _peak_mib(partial(check, reference, [current]))
    yield Figure(f"engine, {rows}, memory", memory, "MiB", at_most=100)
    theirs = _evidently_seconds(reference, current)
    yield Figure(f"DataDriftPreset, {rows}", theirs, "s")
    yield Figure("DataDriftPreset to engine", theirs / seconds, "x", at_least=20)
    baseline = _baseline(reference)
    few, many = (
        _peak_mib(partial(_check, baseline, _chunks(num_rows)))
        for num_rows in (NUM_ROWS, NUM_MANY_ROWS)
    )
    yield Figure(f"memory, {NUM_ROWS:,} rows in chunks", few, "MiB")
    yield Figure(f"memory, {NUM_MANY_ROWS:,} rows in chunks", many, "MiB", at_most=1.1 * few)


def check(reference: NDArray[np.float64], chunks: Iterable[NDArray[np.float64]]) -> CheckResult:
    """Do all of the engine's work; arrays have the shape (features, rows)."""
    return _check(_baseline(reference), chunks)


def _baseline(reference: NDArray[np.float64]) -> Baseline:
    document = data_statistics(_named(reference))
    return Baseline.of(document, suggest_data_constraints(document))


def _check(baseline: Baseline, chunks: Iterable[NDArray[np.float64]]) -> CheckResult:
    data_check = DataCheck(baseline)
    for chunk in chunks:
        data_check.update_columns(_named(chunk), num_records=chunk.shape[1])
    result = data_check.result()
    if not result.violations:
        raise ValueError("The engine found no violation, though two features have drifted.")
    return result


def _named(values: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    return {f"feature_{index:02}": column for index, column in enumerate(values)}


def _columns(seed: int, *, shift: float = 0.0, num_rows: int = NUM_ROWS) -> NDArray[np.float64]:
    values = np.random.default_rng(seed).normal(size=(NUM_FEATURES, num_rows))
    values[3] += shift
    values[7] *= 1 + shift
    return values


def _chunks(num_rows: int) -> Iterator[NDArray[np.float64]]:
    for seed in range(num_rows // CHUNK_ROWS):
        yield _columns(seed, shift=0.5, num_rows=CHUNK_ROWS)


def _seconds(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def _peak_mib(function: Callable[[], object]) -> float:
    tracemalloc.start()
    function()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / _MIB


def _evidently_seconds(reference: NDArray[np.float64], current: NDArray[np.float64]) -> float:
    with tempfile.TemporaryDirectory() as scratch:
        paths = [Path(scratch, name) for name in ("reference.npy", "current.npy")]
        for path, values in zip(paths, (reference, current), strict=True):
            np.save(path, values.T)
        done = subprocess.run([PYTHON, PRESET, *paths], check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])
