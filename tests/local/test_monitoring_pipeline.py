"""The compiled monitoring pipeline, run to its end on this machine, on real traffic."""

import io
import json
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from PIL import Image, ImageEnhance

from inference.client import URL_VARIABLE, Client
from pipelines.compile import Compiled
from pipelines.local.execution import Execution, Status
from pipelines.local.hosting import Hosting
from pipelines.local.processes import JobServer
from pipelines.summary import figures, output_dir
from tests.local.conftest import Machine, write_images

pytestmark = [pytest.mark.local, pytest.mark.allow_hosts(["127.0.0.1"])]

NAME = "image-classification"
PREFIX = f"s3://sagemaker-us-east-1-111122223333/{NAME}"
NUM_REQUESTS = 120


@pytest.fixture(scope="module")
def deployed(
    tmp_path_factory: pytest.TempPathFactory,
    compiled: Mapping[str, Compiled],
    server: JobServer,
) -> Iterator[tuple[Machine, Execution]]:
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
def machine(deployed: tuple[Machine, Execution]) -> Machine:
    """The machine, with nothing captured yet."""
    machine, _ = deployed
    for folder in ("capture", "monitoring", "ground-truth"):
        shutil.rmtree(machine.store.path(f"{PREFIX}/{folder}"), ignore_errors=True)
    return machine


@pytest.fixture
def images(deployed: tuple[Machine, Execution]) -> list[Image.Image]:
    """The images of the test split, as they were collected."""
    machine, training = deployed
    folder = output_dir(training.step("Preprocess"), "test", machine.store) / "originals"
    return [Image.open(path).convert("RGB") for path in sorted(folder.rglob("*.png"))]


def send(machine: Machine, monkeypatch: pytest.MonkeyPatch, images: list[Image.Image]) -> list[str]:
    """Ask the endpoint, until everything is captured; the inference ids."""
    endpoint = Hosting(machine.root).endpoint(NAME)
    assert endpoint is not None
    monkeypatch.setenv(URL_VARIABLE, endpoint.url)
    client = Client(NAME)
    run = uuid.uuid4().hex
    ids = [f"{run}-{number}" for number in range(NUM_REQUESTS)]
    for number, inference_id in enumerate(ids):
        buffer = io.BytesIO()
        images[number % len(images)].save(buffer, "PNG")
        client.predict(buffer.getvalue(), inference_id=inference_id)
    folder = machine.store.path(f"{PREFIX}/capture/{NAME}")
    for _ in range(100):
        files = [path.read_text() for path in folder.rglob("*.jsonl")]
        if sum(text.count(f'"inferenceId":"{run}') for text in files) == NUM_REQUESTS:
            return ids
        time.sleep(0.1)
    raise AssertionError(f"Not every record of {folder} was captured.")


def result(machine: Machine, execution: Execution, step: str = "CheckDrift") -> Any:
    """What a check found."""
    return json.loads((machine.output(execution, step, "violations") / "check.json").read_bytes())


def test_clean_traffic_has_no_violations(
    machine: Machine, images: list[Image.Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Images like those of the evaluation pass; the page of the next window shows this one."""
    send(machine, monkeypatch, images)
    time.sleep(1)  # The window ends with the last whole second.

    execution, talk = machine.run("monitoring")

    assert execution.status is Status.SUCCEEDED, talk
    check = result(machine, execution)
    assert (check["status"], check["num_records"]) == ("Completed", NUM_REQUESTS)
    assert (check["num_violations"], check["num_damaged"]) == (0, 0)
    metrics = (machine.root / "cloudwatch/aws/sagemaker/Endpoints/data-metrics.jsonl").read_text()
    assert execution.step("PublishMetrics").summary == f"{metrics.count('MetricName')} metrics"
    again, talk = machine.run("monitoring")
    assert again.status is Status.SUCCEEDED, talk
    page = (machine.output(again, "CheckDrift", "violations") / "report.html").read_text()
    assert "Distance by window" in page


def test_darkened_images_are_drift(
    machine: Machine, images: list[Image.Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The features are named with examples, and the execution fails in DriftDetected."""
    send(machine, monkeypatch, [ImageEnhance.Brightness(image).enhance(0.5) for image in images])
    time.sleep(1)

    execution, talk = machine.run("monitoring")

    assert execution.status is Status.FAILED, talk
    assert execution.step("DriftDetected").status is Status.FAILED
    assert str(execution.step("DriftDetected").failure_reason).startswith(
        f"Endpoint '{NAME}' has drifted. data: "
    )
    output = machine.output(execution, "CheckDrift", "violations")
    violations = json.loads((output / "constraint_violations.json").read_bytes())["violations"]
    assert "brightness" in {violation["feature_name"] for violation in violations}
    assert "data:image/png;base64," in (output / "report.html").read_text()


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
