"""How long the command line, a compile and the checks take."""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from tests.benchmarks.figures import Figure

NUM_RUNS = 7


def figures() -> Iterator[Figure]:
    """Median seconds of the commands as processes; of a compile and of checks after the imports."""
    for word, limit in (("--help", 0.3), ("list", 0.3)):
        seconds = [_process_seconds(word) for _ in range(NUM_RUNS)]
        yield Figure(f"pipelines {word}", statistics.median(seconds), "s", at_most=limit)
    first, *others = _compile_seconds()
    yield Figure("compile training, with the SDK's import", first, "s")
    yield Figure("compile training, after the import", statistics.median(others), "s", at_most=1.0)
    first, *others = _check_seconds()
    yield Figure("check all pipelines, with botocore's model", first, "s", at_most=0.3)
    yield Figure("check all pipelines, again", statistics.median(others), "s")


def _process_seconds(word: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "pipelines", word], check=True, capture_output=True)
    return time.perf_counter() - started


def _compile_seconds() -> list[float]:
    program = (
        "import time\n"
        "from pipelines.compile import compile_pipeline\n"
        "from steps.site import Site\n"
        f"for _ in range({NUM_RUNS}):\n"
        "    started = time.perf_counter()\n"
        "    compile_pipeline('training', Site())\n"
        "    print(time.perf_counter() - started)\n"
    )
    return _printed_seconds(program)


def _check_seconds() -> list[float]:
    program = (
        "import time\n"
        "from pipelines.catalogue import CATALOGUE\n"
        "from pipelines.checks import check\n"
        "from pipelines.compile import compile_pipeline\n"
        "from pipelines.definition import load\n"
        "from steps.site import Site\n"
        "texts = [compile_pipeline(name, Site()).definition for name in CATALOGUE]\n"
        f"for _ in range({NUM_RUNS}):\n"
        "    started = time.perf_counter()\n"
        "    assert not [finding for text in texts for finding in check(load(text))]\n"
        "    print(time.perf_counter() - started)\n"
    )
    return _printed_seconds(program)


def _printed_seconds(program: str) -> list[float]:
    result = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    return [float(line) for line in result.stdout.split()]
