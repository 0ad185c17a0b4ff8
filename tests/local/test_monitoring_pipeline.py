"""The compiled monitoring pipeline, run to its end on this machine, on real traffic."""

import itertools
import json
import re
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageEnhance

from inference.client import URL_VARIABLE, Client
from monitoring.ground_truth import GroundTruthWriter
from pipelines.compile import Compiled
from pipelines.execution import Status, utc_now
from pipelines.local.execution import LocalExecution
from pipelines.local.hosting import Hosting
from pipelines.local.processes import JobServer
from pipelines.summary import figures, output_dir
from tests.local.conftest import COLOURS, Machine, write_images

pytestmark = [pytest.mark.local, pytest.mark.allow_hosts(["127.0.0.1"])]

NAME = "image-classification"
PREFIX = f"s3://sagemaker-us-east-1-111122223333/{NAME}"
NUM_REQUESTS = 120


@pytest.fixture(scope="module")
def deployed(
    tmp_path_factory: pytest.TempPathFactory,
    compiled: Mapping[str, Compiled],
    server: JobServer,
) -> Iterator[tuple[Machine, LocalExecution]]:
    """A machine with an endpoint that captures everything, and the execution that trained."""
    images_dir = write_images(tmp_path_factory.mktemp("many") / "squares", num_images=150)
    machine = Machine(tmp_path_factory.mktemp("monitored") / "root", compiled, server)
    training, talk = machine.run("retraining", images_dir, ModelApprovalStatus="Approved")
    assert training.status is Status.SUCCEEDED, talk
    deployment, talk = machine.run("deployment", CaptureMode="InputAndOutput")
    assert deployment.status is Status.SUCCEEDED, talk
    time.sleep(1)  # Records of the second of the deployment may be those of its smoke test.
    yield machine, training
    hosting = Hosting(machine.root)
    for endpoint in hosting.endpoints():
        hosting.stop(endpoint.name)


@pytest.fixture
def machine(deployed: tuple[Machine, LocalExecution]) -> Machine:
    """The machine, with nothing captured yet."""
    machine, _ = deployed
    for folder in ("capture", "monitoring", "ground-truth"):
        shutil.rmtree(machine.store.path(f"{PREFIX}/{folder}"), ignore_errors=True)
    return machine


@pytest.fixture
def images(deployed: tuple[Machine, LocalExecution]) -> list[tuple[str, Image.Image]]:
    """The images of the test split, as they were collected, with their labels."""
    machine, training = deployed
    folder = output_dir(training.step("Preprocess"), "test", machine.store) / "originals"
    paths = sorted(folder.rglob("*.png"))
    return [(path.parent.name, Image.open(path).convert("RGB")) for path in paths]


def send(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, images: Iterable[Image.Image]
) -> list[str]:
    """Ask the endpoint, until everything is captured and the second is over; the inference ids."""
    endpoint = Hosting(machine.root).endpoint(NAME)
    assert endpoint is not None
    monkeypatch.setenv(URL_VARIABLE, endpoint.url)
    client = Client(NAME)
    run = uuid.uuid4().hex
    ids = [f"{run}-{number}" for number in range(NUM_REQUESTS)]
    for inference_id, image in zip(ids, itertools.cycle(images), strict=False):
        client.predict(image, inference_id=inference_id)
    folder = machine.store.path(f"{PREFIX}/capture/{NAME}")
    for _ in range(100):
        files = [path.read_text() for path in folder.rglob("*.jsonl")]
        if sum(text.count(f'"inferenceId":"{run}') for text in files) == NUM_REQUESTS:
            time.sleep(1)
            return ids
        time.sleep(0.1)
    raise AssertionError(f"Not every record of {folder} was captured.")


def result(machine: Machine, execution: LocalExecution, step: str = "CheckDrift") -> Any:
    """What a check found."""
    return json.loads((machine.output(execution, step, "violations") / "check.json").read_bytes())


def add_labels(machine: Machine, labels: Mapping[str, str]) -> None:
    """Let people have labelled requests."""
    folder = machine.store.path(f"{PREFIX}/ground-truth/{NAME}")
    with GroundTruthWriter(folder) as writer:
        for inference_id, label in labels.items():
            writer.add(inference_id, label, utc_now())


def test_clean_traffic_has_no_violations(
    machine: Machine, images: list[tuple[str, Image.Image]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Images like those of the evaluation pass; the page of the next window shows this one."""
    labels, pictures = zip(*images, strict=True)
    ids = send(machine, monkeypatch, pictures)

    execution, talk = machine.run("monitoring")

    assert execution.status is Status.SUCCEEDED, talk
    check = result(machine, execution)
    assert (check["num_records"], check["num_damaged"]) == (NUM_REQUESTS, 0)
    assert check["worst"] == "no violations"
    quality = result(machine, execution, "CheckModelQuality")
    assert (quality["status"], quality["num_pairs"]) == ("InsufficientData", 0)
    words = figures(execution, machine.root)
    for name in ("Report", "Quality report"):
        assert Path(words[name]).is_file()
    assert words["Window"].startswith(f"{NUM_REQUESTS} records of {NAME}/1 from ")
    assert words["Model quality"] == (
        f"violations=0 labelled=0 records={NUM_REQUESTS}: InsufficientData"
    )
    add_labels(machine, dict(zip(ids, itertools.cycle(labels), strict=False)))
    again, talk = machine.run("monitoring")
    assert again.status is Status.SUCCEEDED, talk
    quality = result(machine, again, "CheckModelQuality")
    assert (quality["status"], quality["num_pairs"]) == ("Completed", NUM_REQUESTS)
    folder = machine.root / "cloudwatch/aws/sagemaker/Endpoints"
    written = (folder / "model-metrics.jsonl").read_text()
    metrics = [json.loads(line) for line in written.splitlines()]
    assert {"accuracy", "weighted_f1"} < {metric["MetricName"] for metric in metrics}
    assert metrics[0]["Dimensions"][0] == {"Name": "Endpoint", "Value": NAME}
    assert (folder / "data-metrics.jsonl").is_file()
    page = (machine.output(again, "CheckDrift", "violations") / "report.html").read_text()
    assert "Distance by window" in page


def test_darkened_images_are_drift(
    machine: Machine, images: list[tuple[str, Image.Image]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The features are named with examples, and the execution fails in DriftDetected."""
    send(machine, monkeypatch, [ImageEnhance.Brightness(image).enhance(0.5) for _, image in images])

    execution, talk = machine.run("monitoring")

    assert execution.status is Status.FAILED, talk
    assert execution.step("DriftDetected").status is Status.FAILED
    assert re.match(
        r"Violations: data [1-9]\d*, model quality 0\. "
        f"The worst at endpoint '{NAME}': data: .*; model quality: no violations",
        str(execution.step("DriftDetected").failure_reason),
    )
    output = machine.output(execution, "CheckDrift", "violations")
    violations = json.loads((output / "constraint_violations.json").read_bytes())["violations"]
    assert "brightness" in {violation["feature_name"] for violation in violations}
    assert "data:image/png;base64," in (output / "report.html").read_text()


def test_wrong_answers_are_drift(
    machine: Machine, images: list[tuple[str, Image.Image]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers of which people say that they are wrong fail the execution, whatever the images."""
    ids = send(machine, monkeypatch, [image for _, image in images])
    names = sorted(COLOURS)
    wrong = {label: names[index - 1] for index, label in enumerate(names)}
    labels = (wrong[label] for label, _ in itertools.cycle(images))
    add_labels(machine, dict(zip(ids, labels, strict=False)))

    execution, talk = machine.run("monitoring")

    assert execution.status is Status.FAILED, talk
    reason = str(execution.step("DriftDetected").failure_reason)
    assert "data: no violations; model quality: accuracy 0" in reason


def test_an_empty_window_ends_quietly(machine: Machine) -> None:
    """Nothing is started where nothing was captured, and the summary says so."""
    execution, talk = machine.run("monitoring")

    assert execution.status is Status.SUCCEEDED, talk
    assert execution.step("CheckDrift").status is Status.SKIPPED
    words = figures(execution, machine.root)["Window"]
    assert words.startswith(f"nothing to look at: endpoint '{NAME}' captured no records from ")


def test_nothing_deployed_ends_quietly(machine: Machine) -> None:
    """An endpoint without an active baseline has nothing to be compared with."""
    execution, talk = machine.run("monitoring", EndpointName="another")

    assert execution.status is Status.SUCCEEDED, talk
    assert figures(execution, machine.root) == {
        "Window": "nothing to look at: no baseline is in force for endpoint 'another'"
    }
