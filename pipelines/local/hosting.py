"""Keeps models, endpoint configurations and endpoints: what CreateModel and its kin do here.

```
<root>/models/<name>.json               a model, as DescribeModel gives it
<root>/endpoint-configs/<name>.json     an endpoint configuration, as DescribeEndpointConfig does
<root>/endpoints/<name>/                an endpoint and its process: pipelines.local.serving.records
```
"""

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from inference.package import Metadata
from pipelines.definition import Json
from pipelines.local.errors import StepFailed, StorageError
from pipelines.local.files import create_text, to_json
from pipelines.local.jobs.machine import Stopped, arn
from pipelines.local.locks import locked
from pipelines.local.registry import ApprovalStatus, Registry
from pipelines.local.serving.records import (
    LOG_FILE,
    EndpointStatus,
    State,
    Variant,
    Wanted,
    is_alive,
)
from pipelines.local.store import LocalStore

DEPLOY_SECONDS = 600.0
"""Longest wait for an endpoint to go over to a configuration."""
_STOP_SECONDS = 30.0
"""How long an endpoint may finish its requests; the service's own limit after SIGTERM.

Source: Amazon SageMaker AI Developer Guide, "Custom Inference Code with Hosting Services",
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""
_POLL_SECONDS = 0.02
_PASSED_ON = ("CUDA_VISIBLE_DEVICES", "HOME", "LD_LIBRARY_PATH", "PATH", "TMPDIR")
_DEFAULT_WEIGHT = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Container:
    """What it takes to serve a model."""

    archive: Path
    """Its `model.tar.gz`."""
    environment: Mapping[str, str]
    model_package_arn: str
    """Empty where the model was not made from a package."""
    samples_dir: str
    """Folder of the package's samples; empty without."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EndpointState:
    """An endpoint, for a person or a program that lists endpoints."""

    name: str
    status: str
    """As DescribeEndpoint has it; `OutOfService` where its process died."""
    url: str
    """What `AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME` must be to call it."""
    config_name: str
    model_packages: tuple[str, ...]
    """ARNs of the packages that it serves, one per variant."""
    failure_reason: str
    """Why the last deployment failed; empty if it did not."""
    pid: int
    created: str
    modified: str
    log_path: Path
    is_alive: bool

    @property
    def arn(self) -> str:
        """ARN of the endpoint on this machine."""
        return _endpoint_arn(self.name)


class Hosting:
    """The models, endpoint configurations and endpoints of one root folder."""

    def __init__(self, root: Path) -> None:
        """Use `root`, the folder that also holds the object store and the registry."""
        self._root = root.resolve()
        self._store = LocalStore(root)
        self._registry = Registry(root)

    def create_model(
        self, request: Mapping[str, Json], *, name: str, now: datetime
    ) -> dict[str, Any]:
        """Add a model.

        Args:
            request: The request of CreateModel.
            name: Its name where the request has none.
            now: Creation time.

        Returns:
            The response of DescribeModel.

        Raises:
            StepFailed: The model package or the archive is not there, the package is not approved,
                or the name is taken.
        """
        model = {
            "ModelName": name,
            **request,
            "ModelArn": arn(f"model/{request.get('ModelName', name).lower()}"),
            "CreationTime": now.isoformat(),
        }
        # Asked once: a model outlives what is decided about its package later.
        package = self._registry.find(self._resolve(model).model_package_arn)
        if package is not None and package["ModelApprovalStatus"] != ApprovalStatus.APPROVED:
            raise StepFailed(
                f"Model package '{package['ModelPackageArn']}' is "
                f"{package['ModelApprovalStatus']}; only an approved one can be deployed."
            )
        return self._create("models", "model", model["ModelName"], model)

    def create_endpoint_config(
        self, request: Mapping[str, Json], *, now: datetime
    ) -> dict[str, Any]:
        """Add an endpoint configuration.

        Args:
            request: The request of CreateEndpointConfig.
            now: Creation time.

        Returns:
            The response of DescribeEndpointConfig.

        Raises:
            StepFailed: A model is not there, or the name is taken.
        """
        name = request["EndpointConfigName"]
        for variant in request["ProductionVariants"]:
            self.container(variant["ModelName"])
        config = {
            **request,
            "EndpointConfigArn": arn(f"endpoint-config/{name.lower()}"),
            "CreationTime": now.isoformat(),
        }
        return self._create("endpoint-configs", "endpoint configuration", name, config)

    def container(self, model_name: str) -> Container:
        """What it takes to serve a model.

        Raises:
            StepFailed: There is no such model, or it cannot be served.
        """
        return self._resolve(self._read("models", "model", model_name))

    def deploy(
        self, name: str, config_name: str, *, is_stopping: threading.Event
    ) -> "EndpointState":
        """Create an endpoint, or let it go over to another configuration, and wait for that.

        Args:
            name: Name of the endpoint.
            config_name: Name of the endpoint configuration.
            is_stopping: Tells when to wait no longer; the endpoint goes on by itself.

        Raises:
            StepFailed: The new version does not work; an earlier one goes on.
            Stopped: The runner is stopping.
        """
        wanted = self._wanted(name, config_name)
        directory = self._endpoint_dir(name)
        directory.mkdir(parents=True, exist_ok=True)
        with _deploying(directory, name):
            wanted.write(directory)
            _wake(directory)
            state = _wait(directory, wanted, is_stopping)
        if state.status is EndpointStatus.FAILED:
            raise StepFailed(f"Endpoint '{name}' could not be created: {state.failure_reason}")
        if state.failure_reason:
            raise StepFailed(
                f"Endpoint '{name}' could not go over to configuration '{config_name}' and still "
                f"serves '{state.config_name}': {state.failure_reason}"
            )
        return self._state(name, state)

    def describe(self, endpoint: EndpointState) -> dict[str, Any]:
        """The response of DescribeEndpoint."""
        response: dict[str, Any] = {
            "EndpointName": endpoint.name,
            "EndpointArn": endpoint.arn,
            "EndpointStatus": endpoint.status,
            "CreationTime": endpoint.created,
            "LastModifiedTime": endpoint.modified,
        }
        if endpoint.failure_reason:
            response["FailureReason"] = endpoint.failure_reason
        if endpoint.config_name:
            config = self._read("endpoint-configs", "endpoint configuration", endpoint.config_name)
            response["EndpointConfigName"] = endpoint.config_name
            response["ProductionVariants"] = [
                {
                    "VariantName": variant["VariantName"],
                    "CurrentWeight": weight,
                    "DesiredWeight": weight,
                    "CurrentInstanceCount": variant.get("InitialInstanceCount", 1),
                    "DesiredInstanceCount": variant.get("InitialInstanceCount", 1),
                }
                for variant in config["ProductionVariants"]
                for weight in [float(variant.get("InitialVariantWeight", _DEFAULT_WEIGHT))]
            ]
            if "DataCaptureConfig" in config:
                capture = config["DataCaptureConfig"]
                is_capturing = capture.get("EnableCapture", False) and endpoint.is_alive
                response["DataCaptureConfig"] = {
                    "EnableCapture": capture.get("EnableCapture", False),
                    "CaptureStatus": "Started" if is_capturing else "Stopped",
                    "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
                    "DestinationS3Uri": capture["DestinationS3Uri"],
                    "KmsKeyId": capture.get("KmsKeyId", ""),
                }
        return response

    def endpoints(self) -> list[EndpointState]:
        """All endpoints, by name."""
        folders = sorted((self._root / "endpoints").glob("*/"))
        found = [self.endpoint(folder.name) for folder in folders]
        return [endpoint for endpoint in found if endpoint is not None]

    def endpoint(self, name: str) -> EndpointState | None:
        """The endpoint with a name; None if there is none."""
        state = State.read(self._endpoint_dir(name))
        return None if state is None else self._state(name, state)

    def _state(self, name: str, state: State) -> EndpointState:
        directory = self._endpoint_dir(name)
        is_running = is_alive(directory)
        has_died = not is_running and state.status is not EndpointStatus.FAILED
        return EndpointState(
            name=name,
            status="OutOfService" if has_died else str(state.status),
            url=f"http://127.0.0.1:{state.port}",
            config_name=state.config_name,
            model_packages=tuple(variant.model_package_arn for variant in state.variants),
            failure_reason=state.failure_reason,
            pid=state.pid,
            created=state.created,
            modified=state.modified,
            log_path=directory / LOG_FILE,
            is_alive=is_running,
        )

    def stop(self, name: str) -> None:
        """End an endpoint: it finishes its requests, and nothing of it stays but its captured data.

        Raises:
            StepFailed: There is no such endpoint, or it is being deployed to.
        """
        directory = self._endpoint_dir(name)
        if not directory.is_dir():
            raise StepFailed(f'Could not find endpoint "{_endpoint_arn(name)}".')
        with _deploying(directory, name):
            state = State.read(directory)
            deadline = time.monotonic() + _STOP_SECONDS
            if state is not None and is_alive(directory):
                _signal(state.pid, signal.SIGTERM)
                # What is killed may still write until it is gone.
                while is_alive(directory):
                    if time.monotonic() >= deadline:
                        _signal(state.pid, signal.SIGKILL)
                    time.sleep(_POLL_SECONDS)
            if directory in _started:
                _started.pop(directory).wait()
            shutil.rmtree(directory)

    def _wanted(self, name: str, config_name: str) -> Wanted:
        config = self._read("endpoint-configs", "endpoint configuration", config_name)
        variants = []
        for variant in config["ProductionVariants"]:
            container = self.container(variant["ModelName"])
            variants.append(
                Variant(
                    name=variant["VariantName"],
                    weight=float(variant.get("InitialVariantWeight", _DEFAULT_WEIGHT)),
                    model_name=variant["ModelName"],
                    model_package_arn=container.model_package_arn,
                    archive=str(container.archive),
                    environment=container.environment,
                    samples_dir=container.samples_dir,
                )
            )
        capture = config.get("DataCaptureConfig")
        return Wanted(
            id=secrets.token_hex(8),
            endpoint=name,
            config_name=config_name,
            variants=tuple(variants),
            capture=capture if capture and capture.get("EnableCapture") else None,
        )

    def _resolve(self, model: Mapping[str, Json]) -> Container:
        own = model.get("PrimaryContainer") or model["Containers"][0]
        package: Mapping[str, Json] = {}
        container = own
        if "ModelPackageName" in own:
            name = own["ModelPackageName"]
            found = self._registry.find(name)
            if found is None:
                raise StepFailed(f"Model package '{name}' does not exist.")
            package = found
            container = package["InferenceSpecification"]["Containers"][0]
        uri = container["ModelDataUrl"]
        archive = self._path(uri)
        if not archive.is_file():
            raise StepFailed(f"There is no model archive '{uri}' in the local store ({archive}).")
        samples_uri = package.get("CustomerMetadataProperties", {}).get(Metadata.SAMPLES_URI, "")
        return Container(
            archive=archive,
            environment={**container.get("Environment", {}), **own.get("Environment", {})},
            model_package_arn=package.get("ModelPackageArn", ""),
            samples_dir=str(self._path(samples_uri)) if samples_uri else "",
        )

    def _path(self, uri: str) -> Path:
        try:
            return self._store.path(uri)
        except StorageError as error:
            raise StepFailed(str(error)) from error

    def _create(
        self, folder: str, noun: str, name: str, record: Mapping[str, Json]
    ) -> dict[str, Any]:
        try:
            create_text(self._root / folder / f"{name}.json", to_json(record))
        except FileExistsError as error:
            raise StepFailed(f"Cannot create already existing {noun} '{name}'.") from error
        return dict(record)

    def _read(self, folder: str, noun: str, name: str) -> dict[str, Any]:
        path = self._root / folder / f"{name}.json"
        try:
            record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise StepFailed(f"Could not find {noun} '{name}'.") from error
        return record

    def _endpoint_dir(self, name: str) -> Path:
        return self._root / "endpoints" / name


def _endpoint_arn(name: str) -> str:
    return arn(f"endpoint/{name.lower()}")


@contextmanager
def _deploying(directory: Path, name: str) -> Iterator[None]:
    """Keep two deployments to one endpoint apart; the lock ends with this process."""
    with locked(directory / "deploying") as lock:
        if lock is None:
            raise StepFailed(f"Cannot update in-progress endpoint '{name}'.")
        yield


def _wake(directory: Path) -> None:
    """Tell the process of an endpoint that something is wanted; start it where none runs."""
    state = State.read(directory)
    while state is not None and _is_running(directory):
        if is_alive(directory):
            _signal(state.pid, signal.SIGHUP)
            return
        time.sleep(_POLL_SECONDS)
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    with (directory / LOG_FILE).open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-X", "utf8", "-m", "pipelines.local.serving.server", str(directory)],
            env=kept,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # It outlives this process and its terminal.
        )
    _started[directory] = process
    while process.poll() is None:
        state = State.read(directory)
        if state is not None and state.pid == process.pid:
            return
        time.sleep(_POLL_SECONDS)


_started: dict[Path, "subprocess.Popen[bytes]"] = {}
"""Processes of endpoints that this process started: kept, so that they can be waited for."""


def _is_running(directory: Path) -> bool:
    """Whether the process of an endpoint lives; one of our own may lack the lock for a moment."""
    process = _started.get(directory)
    return is_alive(directory) or (process is not None and process.poll() is None)


def _wait(directory: Path, wanted: Wanted, is_stopping: threading.Event) -> State:
    """The state that answers to a deployment, once it is final."""
    deadline = time.monotonic() + DEPLOY_SECONDS
    while time.monotonic() < deadline:
        has_ended = not _is_running(directory)
        state = State.read(directory)
        if (
            state is not None
            and state.wanted_id == wanted.id
            and state.status in {EndpointStatus.IN_SERVICE, EndpointStatus.FAILED}
        ):
            return state
        if has_ended:
            raise StepFailed(
                f"The process of endpoint '{wanted.endpoint}' ended: {_last_line(directory)}"
            )
        if is_stopping.wait(_POLL_SECONDS):
            raise Stopped
    raise StepFailed(
        f"Endpoint '{wanted.endpoint}' did not go over to configuration '{wanted.config_name}' "
        f"within {DEPLOY_SECONDS:g} s; see {directory / LOG_FILE}."
    )


def _last_line(directory: Path) -> str:
    lines = (directory / LOG_FILE).read_text(encoding="utf-8", errors="replace").splitlines()
    return lines[-1] if lines else f"it left no word in {directory / LOG_FILE}."


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
