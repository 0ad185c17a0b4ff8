"""The compiled deployment pipeline, run to its end on this machine, with real endpoints."""

import csv
import io
import json
import os
import shutil
import signal
import tarfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from inference.client import URL_VARIABLE, Client
from pipelines.compile import Compiled
from pipelines.execution import Status, utc_now
from pipelines.local.execution import LocalExecution
from pipelines.local.hosting import EndpointState, Hosting
from pipelines.local.processes import JobServer
from pipelines.local.registry import ApprovalStatus, Registry
from pipelines.summary import output_dir
from tests.local.conftest import Machine
from tests.waiting import wait_until

pytestmark = [pytest.mark.local, pytest.mark.allow_hosts(["127.0.0.1"])]

NAME = "image-classification"
ACTIVE = f"s3://sagemaker-us-east-1-111122223333/image-classification/active/{NAME}.json"


@pytest.fixture(scope="module")
def trained(
    tmp_path_factory: pytest.TempPathFactory,
    images_dir: Path,
    compiled: Mapping[str, Compiled],
    server: JobServer,
) -> tuple[Path, LocalExecution]:
    """A root with one model package, and the execution that registered it."""
    machine = Machine(tmp_path_factory.mktemp("trained") / "root", compiled, server)
    execution, talk = machine.run("retraining", images_dir)
    assert execution.status is Status.SUCCEEDED, talk
    return machine.root, execution


@pytest.fixture
def machine(
    tmp_path: Path,
    trained: tuple[Path, LocalExecution],
    compiled: Mapping[str, Compiled],
    server: JobServer,
) -> Iterator[Machine]:
    """A machine with one model package that waits for approval; its endpoints end with the test."""
    shutil.copytree(trained[0], tmp_path / "root", symlinks=True)
    machine = Machine(tmp_path / "root", compiled, server)
    yield machine
    hosting = Hosting(machine.root)
    for endpoint in hosting.endpoints():
        hosting.stop(endpoint.name)


def approve(machine: Machine, version: int = 1) -> None:
    """Approve a package."""
    Registry(machine.root).set_approval(
        f"{NAME}/{version}", ApprovalStatus.APPROVED, description="", now=utc_now()
    )


def endpoint_of(machine: Machine) -> EndpointState:
    """The endpoint that deployments go to."""
    endpoint = Hosting(machine.root).endpoint(NAME)
    assert endpoint is not None
    return endpoint


def add_package(
    machine: Machine,
    *,
    change: Callable[[dict[str, bytes]], None] = lambda _: None,
    metadata: Mapping[str, str | None] | None = None,
) -> str:
    """Register an approved package like the first one, with other files; its ARN."""
    registry = Registry(machine.root)
    [first, *_] = registry.packages(NAME)
    container = first["InferenceSpecification"]["Containers"][0]
    with tarfile.open(machine.store.path(container["ModelDataUrl"])) as archive:
        files = {
            member.name: archive.extractfile(member).read()  # type: ignore[union-attr]
            for member in archive.getmembers()
        }
    change(files)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    uri = f"s3://bucket/changed/{len(registry.packages(NAME))}/model.tar.gz"
    machine.store.put_bytes(uri, buffer.getvalue())
    merged = {**first["CustomerMetadataProperties"], **(metadata or {})}
    request = {
        "ModelPackageGroupName": NAME,
        "ModelApprovalStatus": "Approved",
        "CustomerMetadataProperties": {k: v for k, v in merged.items() if v is not None},
        "InferenceSpecification": {"Containers": [{**container, "ModelDataUrl": uri}]},
    }
    return str(registry.register(request, now=utc_now())["ModelPackageArn"])


def ask(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, image: Path
) -> Mapping[str, float | str]:
    """The endpoint's answer, through boto3."""
    monkeypatch.setenv(URL_VARIABLE, endpoint_of(machine).url)
    return Client(NAME).predict(image)


def test_an_approved_package_is_deployed_and_answers_as_evaluated(
    machine: Machine, trained: tuple[Path, LocalExecution], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every answer to a test image equals the evaluation's, to the last digit."""
    approve(machine)

    execution, talk = machine.run("deployment")

    assert execution.status is Status.SUCCEEDED, talk
    endpoint = endpoint_of(machine)
    assert (endpoint.status, endpoint.failure_reason) == ("InService", "")
    assert endpoint.config_name == f"{NAME}-{execution.id}"
    monkeypatch.setenv(URL_VARIABLE, endpoint.url)
    client = Client(NAME)
    originals = output_dir(trained[1].step("Preprocess"), "test", machine.store) / "originals"
    evaluation = output_dir(trained[1].step("Evaluate"), "evaluation", machine.store)
    with (evaluation / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    for row in rows:
        answer = client.predict(originals / row["file"])
        assert {name: str(value) for name, value in answer.items()} == {
            name: value for name, value in row.items() if name not in {"file", "actual_label"}
        }


def test_a_deployment_is_recorded_as_active(machine: Machine) -> None:
    """The record names the package and its baselines; a second deployment knows the first."""
    approve(machine)
    first, talk = machine.run("deployment")
    assert first.status is Status.SUCCEEDED, talk
    record = json.loads(machine.store.read_bytes(ACTIVE))

    assert record["endpoint_config_name"] == f"{NAME}-{first.id}"
    place = f"{ACTIVE.partition('/active/')[0]}/capture"
    assert record["capture_uri"] == f"{place}/{first.id}/{NAME}"
    assert record["model_package_arn"].endswith(f"model-package/{NAME}/1")
    assert record["previous_model_package_arn"] == ""
    for name in ("data_statistics", "data_constraints", "model_statistics", "model_constraints"):
        assert json.loads(machine.store.read_bytes(record[f"{name}_uri"]))

    second_arn = add_package(machine)
    second, talk = machine.run("deployment", ModelPackageArn=second_arn)
    assert second.status is Status.SUCCEEDED, talk
    record = json.loads(machine.store.read_bytes(ACTIVE))
    assert record["model_package_arn"] == second_arn
    assert record["capture_uri"] == f"{place}/{second.id}/{NAME}"
    assert record["previous_model_package_arn"].endswith(f"model-package/{NAME}/1")
    assert endpoint_of(machine).model_packages == (second_arn,)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        pytest.param(
            {},
            f"Group '{NAME}' has no approved model package; approve one with 'pipelines approve "
            f"{NAME}/<version>', then start again.",
            id="none-approved",
        ),
        pytest.param(
            {"ModelPackageArn": f"{NAME}/1"},
            f"Model package '{NAME}/1' is PendingManualApproval; approve it with 'pipelines "
            f"approve {NAME}/1', or choose another, then start again.",
            id="pending",
        ),
        pytest.param(
            {"ModelPackageArn": f"{NAME}/7"},
            f"Model package '{NAME}/7' does not exist; expected its ARN, {NAME}/<version> or "
            "latest.",
            id="missing",
        ),
    ],
)
def test_an_unapproved_or_missing_package_creates_nothing(
    machine: Machine, parameters: dict[str, str], reason: str
) -> None:
    """The execution fails with a sentence that says what to do."""
    execution, _ = machine.run("deployment", **parameters)

    assert execution.status is Status.FAILED
    assert execution.failure_reason == f"Step 'PackageNotApproved' failed: {reason}"
    assert not (machine.root / "models").exists()
    assert not (machine.root / "endpoint-configs").exists()
    assert Hosting(machine.root).endpoints() == []


def _break_weights(files: dict[str, bytes]) -> None:
    files["weights.pt"] = b"these are no weights"


def _swap_labels(files: dict[str, bytes]) -> None:
    labels = json.loads(files["labels.json"])
    files["labels.json"] = json.dumps(labels[::-1]).encode()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(_break_weights, "weights", id="does-not-load"),
        pytest.param(_swap_labels, "predicted_label is ", id="answers-otherwise"),
    ],
)
def test_a_broken_package_leaves_the_old_version_answering(
    machine: Machine,
    images_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[dict[str, bytes]], None],
    words: str,
) -> None:
    """The update fails with the reason; endpoint and active baseline stay what they were."""
    approve(machine)
    assert machine.run("deployment")[0].status is Status.SUCCEEDED
    image = next(images_dir.rglob("*.png"))
    before, state = ask(machine, monkeypatch, image), endpoint_of(machine)
    active = machine.store.read_bytes(ACTIVE)

    execution, _ = machine.run("deployment", ModelPackageArn=add_package(machine, change=change))

    assert execution.status is Status.FAILED
    assert execution.step("CreateEndpoint").status is Status.FAILED
    assert words in str(execution.failure_reason)
    after = endpoint_of(machine)
    assert (after.status, after.config_name) == ("InService", state.config_name)
    assert words in after.failure_reason
    assert ask(machine, monkeypatch, image) == before
    assert machine.store.read_bytes(ACTIVE) == active


def _without_samples(machine: Machine) -> str:
    return add_package(machine, metadata={"samples_uri": None})


def _with_damaged_active(machine: Machine) -> str:
    machine.store.put_bytes(ACTIVE, b"this is no JSON")
    return add_package(machine)


@pytest.mark.parametrize(
    ("prepare", "failed", "restore", "end"),
    [
        pytest.param(
            _without_samples,
            "SmokeTest",
            "RestoreAfterSmokeTest",
            "SmokeTestFailed",
            id="smoke-test",
        ),
        pytest.param(
            _with_damaged_active,
            "ActivateBaseline",
            "RestoreAfterActivation",
            "ActivationFailed",
            id="activation",
        ),
    ],
)
def test_the_previous_configuration_comes_back(
    machine: Machine,
    prepare: Callable[[Machine], str],
    failed: str,
    restore: str,
    end: str,
) -> None:
    """What fails after the roll-out is undone by a step that runs because of it."""
    approve(machine)
    assert machine.run("deployment")[0].status is Status.SUCCEEDED
    before = endpoint_of(machine)

    execution, talk = machine.run("deployment", ModelPackageArn=prepare(machine))

    assert execution.status is Status.FAILED, talk
    statuses = {step.name: step.status for step in execution.steps}
    assert statuses["CreateEndpoint"] is Status.SUCCEEDED
    assert statuses[failed] is Status.FAILED
    assert statuses[restore] is Status.SUCCEEDED
    assert statuses[end] is Status.FAILED
    assert str(execution.failure_reason).startswith(f"Step '{failed}' failed: ")
    assert endpoint_of(machine).config_name == before.config_name


def test_a_resumed_deployment_deploys_again(machine: Machine) -> None:
    """What was undone when it failed is done again, so that the record says what is served."""
    approve(machine)
    assert machine.run("deployment")[0].status is Status.SUCCEEDED
    active = machine.store.read_bytes(ACTIVE)
    arn = _with_damaged_active(machine)
    failed, _ = machine.run("deployment", ModelPackageArn=arn)
    machine.store.put_bytes(ACTIVE, active)

    execution, talk = machine.run("deployment", resume=failed.id)

    assert execution.status is Status.SUCCEEDED, talk
    assert json.loads(machine.store.read_bytes(ACTIVE))["model_package_arn"] == arn
    assert endpoint_of(machine).model_packages == (arn,)


def test_a_first_deployment_that_fails_leaves_no_endpoint(machine: Machine) -> None:
    """There is no earlier configuration to go back to."""
    execution, _ = machine.run("deployment", ModelPackageArn=_without_samples(machine))

    assert execution.status is Status.FAILED
    assert execution.step("RestoreAfterSmokeTest").summary == (
        f"Endpoint '{NAME}' did not exist before and was deleted."
    )
    assert Hosting(machine.root).endpoints() == []


def test_a_killed_process_is_reported_and_started_again(
    machine: Machine, images_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its workers end with it; the next deployment puts the endpoint back into service."""
    approve(machine)
    assert machine.run("deployment")[0].status is Status.SUCCEEDED
    os.kill(endpoint_of(machine).pid, signal.SIGKILL)
    wait_until(lambda: not endpoint_of(machine).is_alive)
    assert endpoint_of(machine).status == "OutOfService"

    execution, talk = machine.run("deployment")

    assert execution.status is Status.SUCCEEDED, talk
    assert endpoint_of(machine).status == "InService"
    assert ask(machine, monkeypatch, next(images_dir.rglob("*.png")))["predicted_label"]


def test_autoscaling_is_off_until_it_is_asked_for(machine: Machine) -> None:
    """With a bound, target and policy are what the service would be told."""
    approve(machine)
    assert machine.run("deployment")[0].status is Status.SUCCEEDED
    folder = endpoint_of(machine).log_path.parent
    assert list(folder.glob("autoscaling-*.json")) == []

    execution, talk = machine.run("deployment", MaxInstanceCount="3")

    assert execution.status is Status.SUCCEEDED, talk
    [kept] = folder.glob("autoscaling-*.json")
    record: dict[str, Any] = json.loads(kept.read_bytes())
    assert record["ScalableTarget"]["MaxCapacity"] == 3
    assert record["ScalingPolicy"]["PolicyType"] == "TargetTrackingScaling"
