"""Tests of pipelines.local.jobs.transform."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pipelines.execution import Status
from pipelines.local.execution import LocalExecution
from pipelines.local.registry import Registry
from pipelines.local.store import LocalStore
from tests.unit.pipelines.local.definitions import definition, get, interrupted_when
from tests.unit.pipelines.local.models import ECHO, archive, register
from tests.unit.pipelines.local.test_runner import Execute
from tests.waiting import SECONDS

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

INPUT = "s3://bucket/in/"


def transform(package: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A definition that makes a model of a package and transforms what is in INPUT."""
    model = {
        "Name": "CreateModel",
        "Type": "Model",
        "Arguments": {
            "ExecutionRoleArn": "arn:aws:iam::111122223333:role/Role",
            "PrimaryContainer": {"ModelPackageName": package["ModelPackageArn"]},
        },
    }
    request = {
        "ModelName": get("Steps.CreateModel.ModelName"),
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": INPUT}},
            "ContentType": "image/png",
        },
        "TransformOutput": {"S3OutputPath": "s3://bucket/out", "Accept": "application/json"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "ModelClientConfig": {"InvocationsMaxRetries": 0},
        **changes,
    }
    return definition(model, {"Name": "Transform", "Type": "Transform", "Arguments": request})


@pytest.fixture
def package(store: LocalStore, root: Path) -> dict[str, Any]:
    """An approved package that echoes."""
    return register(store, Registry(root), archive())


def answers(root: Path) -> dict[str, Any]:
    """The objects of the output, by name."""
    folder = root / "s3" / "bucket" / "out"
    return {
        path.relative_to(folder).as_posix(): json.loads(path.read_bytes())
        for path in sorted(folder.rglob("*.out"))
    }


def test_each_object_is_one_request(
    execute: Execute, store: LocalStore, root: Path, package: dict[str, Any]
) -> None:
    """Outputs stand beside the names of the inputs; the container knows that it runs a batch."""
    for name in ("a.png", "deeper/b.png", "deeper/c.png"):
        store.put_bytes(f"{INPUT}{name}", name.encode())

    execution = execute(transform(package, MaxConcurrentTransforms=2))

    assert execution.status is Status.SUCCEEDED, execution.failure_reason
    assert execution.step("Transform").summary == "objects=3"
    assert execution.step("Transform").properties["TransformJobStatus"] == "Completed"
    assert answers(root) == {
        f"{name}.out": {
            "batch": "true",
            "body": name,
            "content_type": "image/png",
            "model": "first",
        }
        for name in ("a.png", "deeper/b.png", "deeper/c.png")
    }
    assert not (execution.path / "steps" / "Transform" / "container").exists()


def test_a_refused_object_fails_the_job_and_the_others_go_on(
    execute: Execute, store: LocalStore, root: Path, package: dict[str, Any]
) -> None:
    """It has no output; the reason names the first, the log every one."""
    for name, content in (("a", b"good"), ("b", b"bad"), ("c", b"good"), ("d", b"bad")):
        store.put_bytes(f"{INPUT}{name}", content)

    execution = execute(transform(package))

    assert execution.status is Status.FAILED
    reason = execution.step("Transform").failure_reason
    assert reason is not None
    assert reason.startswith(
        "2 of 4 objects have no answer, for example 'b': status 500, it is bad\nTraceback"
    )
    assert sorted(answers(root)) == ["a.out", "c.out"]
    log = (execution.path / "steps" / "Transform" / "log.txt").read_text()
    assert re.findall("^.: status 500, it is bad$", log, re.MULTILINE) == [
        "b: status 500, it is bad",
        "d: status 500, it is bad",
    ]


def test_faults_of_the_model_are_tried_again(
    execute: Execute, store: LocalStore, root: Path
) -> None:
    """A request that fails once succeeds with one retry, and a request is not made too often."""
    flaky = ECHO.replace(
        "    body, content_type = data\n",
        "    body, content_type = data\n"
        "    marks = os.path.join(os.environ['MARKS'], body.decode())\n"
        "    open(marks, 'a').write('x')\n"
        "    if os.path.getsize(marks) < int(os.environ['NEEDED']):\n"
        "        raise ValueError('not yet')\n",
    )
    package = register(store, Registry(root), archive(flaky))
    store.put_bytes(f"{INPUT}a", b"a")
    marks = root / "marks"
    for needed, retries, status in ((2, 1, Status.SUCCEEDED), (9, 2, Status.FAILED)):
        directory = marks / str(needed)
        directory.mkdir(parents=True)
        execution: LocalExecution = execute(
            transform(
                package,
                Environment={"MARKS": str(directory), "NEEDED": str(needed)},
                ModelClientConfig={"InvocationsMaxRetries": retries},
            )
        )
        assert execution.status is status, execution.failure_reason
        assert (directory / "a").stat().st_size == retries + 1


def test_an_object_that_is_too_large_is_not_sent(
    execute: Execute, store: LocalStore, package: dict[str, Any]
) -> None:
    """MaxPayloadInMB bounds a request."""
    store.put_bytes(f"{INPUT}large", bytes(1024 * 1024 + 1))

    execution = execute(transform(package, MaxPayloadInMB=1))

    assert execution.step("Transform").failure_reason == (
        "1 of 1 object has no answer, for example 'large': it has 1048577 bytes, and "
        "MaxPayloadInMB allows 1048576."
    )


def test_a_limit_of_zero_is_none(
    execute: Execute, store: LocalStore, package: dict[str, Any]
) -> None:
    """So the service reads MaxPayloadInMB."""
    store.put_bytes(f"{INPUT}a", b"a")

    execution = execute(transform(package, MaxPayloadInMB=0))

    assert execution.status is Status.SUCCEEDED, execution.failure_reason


@pytest.mark.parametrize("slow", ["def model_fn(model_dir):", "def input_fn(body, content_type):"])
def test_a_signal_stops_the_job_at_once(
    execute: Execute, store: LocalStore, root: Path, slow: str
) -> None:
    """Whether the model is being loaded or asked; nothing of it stays."""
    code = ECHO.replace(
        slow, f"{slow}\n    open({str(root / 'slow')!r}, 'w').close()\n    time.sleep(600)"
    )
    package = register(store, Registry(root), archive(code))
    store.put_bytes(f"{INPUT}a", b"a")

    with interrupted_when((root / "slow").exists):
        execution = execute(transform(package))

    assert execution.step("Transform").status is Status.STOPPED
    assert (execution.step("Transform").seconds or 0.0) < SECONDS
    assert not (execution.path / "steps" / "Transform" / "container").exists()


def test_a_batch_of_nothing_fails(execute: Execute, root: Path, package: dict[str, Any]) -> None:
    """Missing input is no success."""
    execution = execute(transform(package))

    assert execution.step("Transform").failure_reason == (
        f"No object has the prefix 's3://bucket/in/' in the local store ({root}/s3/bucket/in)."
    )


def test_a_model_that_does_not_load_fails_the_job(
    execute: Execute, store: LocalStore, root: Path
) -> None:
    """The reason is the model's own."""
    package = register(store, Registry(root), archive("raise ImportError('no such thing')"))
    store.put_bytes(f"{INPUT}a", b"a")

    execution = execute(transform(package))

    assert "no such thing" in str(execution.step("Transform").failure_reason)


def test_an_unapproved_package_makes_no_model(
    execute: Execute, store: LocalStore, root: Path
) -> None:
    """Nothing is created."""
    package = register(store, Registry(root), archive(), status="PendingManualApproval")

    execution = execute(transform(package))

    assert execution.step("CreateModel").failure_reason == (
        f"Model package '{package['ModelPackageArn']}' is PendingManualApproval; only an approved "
        "one can be deployed."
    )
    assert not (root / "models").exists()
