"""The demonstration: every pipeline in turn, on scikit-learn's handwritten digits."""

import csv
import os
import statistics
import sys
import time
from pathlib import Path

from pipelines.local.execution import Execution, Status, utc_now
from pipelines.local.hosting import Hosting
from pipelines.local.processes import JobServer
from pipelines.local.registry import ApprovalStatus, Registry
from pipelines.local.store import LocalStore
from pipelines.run import run_pipeline
from pipelines.summary import output_dir, print_figures
from steps.dataset import ORIGINALS_DIR
from steps.evaluate.contract import PREDICTIONS_FILE
from steps.evaluate.contract import Output as EvaluateOutput
from steps.preprocess.contract import Output as PreprocessOutput
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
    """Train, approve, deploy, ask and score; print the figures and return the exit code."""
    images_dir = root / "digits"
    print(f"Writing handwritten digits to {images_dir}", file=sys.stderr)
    write_digits(images_dir)
    with JobServer() as server:
        training = _run("training", site, root, server, images_dir=images_dir)
        if training.status is not Status.SUCCEEDED:
            return 1
        package = training.step("RegisterModel").properties["ModelPackageArn"]
        Registry(root).set_approval(
            package,
            ApprovalStatus.APPROVED,
            description="The demonstration approves it.",
            now=utc_now(),
        )
        print(f"\nApproved {package.partition('/')[2]}\n", file=sys.stderr)
        deployment = _run("deployment", site, root, server)
        if deployment.status is not Status.SUCCEEDED:
            return 1
        name = deployment.step("CreateEndpoint").properties["EndpointName"]
        _ask(name, training, root)
        scoring = _run("scoring", site, root, server, images_dir=_test_dir(training, root))
    return 0 if scoring.status is Status.SUCCEEDED else 1


def _run(
    name: str, site: Site, root: Path, server: JobServer, *, images_dir: Path | None = None
) -> Execution:
    execution = run_pipeline(
        name, site, parameters={}, root=root, images_dir=images_dir, server=server
    )
    print()
    print_figures(execution, root, sys.stdout)
    return execution


def _test_dir(training: Execution, root: Path) -> Path:
    """The images of the test split, as they were collected."""
    step = training.step("Preprocess")
    return output_dir(step, PreprocessOutput.TEST, LocalStore(root)) / ORIGINALS_DIR


def _ask(name: str, training: Execution, root: Path) -> None:
    """Send every test image to the endpoint and compare with what the evaluation recorded."""
    from inference.client import URL_VARIABLE, Client

    endpoint = Hosting(root).endpoint(name)
    assert endpoint is not None  # noqa: S101 - it was just created
    os.environ[URL_VARIABLE] = endpoint.url
    client = Client(name)
    evaluation_dir = output_dir(
        training.step("Evaluate"), EvaluateOutput.EVALUATION, LocalStore(root)
    )
    with (evaluation_dir / PREDICTIONS_FILE).open(newline="") as file:
        recorded = list(csv.DictReader(file))
    num_right = num_equal = 0
    seconds = []
    for row in recorded:
        started = time.perf_counter()
        answer = client.predict(_test_dir(training, root) / row["file"])
        seconds.append(time.perf_counter() - started)
        num_right += answer["predicted_label"] == row["actual_label"]
        num_equal += all(str(value) == row[field] for field, value in answer.items())
    milliseconds = statistics.median(seconds) * 1000
    print(
        f"{'Requests':<18}{len(recorded)} test images, {num_right} right, "
        f"{num_equal} answers as in the evaluation, {milliseconds:.1f} ms each\n"
    )
