"""Hand-made definitions, tiny scripts and what runs them, for the tests of the local runner."""

import io
import os
import resource
import signal
import tarfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines.execution import Execution
from pipelines.local.store import LocalStore
from tests.waiting import wait_until

CODE = "s3://bucket/code"
ROLE = "arn:aws:iam::111122223333:role/Role"


def get(path: str) -> dict[str, str]:
    """A reference."""
    return {"Get": path}


def join(*values: object, on: str = "/") -> dict[str, Any]:
    """A Std:Join."""
    return {"Std:Join": {"On": on, "Values": list(values)}}


def put_code(store: LocalStore, name: str, files: Mapping[str, str]) -> None:
    """Put a bundle into the store as the prefix and the archive that definitions name."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path, text in files.items():
            store.put_bytes(f"{CODE}/{name}/files/{path}", text.encode())
            member = tarfile.TarInfo(path)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    store.put_bytes(f"{CODE}/{name}/sourcedir.tar.gz", buffer.getvalue())


def processing(
    name: str,
    *,
    module: str = "job",
    code: str = "code",
    inputs: Mapping[str, Any] | None = None,
    outputs: Sequence[str] = (),
    arguments: Sequence[Any] = (),
    num_instances: Any = 1,
    **extra: Any,
) -> dict[str, Any]:
    """A Processing step that runs `python3 -m <module>` with a bundle of `put_code`."""
    sources = {"code": f"{CODE}/{code}/files/", **(inputs or {})}
    return {
        "Name": name,
        "Type": "Processing",
        "Arguments": {
            "ProcessingResources": {
                "ClusterConfig": {
                    "InstanceType": "ml.m5.large",
                    "InstanceCount": num_instances,
                    "VolumeSizeInGB": 30,
                }
            },
            "AppSpecification": {
                "ImageUri": "image",
                "ContainerEntrypoint": ["python3", "-m", module],
                "ContainerArguments": list(arguments),
            },
            "Environment": {
                "PYTHONPATH": "/opt/ml/processing/input/code",
                "SM_OUTPUT_DIR": "/opt/ml/output",
            },
            "RoleArn": ROLE,
            "ProcessingInputs": [
                {
                    "InputName": key,
                    "S3Input": {
                        "S3Uri": uri,
                        "LocalPath": f"/opt/ml/processing/input/{key}",
                        "S3DataType": "S3Prefix",
                        "S3InputMode": "File",
                    },
                }
                for key, uri in sources.items()
            ],
            "ProcessingOutputConfig": {
                "Outputs": [
                    {
                        "OutputName": key,
                        "S3Output": {
                            "S3Uri": join(
                                "s3://bucket/runs", get("Execution.PipelineExecutionId"), name, key
                            ),
                            "LocalPath": f"/opt/ml/processing/output/{key}",
                            "S3UploadMode": "EndOfJob",
                        },
                    }
                    for key in outputs
                ]
            },
        },
        **extra,
    }


def training_request(
    *,
    code: str = "code",
    program: str = "train.py",
    hyperparameters: Mapping[str, Any] | None = None,
    channels: Mapping[str, Any] | None = None,
    metrics: Mapping[str, str] | None = None,
    key: str = "HyperParameters",
    **extra: Any,
) -> dict[str, Any]:
    """The arguments of a Training step in script mode."""
    return {
        "AlgorithmSpecification": {
            "TrainingImage": "image",
            "TrainingInputMode": "File",
            "MetricDefinitions": [
                {"Name": name, "Regex": regex} for name, regex in (metrics or {}).items()
            ],
        },
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "ResourceConfig": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 30,
        },
        "RoleArn": ROLE,
        "InputDataConfig": [
            {
                "ChannelName": channel,
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": uri,
                        "S3DataDistributionType": "FullyReplicated",
                    }
                },
            }
            for channel, uri in (channels or {}).items()
        ],
        key: {
            "sagemaker_program": program,
            "sagemaker_submit_directory": f"{CODE}/{code}/sourcedir.tar.gz",
            **(hyperparameters or {}),
        },
        **extra,
    }


def training(name: str, *, step: Mapping[str, Any] | None = None, **request: Any) -> dict[str, Any]:
    """A Training step."""
    return {
        "Name": name,
        "Type": "Training",
        "Arguments": training_request(**request),
        **(step or {}),
    }


def condition(
    name: str,
    conditions: Sequence[Mapping[str, Any]],
    *,
    then: Sequence[Mapping[str, Any]] = (),
    otherwise: Sequence[Mapping[str, Any]] = (),
    **extra: Any,
) -> dict[str, Any]:
    """A Condition step."""
    arguments = {
        "Conditions": list(conditions),
        "IfSteps": list(then),
        "ElseSteps": list(otherwise),
    }
    return {"Name": name, "Type": "Condition", "Arguments": arguments, **extra}


def fail(name: str, message: Any) -> dict[str, Any]:
    """A Fail step."""
    return {"Name": name, "Type": "Fail", "Arguments": {"ErrorMessage": message}}


def definition(
    *steps: Mapping[str, Any], parameters: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """A definition."""
    return {"Version": "2020-12-01", "Parameters": list(parameters), "Steps": list(steps)}


class Recorder:
    """A display that keeps what it is told."""

    def __init__(self) -> None:
        self.updates: list[tuple[str, str, str]] = []
        self.finished: Execution | None = None

    def begin(self, execution: Execution, num_steps: int) -> None:
        """Nothing to keep."""

    def update(self, step: Any) -> None:
        """Keep name, status and summary."""
        self.updates.append((step.name, str(step.status), step.summary))

    def finish(self, execution: Execution) -> None:
        """Keep the result."""
        self.finished = execution


def log_of(execution: Execution, step: str) -> str:
    """The log of a step's job."""
    return Path(execution.path, "steps", step, "log.txt").read_text(encoding="utf-8")


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file of this process grow beyond 10 bytes."""
    limit, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))


@contextmanager
def interrupted_when(condition: Callable[[], object]) -> Iterator[None]:
    """Send SIGINT to this process once, as soon as a condition is true."""

    def interrupt() -> None:
        wait_until(condition)
        os.kill(os.getpid(), signal.SIGINT)

    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    yield
    interrupting.join()


def has_ended(pid: int) -> bool:
    """Whether a process ends in good time; a zombie has ended."""
    deadline = time.monotonic() + 20.0
    while _is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not _is_running(pid)


def _is_running(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2]
    except (FileNotFoundError, ProcessLookupError):  # The latter where it ends while it is read.
        return False
    return not status.startswith("Z")
