"""The compiled monitoring pipeline, run to its end on this machine, on real traffic."""

import itertools
import json
import re
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageEnhance

from inference.client import URL_VARIABLE, Client
from monitoring.ground_truth import GroundTruthWriter
from pipelines.compile import Compiled
from pipelines.execution import Status, utc_now
from pipelines.local.execution import LocalExecution, hold
from pipelines.local.hosting import Hosting
from pipelines.local.processes import JobServer
from pipelines.summary import figures, output_dir
from tests.local.conftest import COLOURS, Machine, write_images
from tests.waiting import wait_until

pytestmark = [pytest.mark.local, pytest.mark.allow_hosts(["127.0.0.1"])]

NAME = "image-classification"
PREFIX = f"s3://sagemaker-us-east-1-111122223333/{NAME}"
ACTIVE = f"{PREFIX}/active/{NAME}.json"
NUM_REQUESTS = 120
HOUR = utc_now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=9)
"""An hour in which records were captured that tests write."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What an endpoint was asked about once, and its answers."""

    images: list[tuple[str, Image.Image]]
    """The images of the test split, as they were collected, with their labels."""
    lines: list[str]
    """The captured records, in the order of the requests, which repeat the images."""

    @property
    def labels(self) -> dict[str, str]:
        """The label of each request's image, by inference id."""
        labels = itertools.cycle(label for label, _ in self.images)
        ids = (json.loads(line)["eventMetadata"]["inferenceId"] for line in self.lines)
        return dict(zip(ids, labels, strict=False))


@pytest.fixture(scope="module")
def deployed(
    tmp_path_factory: pytest.TempPathFactory,
    compiled: Mapping[str, Compiled],
    server: JobServer,
) -> Iterator[tuple[Machine, Traffic]]:
    """A machine with an endpoint that captures everything, and traffic like the evaluation's."""
    images_dir = write_images(tmp_path_factory.mktemp("many") / "squares", num_images=150)
    machine = Machine(tmp_path_factory.mktemp("monitored") / "root", compiled, server)
    training, talk = machine.run("retraining", images_dir, ModelApprovalStatus="Approved")
    assert training.status is Status.SUCCEEDED, talk
    deployment, talk = machine.run("deployment", CaptureMode="InputAndOutput")
    assert deployment.status is Status.SUCCEEDED, talk
    folder = output_dir(training.step("Preprocess"), "test", machine.store) / "originals"
    paths = sorted(folder.rglob("*.png"))
    images = [(path.parent.name, Image.open(path).convert("RGB")) for path in paths]
    with pytest.MonkeyPatch.context() as monkeypatch:
        lines = send(machine, monkeypatch, [image for _, image in images])
    yield machine, Traffic(images, lines)
    hosting = Hosting(machine.root)
    for endpoint in hosting.endpoints():
        hosting.stop(endpoint.name)


@pytest.fixture
def machine(deployed: tuple[Machine, Traffic]) -> Machine:
    """The machine, with nothing captured yet."""
    machine, _ = deployed
    for folder in ("capture", "monitoring", "ground-truth"):
        shutil.rmtree(machine.store.path(f"{PREFIX}/{folder}"), ignore_errors=True)
    return machine


@pytest.fixture
def traffic(deployed: tuple[Machine, Traffic]) -> Traffic:
    """Traffic like the evaluation's."""
    return deployed[1]


def captured_dir(machine: Machine) -> Path:
    """Folder of the records of the deployment in force."""
    active = json.loads(machine.store.read_bytes(ACTIVE))
    return machine.store.path(active["capture_uri"])


def send(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, images: Iterable[Image.Image]
) -> list[str]:
    """Ask the endpoint, until everything is captured and the second is over; the records."""
    endpoint = Hosting(machine.root).endpoint(NAME)
    assert endpoint is not None
    monkeypatch.setenv(URL_VARIABLE, endpoint.url)
    client = Client(NAME)
    run = uuid.uuid4().hex
    ids = [f"{run}-{number}" for number in range(NUM_REQUESTS)]
    for inference_id, image in zip(ids, itertools.cycle(images), strict=False):
        client.predict(image, inference_id=inference_id)

    def found() -> list[str] | None:
        files = sorted(captured_dir(machine).rglob("*.jsonl"))
        lines = [line for path in files for line in path.read_text().splitlines()]
        captured = [line for line in lines if f'"inferenceId":"{run}' in line]
        return captured if len(captured) == NUM_REQUESTS else None

    lines = wait_until(found)
    time.sleep(1)
    return lines


def capture(machine: Machine, lines: Iterable[str], start: datetime) -> None:
    """Let records have been captured, from a time on, one per second."""
    files: dict[Path, list[str]] = {}
    for number, line in enumerate(lines):
        time = start + timedelta(seconds=number)
        record = json.loads(line)
        record["eventMetadata"]["inferenceTime"] = f"{time:%Y-%m-%dT%H:%M:%SZ}"
        path = captured_dir(machine) / f"AllTraffic/{time:%Y/%m/%d/%H}/{start:%M-%S}-000-x.jsonl"
        files.setdefault(path, []).append(json.dumps(record, separators=(",", ":")))
    for path, texts in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{text}\n" for text in texts))


def run_hourly(machine: Machine, hours: int, **parameters: str) -> LocalExecution:
    """Run the pipeline so many hours after the first records."""
    end = f"{HOUR + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"
    execution, talk = machine.run("monitoring", WindowEnd=end, **parameters)
    assert execution.status is Status.SUCCEEDED, talk
    return execution


def result(machine: Machine, execution: LocalExecution, step: str = "CheckDrift") -> Any:
    """What a check found."""
    return json.loads((machine.output(execution, step, "violations") / "check.json").read_bytes())


def add_labels(machine: Machine, labels: Mapping[str, str]) -> None:
    """Let people have labelled requests."""
    folder = machine.store.path(f"{PREFIX}/ground-truth/{NAME}")
    with GroundTruthWriter(folder) as writer:
        for inference_id, label in labels.items():
            writer.add(inference_id, label, utc_now())


def test_clean_traffic_has_no_violations(machine: Machine, traffic: Traffic) -> None:
    """Images like those of the evaluation pass; labels that come later are looked at later."""
    capture(machine, traffic.lines, HOUR)

    execution = run_hourly(machine, 1)

    check = result(machine, execution)
    assert (check["num_records"], check["num_damaged"]) == (NUM_REQUESTS, 0)
    assert (check["status"], check["worst"]) == ("Completed", "no violations")
    quality = result(machine, execution, "CheckModelQuality")
    assert (quality["status"], quality["num_pairs"]) == ("InsufficientData", 0)
    words = figures(execution, machine.root)
    for name in ("Report", "Quality report"):
        assert Path(words[name]).is_file()
    assert words["Window"].startswith(f"{NUM_REQUESTS} records of {NAME}/1 from ")
    assert words["Model quality"] == (
        f"violations=0 labelled=0 records={NUM_REQUESTS}: InsufficientData"
    )
    add_labels(machine, traffic.labels)
    again = run_hourly(machine, 1)
    assert result(machine, again)["num_records"] == 0
    quality = result(machine, again, "CheckModelQuality")
    assert (quality["status"], quality["num_pairs"]) == ("Completed", NUM_REQUESTS)
    folder = machine.root / "cloudwatch/aws/sagemaker/Endpoints"
    written = (folder / "model-metrics.jsonl").read_text()
    metrics = [json.loads(line) for line in written.splitlines()]
    assert {"accuracy", "weighted_f1"} < {metric["MetricName"] for metric in metrics}
    assert metrics[0]["Dimensions"][0] == {"Name": "Endpoint", "Value": NAME}
    assert (folder / "data-metrics.jsonl").is_file()


def test_hourly_executions_judge_a_record_once(machine: Machine, traffic: Traffic) -> None:
    """Not before it is delivered, and not again, although a window may have 24 hours."""
    capture(machine, traffic.lines, HOUR + timedelta(minutes=50))

    windows = [
        figures(run_hourly(machine, hours, CaptureDelayMinutes="15"), machine.root)["Window"]
        for hours in (1, 2, 3, 2)
    ]

    nothing = f"nothing to look at: endpoint '{NAME}' captured no records from "
    assert [words.split("T")[0][:-10] for words in windows[:3]] == [
        nothing,
        f"{NUM_REQUESTS} records of {NAME}/1 from ",
        nothing,
    ]
    judged = HOUR + timedelta(minutes=105)
    assert f"from {judged:%Y-%m-%dT%H:%M:%SZ} to " in windows[2]
    assert windows[3] == f"nothing to look at: judged already, up to {judged:%Y-%m-%dT%H:%M:%SZ}"


def test_an_execution_waits_for_an_earlier_one(machine: Machine, traffic: Traffic) -> None:
    """Records that it may be looking at are not looked at twice; they are once it has ended."""
    capture(machine, traffic.lines, HOUR)
    path = machine.root / "executions" / "monitoring" / "earlier"
    path.mkdir(parents=True)
    earlier = LocalExecution(
        id=path.name,
        pipeline="monitoring",
        path=path,
        status=Status.EXECUTING,
        started=utc_now(),
        ended=None,
        parameters={},
        definition_digest="0123456",
        steps=(),
    )
    earlier.save()

    with hold(path):
        waiting = run_hourly(machine, 1)
    next_one = run_hourly(machine, 1)

    assert figures(waiting, machine.root) == {
        "Window": "nothing to look at: execution 'earlier' started earlier and has not ended; "
        "what it leaves is looked at next time"
    }
    assert result(machine, next_one)["num_records"] == NUM_REQUESTS


def test_too_few_records_wait_for_the_next_window(machine: Machine, traffic: Traffic) -> None:
    """They are judged together with those of the next hour."""
    capture(machine, traffic.lines[:10], HOUR)
    capture(machine, traffic.lines[10:], HOUR + timedelta(hours=1))

    first, second = (result(machine, run_hourly(machine, hours)) for hours in (1, 2))

    assert (first["num_records"], first["status"]) == (10, "InsufficientData")
    assert (second["num_records"], second["status"]) == (NUM_REQUESTS, "Completed")


def test_the_page_shows_earlier_windows(machine: Machine, traffic: Traffic) -> None:
    """Each with its distances."""
    for hours in (0, 1):
        capture(machine, traffic.lines, HOUR + timedelta(hours=hours))
        execution = run_hourly(machine, hours + 1)
    page = (machine.output(execution, "CheckDrift", "violations") / "report.html").read_text()
    assert "Distance by window" in page


def test_darkened_images_are_drift(
    machine: Machine, traffic: Traffic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Features are named, with examples; a model that was put back meanwhile has no part in it."""
    put_back = fail_to_deploy(machine)
    send(
        machine,
        monkeypatch,
        [ImageEnhance.Brightness(image).enhance(0.5) for _, image in traffic.images],
    )
    others = machine.store.path(f"{PREFIX}/capture/{put_back.id}")
    wait_until(lambda: [path for path in others.rglob("*.jsonl") if path.read_text()])

    execution, talk = machine.run("monitoring")

    assert execution.status is Status.FAILED, talk
    assert result(machine, execution)["num_records"] == NUM_REQUESTS
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


def fail_to_deploy(machine: Machine) -> LocalExecution:
    """Deploy again, which fails after the new version answered its smoke test, and is undone."""
    active = machine.store.read_bytes(ACTIVE)
    machine.store.put_bytes(ACTIVE, b"this is no JSON")
    execution, talk = machine.run("deployment")
    machine.store.put_bytes(ACTIVE, active)
    assert execution.step("RestoreAfterActivation").status is Status.SUCCEEDED, talk
    return execution


def test_wrong_answers_are_drift(machine: Machine, traffic: Traffic) -> None:
    """Answers of which people say that they are wrong fail the execution, whatever the images."""
    capture(machine, traffic.lines, HOUR)
    names = sorted(COLOURS)
    wrong = {label: names[index - 1] for index, label in enumerate(names)}
    add_labels(machine, {name: wrong[label] for name, label in traffic.labels.items()})

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
