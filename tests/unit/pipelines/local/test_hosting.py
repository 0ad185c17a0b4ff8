"""Tests of pipelines.local.hosting, with processes of endpoints and models without PyTorch."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inference.samples import SAMPLES_FILE
from pipelines.local import hosting as hosting_module
from pipelines.local.errors import StepFailed
from pipelines.local.hosting import Hosting
from pipelines.local.jobs.machine import Stopped
from pipelines.local.registry import ApprovalStatus
from pipelines.local.stand_ins import Backing
from pipelines.local.stand_ins.runtime import RuntimeStandIn
from pipelines.local.stand_ins.sagemaker import SageMakerStandIn
from tests.unit.pipelines.local.definitions import has_ended
from tests.unit.pipelines.local.models import ECHO, NOW, archive, register
from tests.waiting import SECONDS, wait_until

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

NEVER = threading.Event()


@pytest.fixture
def hosting(backing: Backing) -> Iterator[Hosting]:
    """Endpoints of an empty root, which end with the test."""
    yield backing.hosting
    for endpoint in backing.hosting.endpoints():
        backing.hosting.stop(endpoint.name)


@pytest.fixture
def configure(backing: Backing) -> Callable[..., str]:
    """Make an endpoint configuration for models with some names; returns its name."""

    def call(
        *names: str,
        config: str,
        code: str = ECHO,
        samples: dict[str, Any] | None = None,
        **more: Any,
    ) -> str:
        variants = []
        for number, name in enumerate(names):
            metadata = {}
            if samples is not None:
                metadata["samples_uri"] = f"s3://bucket/samples/{config}"
                backing.store.put_bytes(f"s3://bucket/samples/{config}/image", b"image")
                backing.store.put_bytes(
                    f"s3://bucket/samples/{config}/{SAMPLES_FILE}",
                    json.dumps(
                        [{"file": "image", "content_type": "image/png", "response": samples}]
                    ).encode(),
                )
            package = register(
                backing.store, backing.registry, archive(code, name=name), metadata=metadata
            )
            model = backing.hosting.create_model(
                {"PrimaryContainer": {"ModelPackageName": package["ModelPackageArn"]}},
                name=f"{config}-model-{number}",
                now=NOW,
            )
            variants.append(
                {
                    "VariantName": name,
                    "ModelName": model["ModelName"],
                    "InitialInstanceCount": 1,
                    "InitialVariantWeight": 1,
                }
            )
        backing.hosting.create_endpoint_config(
            {"EndpointConfigName": config, "ProductionVariants": variants, **more}, now=NOW
        )
        return config

    return call


def ask(backing: Backing, text: str = "hello", **options: str) -> dict[str, Any]:
    """What the endpoint `dogs` answers."""
    response = RuntimeStandIn(backing.hosting).invoke_endpoint(
        EndpointName="dogs", Body=text.encode(), ContentType="image/png", **options
    )
    return dict(json.loads(response["Body"].read()))


def status_of(hosting: Hosting) -> str | None:
    """Status of the endpoint `dogs`; None where there is none."""
    endpoint = hosting.endpoint("dogs")
    return endpoint.status if endpoint is not None else None


def test_an_endpoint_is_created_updated_and_stopped(
    backing: Backing, hosting: Hosting, configure: Callable[..., str], tmp_path: Path
) -> None:
    """It is found again by name, serves what was deployed last, and leaves nothing behind."""
    first = hosting.deploy("dogs", configure("a", config="one"), is_stopping=NEVER)
    assert ask(backing)["model"] == "a"

    second = hosting.deploy("dogs", configure("b", config="two"), is_stopping=NEVER)

    assert ask(backing)["model"] == "b"
    assert (first.pid, first.url) == (second.pid, second.url)
    assert second.config_name == "two"
    assert [endpoint.name for endpoint in Hosting(tmp_path).endpoints()] == ["dogs"]
    hosting.stop("dogs")
    assert has_ended(second.pid)
    assert hosting.endpoints() == []
    assert list((tmp_path / "endpoints").iterdir()) == []


def test_an_endpoint_is_described_as_by_the_service(
    hosting: Hosting, configure: Callable[..., str]
) -> None:
    """Variants, weights and data capture are in the description."""
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 50,
        "DestinationS3Uri": "s3://bucket/capture",
        "CaptureOptions": [{"CaptureMode": "Output"}],
    }
    config = configure("a", config="one", DataCaptureConfig=capture)
    endpoint = hosting.deploy("dogs", config, is_stopping=NEVER)

    description = hosting.describe(endpoint)

    assert description["EndpointArn"] == (
        "arn:aws:sagemaker:local-machine:000000000000:endpoint/dogs"
    )
    assert (description["EndpointStatus"], description["EndpointConfigName"]) == (
        "InService",
        "one",
    )
    assert description["ProductionVariants"] == [
        {
            "VariantName": "a",
            "CurrentWeight": 1.0,
            "DesiredWeight": 1.0,
            "CurrentInstanceCount": 1,
            "DesiredInstanceCount": 1,
        }
    ]
    assert description["DataCaptureConfig"] == {
        "EnableCapture": True,
        "CaptureStatus": "Started",
        "CurrentSamplingPercentage": 50,
        "DestinationS3Uri": "s3://bucket/capture",
        "KmsKeyId": "",
    }


def test_a_first_version_that_does_not_work(
    hosting: Hosting, configure: Callable[..., str]
) -> None:
    """The endpoint is Failed with the model's own reason; a good version can be deployed to it."""
    broken = configure("a", config="one", code="raise ImportError('no such thing')")

    with pytest.raises(StepFailed, match=r"Endpoint 'dogs' could not be created: .*no such thing"):
        hosting.deploy("dogs", broken, is_stopping=NEVER)

    endpoint = hosting.endpoint("dogs")
    assert endpoint is not None
    assert endpoint.status == "Failed"
    assert "no such thing" in endpoint.failure_reason
    good = hosting.deploy("dogs", configure("b", config="two"), is_stopping=NEVER)
    assert (good.status, good.failure_reason) == ("InService", "")


@pytest.mark.parametrize(
    ("version", "words"),
    [
        pytest.param({"code": "raise ImportError('no such thing')"}, "no such thing", id="load"),
        pytest.param({"samples": {"body": "else"}}, "only one of the answers has", id="samples"),
    ],
)
def test_a_version_that_does_not_work_changes_nothing(
    backing: Backing,
    hosting: Hosting,
    configure: Callable[..., str],
    version: dict[str, Any],
    words: str,
) -> None:
    """The old version answers, and the failure says so."""
    hosting.deploy("dogs", configure("a", config="one"), is_stopping=NEVER)

    with pytest.raises(StepFailed) as error:
        hosting.deploy(
            "dogs",
            configure("b", config="two", **version),
            is_stopping=NEVER,
        )

    assert str(error.value).startswith(
        "Endpoint 'dogs' could not go over to configuration 'two' and still serves 'one': "
    )
    assert words in str(error.value)
    assert ask(backing)["model"] == "a"


def test_an_error_of_the_transport_is_told_as_by_boto3(
    backing: Backing, hosting: Hosting, configure: Callable[..., str]
) -> None:
    """Without an error type, the status is the code."""
    hosting.deploy("dogs", configure("a", config="one"), is_stopping=NEVER)

    with pytest.raises(ClientError) as error:
        ask(backing, "x" * (6 * 1024 * 1024 + 1))

    assert error.value.response["Error"] == {
        "Code": "413",
        "Message": "HTTP content length exceeded 6291456 bytes.",
    }


def test_a_model_outlives_the_approval_of_its_package(
    backing: Backing, hosting: Hosting, configure: Callable[..., str]
) -> None:
    """What was deployed can be put back, whatever was decided about its package since."""
    first = hosting.deploy("dogs", configure("a", config="one"), is_stopping=NEVER)
    hosting.deploy("dogs", configure("b", config="two"), is_stopping=NEVER)
    [package] = first.model_packages
    backing.registry.set_approval(package, ApprovalStatus.REJECTED, description="", now=NOW)

    hosting.deploy("dogs", "one", is_stopping=NEVER)

    assert ask(backing)["model"] == "a"


def test_no_request_fails_while_versions_change(
    backing: Backing, hosting: Hosting, configure: Callable[..., str]
) -> None:
    """Requests in flight are finished by the version that took them."""
    hosting.deploy("dogs", configure("a", config="one"), is_stopping=NEVER)
    answers: list[str] = []
    is_done = threading.Event()

    def call() -> None:
        while not is_done.is_set():
            answers.append(ask(backing, "slow")["model"])

    callers = [threading.Thread(target=call) for _ in range(3)]
    for caller in callers:
        caller.start()
    try:
        wait_until(lambda: "a" in answers)
        for name in ("b", "c"):
            hosting.deploy("dogs", configure(name, config=f"to-{name}"), is_stopping=NEVER)
            wait_until(lambda: name in answers)  # noqa: B023 - it is over with its turn
    finally:
        is_done.set()
        for caller in callers:
            caller.join()

    assert sorted(set(answers)) == ["a", "b", "c"]


def test_a_process_that_was_killed_is_reported_and_replaced(
    backing: Backing, hosting: Hosting, configure: Callable[..., str]
) -> None:
    """A caller is told that nothing is there; a deployment starts a new process."""
    config = configure("a", config="one")
    killed = hosting.deploy("dogs", config, is_stopping=NEVER)
    os.kill(killed.pid, signal.SIGKILL)

    wait_until(lambda: status_of(hosting) == "OutOfService")
    with pytest.raises(Exception, match="Endpoint dogs not found"):
        ask(backing)
    again = hosting.deploy("dogs", config, is_stopping=NEVER)
    assert again.pid != killed.pid
    assert ask(backing)["model"] == "a"


def test_a_process_that_does_not_end_is_killed(
    hosting: Hosting, configure: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is busy for too long, or stopped by a debugger."""
    monkeypatch.setattr(hosting_module, "_STOP_SECONDS", 0.1)
    hanging = hosting.deploy("dogs", configure("a", config="one"), is_stopping=NEVER)
    os.kill(hanging.pid, signal.SIGSTOP)

    hosting.stop("dogs")

    assert has_ended(hanging.pid)
    assert hosting.endpoints() == []
    assert not hanging.log_path.parent.exists()


def test_what_does_not_exist_is_named(hosting: Hosting, backing: Backing) -> None:
    """Models, configurations and endpoints that are not there."""
    cases: list[tuple[Callable[[], object], str]] = [
        (lambda: hosting.container("m"), "Could not find model 'm'."),
        (
            lambda: hosting.deploy("dogs", "c", is_stopping=NEVER),
            "Could not find endpoint configuration 'c'.",
        ),
        (
            lambda: hosting.stop("dogs"),
            'Could not find endpoint "arn:aws:sagemaker:local-machine:000000000000:endpoint/dogs".',
        ),
        (
            lambda: hosting.create_model(
                {"PrimaryContainer": {"ModelPackageName": "dogs/7"}}, name="m", now=NOW
            ),
            "Model package 'dogs/7' does not exist.",
        ),
        (
            lambda: hosting.create_model(
                {"PrimaryContainer": {"ModelDataUrl": "model.tar.gz"}}, name="m", now=NOW
            ),
            "'model.tar.gz' is not an S3 URI; expected s3://<bucket>/<key>.",
        ),
        (
            lambda: hosting.create_model(
                {"Containers": [{"ModelDataUrl": "s3://bucket/nothing"}]}, name="m", now=NOW
            ),
            "There is no model archive 's3://bucket/nothing' in the local store "
            f"({backing.store.path('s3://bucket/nothing')}).",
        ),
    ]
    for call, message in cases:
        with pytest.raises(StepFailed) as error:
            call()
        assert str(error.value) == message


def test_names_are_taken_once(hosting: Hosting, configure: Callable[..., str]) -> None:
    """A configuration never changes."""
    configure("a", config="one")

    with pytest.raises(StepFailed) as error:
        hosting.create_endpoint_config(
            {"EndpointConfigName": "one", "ProductionVariants": []}, now=NOW
        )

    assert str(error.value) == "Cannot create already existing endpoint configuration 'one'."


def loads_with(path: Path) -> str:
    """Code of a model that is loaded as soon as there is a file."""
    return f"import os, time\nwhile not os.path.exists({str(path)!r}): time.sleep(0.01)\n{ECHO}"


def test_two_deployments_at_once_are_refused(
    hosting: Hosting, configure: Callable[..., str], tmp_path: Path
) -> None:
    """The second is told; the first goes on."""
    may_load = tmp_path / "may-load"
    slow = configure("a", config="one", code=loads_with(may_load))
    first = threading.Thread(
        target=hosting.deploy, args=("dogs", slow), kwargs={"is_stopping": NEVER}
    )
    first.start()
    try:
        wait_until(lambda: status_of(hosting) == "Creating")

        with pytest.raises(StepFailed) as error:
            hosting.deploy("dogs", slow, is_stopping=NEVER)
    finally:
        may_load.touch()
        first.join()

    assert str(error.value) == "Cannot update in-progress endpoint 'dogs'."
    assert status_of(hosting) == "InService"


def test_a_runner_that_stops_waits_no_longer(
    hosting: Hosting, configure: Callable[..., str], tmp_path: Path
) -> None:
    """The endpoint goes on by itself, as on the service."""
    may_load = tmp_path / "may-load"
    slow = configure("a", config="one", code=loads_with(may_load))
    is_stopping = threading.Event()
    is_stopping.set()

    with pytest.raises(Stopped):
        hosting.deploy("dogs", slow, is_stopping=is_stopping)

    may_load.touch()
    wait_until(lambda: status_of(hosting) == "InService")


def test_a_process_that_cannot_start_says_why(
    hosting: Hosting, configure: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last line of its log is the reason."""
    config = configure("a", config="one")
    monkeypatch.setattr(hosting_module.sys, "executable", "/bin/false")

    with pytest.raises(StepFailed, match="The process of endpoint 'dogs' ended: it left no word"):
        hosting.deploy("dogs", config, is_stopping=NEVER)


def test_a_process_that_goes_on_after_all_is_not_waited_for(
    hosting: Hosting, configure: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed endpoint that sees a new deployment at its end takes the lock again."""
    config = configure("a", config="one", code="raise ImportError('no such thing')")
    with pytest.raises(StepFailed, match="could not be created"):
        hosting.deploy("dogs", config, is_stopping=NEVER)
    endpoint = hosting.endpoint("dogs")
    assert endpoint is not None
    directory = endpoint.log_path.parent
    hosting_module._started.pop(directory).wait(SECONDS)
    takes_the_lock_late = """
import fcntl, json, pathlib, signal, time
time.sleep(0.3)
lock = open("lock", "a")
fcntl.flock(lock, fcntl.LOCK_EX)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
while True:
    time.sleep(0.01)
    wanted = json.loads(pathlib.Path("wanted.json").read_text())
    state = json.loads(pathlib.Path("state.json").read_text())
    state |= {"wanted_id": wanted["id"], "status": "InService", "failure_reason": ""}
    pathlib.Path("new").write_text(json.dumps(state))
    pathlib.Path("new").rename("state.json")
"""
    with subprocess.Popen([sys.executable, "-c", takes_the_lock_late], cwd=directory) as process:
        monkeypatch.setitem(hosting_module._started, directory, process)
        deploying = threading.Thread(
            target=hosting.deploy, args=("dogs", config), kwargs={"is_stopping": NEVER}
        )
        deploying.start()
        deploying.join(SECONDS)
        is_deployed = not deploying.is_alive()
        process.kill()
    deploying.join()

    assert is_deployed


def test_functions_see_endpoints_as_on_the_service(
    backing: Backing, hosting: Hosting, configure: Callable[..., str]
) -> None:
    """Describe, update and delete work through the stand-in, and absence is the service's error."""
    client = SageMakerStandIn(backing.root, backing.registry, hosting, NEVER)
    hosting.deploy("dogs", configure("a", config="one"), is_stopping=NEVER)
    configure("b", config="two")

    client.update_endpoint(EndpointName="dogs", EndpointConfigName="two")

    description = client.describe_endpoint(EndpointName="dogs")
    assert description["EndpointConfigName"] == "two"
    assert description["CreationTime"] <= description["LastModifiedTime"]
    client.delete_endpoint(EndpointName="dogs")
    for call in (client.describe_endpoint, client.delete_endpoint):
        with pytest.raises(Exception, match=r"ValidationException.* Could not find endpoint"):
            call(EndpointName="dogs")
    with pytest.raises(Exception, match=r"ValidationException.* Could not find endpoint config"):
        client.update_endpoint(EndpointName="dogs", EndpointConfigName="three")
