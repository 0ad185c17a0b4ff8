"""The demonstration: the training pipeline on scikit-learn's handwritten digits."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from pipelines.local.execution import Execution, Status
from pipelines.local.store import LocalStore
from pipelines.run import run_pipeline
from steps.evaluate.contract import PAGE_FILE, REPORT_FILE, EvaluationReport, Output
from steps.site import Site

LABELS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
IMAGE_SIDE = 32
MAX_INK = 16
"""scikit-learn's digits have 8 x 8 pixels of 0 to 16."""


def write_digits(directory: Path) -> None:
    """Write the 1,797 digits as `<label>/<number>.png`, 32 x 32 pixels, where they are not yet.

    Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine
    Learning Repository, 1998, https://doi.org/10.24432/C50P49; the test set is in scikit-learn.
    """
    from PIL import Image
    from sklearn.datasets import load_digits

    digits = load_digits()
    for number, (pixels, target) in enumerate(zip(digits.images, digits.target, strict=True)):
        path = directory / LABELS[target] / f"{number:04}.png"
        if path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray((pixels * (255 / MAX_INK)).astype("uint8"))
        large = image.resize((IMAGE_SIDE, IMAGE_SIDE), Image.Resampling.BILINEAR)
        # Renamed when whole: a file that is there is not written again.
        large.save(path.with_suffix(".part"), "PNG")
        path.with_suffix(".part").replace(path)


def demo(site: Site, root: Path) -> int:
    """Run the demonstration, print its figures and return the exit code."""
    images_dir = root / "digits"
    print(f"Writing handwritten digits to {images_dir}", file=sys.stderr)
    write_digits(images_dir)
    execution = run_pipeline("training", site, parameters={}, root=root, images_dir=images_dir)
    print()
    for name, value in summary(execution, LocalStore(root)).items():
        print(f"{name:<18}{value}")
    return 0 if execution.status is Status.SUCCEEDED else 1


def summary(execution: Execution, store: LocalStore) -> Mapping[str, str]:
    """What a person wants to know of a training execution, as far as it came."""
    steps = {step.name: step for step in execution.steps if step.status is Status.SUCCEEDED}
    figures: dict[str, str] = {}
    if tune := steps.get("Tune"):
        tuned = tune.properties["BestTrainingJob"]["TunedHyperParameters"]
        figures["Tuned"] = " ".join(f"{name}={float(tuned[name]):.4g}" for name in sorted(tuned))
    if evaluate := steps.get("Evaluate"):
        outputs = evaluate.properties["ProcessingOutputConfig"]["Outputs"]
        uris = {output["OutputName"]: output["S3Output"]["S3Uri"] for output in outputs}
        directory = store.path(uris[Output.EVALUATION])
        report: EvaluationReport = json.loads((directory / REPORT_FILE).read_bytes())
        accuracy = report["metrics"]["accuracy"]["value"]
        figures["Test accuracy"] = f"{accuracy:.4f} on {report['num_images']} images"
        figures["Report"] = os.path.relpath(directory / PAGE_FILE)
    if gate := steps.get("CheckQuality"):
        has_passed = gate.properties["Outcome"] == "True"
        figures["Gate"] = f"{'passed' if has_passed else 'not passed'}: {gate.summary}"
    if register := steps.get("RegisterModel"):
        figures["Model package"] = register.summary
    return figures
