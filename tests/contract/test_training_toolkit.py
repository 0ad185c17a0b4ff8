"""The training bundle under the real `sagemaker-training` toolkit, and under the local runner."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipelines.compile import Compiled
from pipelines.definition import load, steps
from pipelines.display import PlainDisplay
from pipelines.execution import Status
from pipelines.local.processes import JobServer
from pipelines.local.runner import run
from pipelines.local.store import LocalStore
from steps.bundle import ARCHIVE_NAME, ROOT, bundle
from tests.waiting import SECONDS

TRAIN = ROOT / ".venv-contract" / "bin" / "train"

pytestmark = [
    pytest.mark.contract,
    pytest.mark.skipif(
        not TRAIN.exists() and "CI" not in os.environ,
        reason="the toolkit needs a C compiler to install",
    ),
]

PROBE = b"""
import json, os, sys
from pathlib import Path
import inference, steps
seen = {
    "argv": sys.argv,
    "cwd": os.getcwd(),
    "packages": [inference.__file__, steps.__file__],
    "environment": {k: v for k, v in os.environ.items() if k.startswith("SM_")},
}
Path(os.environ["SM_MODEL_DIR"], "seen.json").write_text(json.dumps(seen))
"""
"""Stands in the bundle where the training script does, and writes down what it was given."""


@pytest.fixture(scope="module")
def archive() -> bytes:
    """The training bundle, with the probe as its script."""
    shipped = bundle("train")
    return replace(shipped, files={**shipped.files, "steps/train/script.py": PROBE}).archive()


@pytest.fixture(scope="module")
def request_(compiled: Mapping[str, Compiled]) -> dict[str, Any]:
    """The request of the compiled step Train, its expressions replaced by their values."""
    definition = load(compiled["retraining"].definition)
    values = {item["Name"]: item["DefaultValue"] for item in definition["Parameters"]}
    [train] = [step for step in steps(definition) if step.name == "Train"]

    def resolve(value: Any) -> Any:
        match value:
            case {"Get": str(path)} if path.startswith("Parameters."):
                return values[path.removeprefix("Parameters.")]
            case {"Get": str(path)}:
                return f"s3://images/{path.split(chr(39))[1]}"
            case {"Std:Join": {"On": str(on), "Values": list(parts)}}:
                return on.join(str(resolve(part)) for part in parts)
            case dict():
                return {key: resolve(item) for key, item in value.items()}
            case list():
                return [resolve(item) for item in value]
        return value

    request: dict[str, Any] = resolve(
        {name: item for name, item in train.own["Arguments"].items() if name != "OutputDataConfig"}
    )
    return {**request, "OutputDataConfig": {"S3OutputPath": "s3://images/out"}}


def _under_the_toolkit(base_dir: Path, request: Mapping[str, Any], archive: bytes) -> Any:
    """Lay out `/opt/ml` as the service does and let the toolkit run the script."""
    channels = [item["ChannelName"] for item in request["InputDataConfig"]]
    for channel in channels:
        (base_dir / "input" / "data" / channel).mkdir(parents=True)
    (base_dir / "input" / "data" / "code" / ARCHIVE_NAME).write_bytes(archive)
    (base_dir / "model").mkdir()
    hosts = ["algo-1"]
    group = {
        "instance_group_name": "homogeneousCluster",
        "instance_type": request["ResourceConfig"]["InstanceType"],
        "hosts": hosts,
    }
    config = {
        "hyperparameters": {
            name: text.replace("/opt/ml", str(base_dir))
            for name, text in request["HyperParameters"].items()
        },
        "inputdataconfig": {
            channel: {
                "TrainingInputMode": "File",
                "S3DistributionType": "FullyReplicated",
                "RecordWrapperType": "None",
            }
            for channel in channels
        },
        "resourceconfig": {
            "current_host": hosts[0],
            "current_instance_type": group["instance_type"],
            "current_group_name": group["instance_group_name"],
            "hosts": hosts,
            "instance_groups": [group],
            "network_interface_name": "eth0",
        },
    }
    (base_dir / "input" / "config").mkdir()
    for name, content in config.items():
        (base_dir / "input" / "config" / f"{name}.json").write_text(json.dumps(content))
    result = subprocess.run(
        [TRAIN],
        cwd=base_dir,
        env={
            "PATH": f"{TRAIN.parent}:{os.environ['PATH']}",
            "HOME": str(base_dir),
            "SAGEMAKER_BASE_DIR": str(base_dir),
            # Without it the toolkit waits for the network name of the first host.
            "SM_STUDIO_LOCAL_MODE": "true",
            "TRAINING_JOB_NAME": "Train-toolkit",
        },
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    seen = _seen(base_dir)
    del seen["environment"]["SM_STUDIO_LOCAL_MODE"]
    return seen


def _under_the_runner(root: Path, request: Mapping[str, Any], archive: bytes) -> Any:
    """Run the step alone, on this machine."""
    store = LocalStore(root)
    for channel in request["InputDataConfig"]:
        uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
        is_code = channel["ChannelName"] == "code"
        store.put_bytes(uri if is_code else f"{uri}/part.npy", archive if is_code else b"")
    definition = {
        "Version": "2020-12-01",
        "Steps": [{"Name": "Train", "Type": "Training", "Arguments": request}],
    }
    with JobServer(modules=[]) as server, (root / "talk").open("w") as talk:
        execution = run(
            definition,
            {},
            pipeline="toolkit",
            root=root,
            functions_dir=root,
            display=PlainDisplay(talk),
            server=server,
        )
    assert execution.status is Status.SUCCEEDED, execution.failure_reason
    return _seen(execution.path / "steps" / "Train" / "ml")


def _seen(ml_dir: Path) -> Any:
    """What the probe wrote, with `/opt/ml` for the folder that stood for it."""
    text = (ml_dir / "model" / "seen.json").read_text()
    return json.loads(text.replace(str(ml_dir), "/opt/ml"))


def test_a_script_is_given_the_same(
    tmp_path: Path, request_: dict[str, Any], archive: bytes
) -> None:
    """Arguments, working folder, import path and every SM_ variable are the toolkit's."""
    (tmp_path / "root").mkdir()
    real = _under_the_toolkit(tmp_path / "ml", request_, archive)
    ours = _under_the_runner(tmp_path / "root", request_, archive)
    for name in ("argv", "cwd", "packages"):
        assert ours[name] == real[name]
    assert ours["environment"].keys() == real["environment"].keys()
    for name, text in real["environment"].items():
        assert _parsed(ours["environment"][name]) == _parsed(text), name


def _parsed(text: str) -> Any:
    """A variable's value, so that the order of keys does not matter; job names differ."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if isinstance(value, dict):
        value.pop("job_name", None)
    return value
