"""`python -m tests.benchmarks [NAME...]` measures the figures that the README states."""

import argparse
import importlib
import sys

NAMES = (
    "start_up", "pipeline", "throughput", "accuracy", "handler", "torchserve", "endpoint", "batch",
    "monitoring", "drift", "captured", "publish",
)  # fmt: skip


def main() -> int:
    """Run the benchmarks and return 1 if a target was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(NAMES)}")
    names = parser.parse_args().names or NAMES
    num_missed = 0
    for name in names:
        for figure in importlib.import_module(f"tests.benchmarks.{name}").figures():
            print(figure, flush=True)
            num_missed += not figure.is_reached
    return 1 if num_missed else 0


if __name__ == "__main__":
    sys.exit(main())
