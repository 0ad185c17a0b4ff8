"""The demonstration: the whole loop, on scikit-learn's handwritten digits."""

import csv
import os
import statistics
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from inference.client import URL_VARIABLE, Client
from inference.contract import CONTENT_TYPE_BY_SUFFIX
from inference.images import decode
from monitoring.corruptions import Corruption
from monitoring.ground_truth import GroundTruthWriter
from monitoring.traffic import Load, simulate
from monitoring.traffic_mix import TrafficMix, find_pictures
from pipelines.automation import local_scheduler
from pipelines.execution import Status, utc_now
from pipelines.local.execution import LocalExecution
from pipelines.local.hosting import EndpointState, Hosting
from pipelines.local.processes import JobServer
from pipelines.local.registry import ApprovalStatus, Registry
from pipelines.local.store import LocalStore, join
from pipelines.run import run_pipeline
from pipelines.summary import output_dir, print_figures
from steps.dataset import ORIGINALS_DIR
from steps.evaluate.contract import PREDICTIONS_FILE
from steps.evaluate.contract import Output as EvaluateOutput
from steps.ground_truth import ground_truth_uri
from steps.preprocess.contract import Output as PreprocessOutput
from steps.site import Site

NUM_REQUESTS = 400
REQUESTS_PER_SECOND = 200.0
LABEL_NOISE_FRACTION = 0.01
CAPTURE_SECONDS = 60.0
"""Longest wait for captured records: what cannot be written is dropped."""

_POLL_SECONDS = 0.1

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


def wait_for_records(store: LocalStore, uri: str, *, run_id: str, num_records: int) -> None:
    """Wait until what a simulation was answered is captured, and the last second of it is over."""
    deadline = time.monotonic() + CAPTURE_SECONDS
    while time.monotonic() < deadline:
        files = [path.read_text(encoding="utf-8") for _, path in store.objects(uri)]
        if sum(text.count(run_id) for text in files) >= num_records:
            break
        time.sleep(_POLL_SECONDS)
    time.sleep(1)  # Windows end with whole seconds.


def demo(site: Site, root: Path) -> int:
    """Go once round: from images to an endpoint, to drift, to a new model; return the exit code."""
    images_dir = root / "digits"
    print(f"Writing handwritten digits to {images_dir}", file=sys.stderr)
    write_digits(images_dir)
    with JobServer() as server:
        demonstration = _Demonstration(site=site, root=root, server=server)
        try:
            demonstration.run(images_dir)
        except _UnexpectedEndError as error:
            print(f"\nThe demonstration ends here: {error}", file=sys.stderr)
            return 1
    return 0


class _UnexpectedEndError(Exception):
    """An execution did not end as it was to."""


class _Demonstration:
    """The parts of the demonstration, in their order."""

    def __init__(self, *, site: Site, root: Path, server: JobServer) -> None:
        self._site = site
        self._root = root
        self._server = server
        self._store = LocalStore(root)
        self._rules = local_scheduler(site, root, schedules=(), start=self._start, say=self._say)
        self._executions: dict[str, LocalExecution] = {}
        """The newest execution of each pipeline."""

    def run(self, images_dir: Path) -> None:
        self._rules.run(is_once=True)  # From here on it sees what happens.
        self._run("training", images_dir=images_dir)
        self._approve()
        self._rules.run(is_once=True)
        self._check("deployment")
        self._ask()
        self._run("scoring", images_dir=self._test_dir)
        self._send("as they are", None)
        self._run("monitoring")
        self._send("half as bright", Corruption(kind="brightness", severity=-0.5))
        self._run("monitoring", expected=Status.FAILED)
        self._rules.run(is_once=True)
        self._check("retraining")

    def _run(
        self,
        name: str,
        *,
        images_dir: Path | None = None,
        expected: Status = Status.SUCCEEDED,
    ) -> None:
        self._start(name, {}, images_dir=images_dir)
        self._check(name, expected=expected)

    def _start(
        self, name: str, parameters: Mapping[str, str], *, images_dir: Path | None = None
    ) -> LocalExecution:
        execution = run_pipeline(
            name,
            self._site,
            parameters=parameters,
            root=self._root,
            images_dir=images_dir,
            server=self._server,
        )
        print()
        print_figures(execution, self._root, sys.stdout)
        print()
        self._executions[name] = execution
        return execution

    def _check(self, name: str, *, expected: Status = Status.SUCCEEDED) -> None:
        execution = self._executions.get(name)
        status = execution.status if execution is not None else "not there"
        if status is not expected:
            raise _UnexpectedEndError(f"{name} is {status}, and not {expected}.")

    def _say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def _approve(self) -> None:
        package = self._executions["training"].step("RegisterModel").properties["ModelPackageArn"]
        Registry(self._root).set_approval(
            package,
            ApprovalStatus.APPROVED,
            description="The demonstration approves it.",
            now=utc_now(),
        )

    @property
    def _test_dir(self) -> Path:
        """The images of the test split, as they were collected."""
        step = self._executions["training"].step("Preprocess")
        return output_dir(step, PreprocessOutput.TEST, self._store) / ORIGINALS_DIR

    @property
    def _endpoint(self) -> EndpointState:
        name = self._executions["deployment"].step("CreateEndpoint").properties["EndpointName"]
        endpoint = Hosting(self._root).endpoint(name)
        assert endpoint is not None  # noqa: S101 - it was just deployed to
        return endpoint

    def _client(self) -> Client:
        os.environ[URL_VARIABLE] = self._endpoint.url
        return Client(self._endpoint.name)

    def _ask(self) -> None:
        """Send every test image to the endpoint and compare with what the evaluation recorded."""
        client = self._client()
        evaluate = self._executions["training"].step("Evaluate")
        evaluation_dir = output_dir(evaluate, EvaluateOutput.EVALUATION, self._store)
        with (evaluation_dir / PREDICTIONS_FILE).open(newline="") as file:
            recorded = list(csv.DictReader(file))
        num_right = num_equal = 0
        seconds = []
        for row in recorded:
            started = time.perf_counter()
            answer = client.predict(self._test_dir / row["file"])
            seconds.append(time.perf_counter() - started)
            num_right += answer["predicted_label"] == row["actual_label"]
            num_equal += all(str(value) == row[field] for field, value in answer.items())
        print(
            f"{'Requests':<18}{len(recorded)} test images, {num_right} right, "
            f"{num_equal} answers as in the evaluation, "
            f"{statistics.median(seconds) * 1000:.1f} ms each\n"
        )

    def _send(self, words: str, corruption: Corruption | None) -> None:
        """Send test images at a steady rate, with labels, and wait until all are captured."""
        mix = TrafficMix(
            pictures=find_pictures(self._test_dir, suffixes=CONTENT_TYPE_BY_SUFFIX),
            label_noise_fraction=LABEL_NOISE_FRACTION,
            seed=NUM_REQUESTS,
        )
        labels_uri = ground_truth_uri(self._site, self._endpoint.name)
        with GroundTruthWriter(self._store.folder(labels_uri)) as labels:
            summary = simulate(
                mix,
                Load(requests_per_second=REQUESTS_PER_SECOND, num_requests=NUM_REQUESTS),
                send=self._client().predict,
                decode=decode,
                started_at=utc_now(),
                corruption=corruption,
                write_label=labels.add,
            )
        capture = Hosting(self._root).describe(self._endpoint)["DataCaptureConfig"]
        wait_for_records(
            self._store,
            join(capture["DestinationS3Uri"], self._endpoint.name) + "/",
            run_id=summary.run_id,
            num_records=summary.num_sent - summary.num_failed,
        )
        print(
            f"{'Traffic':<18}{summary.num_sent} test images {words}, {summary.num_failed} failed, "
            f"{summary.requests_per_second:.0f} requests/s\n"
        )
