"""Test accuracy on the digits with the default hyperparameters, over five seeds."""

import json
import statistics
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pipelines.demo import IMAGE_SIDE, write_digits
from tests.benchmarks.figures import Figure

NUM_SEEDS = 5


def figures() -> Iterator[Figure]:
    """Accuracy of each seed, and their mean."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        preprocess_digits(folder)
        accuracies = []
        for seed in range(NUM_SEEDS):
            accuracies.append(_accuracy(folder, seed))
            yield Figure(f"test accuracy, seed {seed}", accuracies[-1], "")
        yield Figure("test accuracy, mean", statistics.fmean(accuracies), "", at_least=0.985)


def preprocess_digits(folder: Path) -> None:
    """Write the digits to `folder/raw` and their splits beside it."""
    from steps.preprocess.script import main

    write_digits(folder / "raw")
    names = ("raw", "train", "validation", "test", "report")
    paths = [text for name in names for text in (f"--{name}-dir", str(folder / name))]
    main([*paths, "--image-size", str(IMAGE_SIDE)])


def _accuracy(folder: Path, seed: int) -> float:
    from steps.evaluate.contract import MODEL_FILE, REPORT_FILE
    from steps.evaluate.script import main as evaluate
    from steps.train.script import main as train

    run_dir = folder / f"seed-{seed}"
    train(
        [
            *("--seed", str(seed)),
            *("--train-dir", str(folder / "train")),
            *("--validation-dir", str(folder / "validation")),
            *("--model-dir", str(run_dir / "artifact")),
            *("--output-data-dir", str(run_dir / "data")),
            *("--checkpoint-dir", str(run_dir / "checkpoints")),
        ]
    )
    (run_dir / "model").mkdir()
    (run_dir / "approved").mkdir()
    (run_dir / "approved" / "none").touch()
    with tarfile.open(run_dir / "model" / MODEL_FILE, "w:gz") as archive:
        archive.add(run_dir / "artifact", ".")
    names = ("model", "approved", "evaluation", "baseline")
    paths = [text for name in names for text in (f"--{name}-dir", str(run_dir / name))]
    evaluate([*paths, "--test-dir", str(folder / "test")])
    report = json.loads((run_dir / "evaluation" / REPORT_FILE).read_bytes())
    return float(report["metrics"]["accuracy"]["value"])
