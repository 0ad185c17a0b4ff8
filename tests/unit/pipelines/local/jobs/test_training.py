"""Tests of pipelines.local.jobs.training, through whole executions."""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines.execution import Status
from pipelines.local.execution import LocalExecution
from pipelines.local.store import LocalStore
from tests.unit.pipelines.local.definitions import (
    Recorder,
    definition,
    get,
    log_of,
    put_code,
    training,
)

Execute = Callable[..., LocalExecution]


def members(data: bytes) -> dict[str, bytes]:
    """The files of a `.tar.gz`."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        files = {member.name: archive.extractfile(member) for member in archive}
        return {name: file.read() for name, file in files.items() if file is not None}


def test_a_script_trains_as_under_the_toolkit(execute: Execute, store: LocalStore) -> None:
    """The script runs in the code folder with its arguments, and its model is packed and stored."""
    code = (
        "import os, sys\nfrom pathlib import Path\n"
        "print(sys.argv)\nprint(Path.cwd().name, os.environ['CURRENT_HOST'])\n"
        "data = Path(os.environ['SM_CHANNEL_TRAIN'], 'x').read_text()\n"
        "Path(os.environ['SM_MODEL_DIR'], 'weights').write_text(data)\n"
        "Path(os.environ['SM_OUTPUT_DATA_DIR'], 'curve').write_text('c')\n"
    )
    put_code(store, "code", {"steps/train.py": code})
    store.put_bytes("s3://bucket/data/x", b"42")

    execution = execute(
        definition(
            training(
                "Train",
                program="steps/train.py",
                channels={"train": "s3://bucket/data"},
                hyperparameters={"epochs": "3", "b": "x"},
            )
        )
    )

    assert (
        log_of(execution, "Train")
        == "['steps/train.py', '-b', 'x', '--epochs', '3']\ncode algo-1\n"
    )
    properties = execution.step("Train").properties
    prefix = f"s3://bucket/models/Train-{execution.id}/output"
    assert properties["ModelArtifacts"] == {"S3ModelArtifacts": f"{prefix}/model.tar.gz"}
    assert members(store.read_bytes(f"{prefix}/model.tar.gz")) == {"weights": b"42"}
    assert members(store.read_bytes(f"{prefix}/output.tar.gz")) == {"curve": b"c"}
    assert properties["TrainingJobStatus"] == properties["SecondaryStatus"] == "Completed"


def test_the_code_can_come_through_a_channel(execute: Execute, store: LocalStore) -> None:
    """A submit directory below /opt/ml is a file of a channel, re-rooted like every path."""
    put_code(store, "code", {"train.py": "print('here')"})
    archive = "/opt/ml/input/data/code/sourcedir.tar.gz"

    execution = execute(
        definition(
            training(
                "Train",
                channels={"code": "s3://bucket/code/code/sourcedir.tar.gz"},
                hyperparameters={"sagemaker_submit_directory": archive},
            )
        )
    )

    assert log_of(execution, "Train") == "here\n"


def test_the_configuration_files_are_those_of_the_service(
    execute: Execute, store: LocalStore
) -> None:
    """Hyperparameters, channels and resources are in `input/config`."""
    put_code(store, "code", {"train.py": ""})
    store.put_bytes("s3://bucket/data/x", b"")

    execution = execute(definition(training("Train", channels={"train": "s3://bucket/data"})))

    config = execution.path / "steps" / "Train" / "ml" / "input" / "config"
    contents = {path.name: json.loads(path.read_text()) for path in config.iterdir()}
    assert contents["hyperparameters.json"]["sagemaker_program"] == "train.py"
    assert contents["inputdataconfig.json"] == {
        "train": {
            "TrainingInputMode": "File",
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": "None",
        }
    }
    assert contents["resourceconfig.json"]["current_instance_type"] == "ml.m5.large"


def test_a_job_without_output_stores_the_model_alone(execute: Execute, store: LocalStore) -> None:
    """There is a model archive also when it is empty, and no output archive."""
    put_code(store, "code", {"train.py": ""})

    execution = execute(definition(training("Train")))

    assert store.names(f"s3://bucket/models/Train-{execution.id}/") == ["output/model.tar.gz"]


def test_metrics_come_from_the_log(execute: Execute, store: LocalStore) -> None:
    """The last value of each metric is final; one that never appears is left out."""
    put_code(store, "code", {"train.py": "print('f1=0.5')\nprint('f1=0.75')\n"})

    step = execute(
        definition(training("Train", metrics={"f1": "f1=([0-9.]+)", "loss": "loss=([0-9.]+)"}))
    ).step("Train")

    assert [
        (item["MetricName"], item["Value"]) for item in step.properties["FinalMetricDataList"]
    ] == [("f1", 0.75)]
    assert step.summary == "f1=0.75"


def test_metrics_are_shown_while_the_job_runs(
    execute: Execute, store: LocalStore, root: Path
) -> None:
    """A person sees the newest figures before the end."""
    put_code(
        store,
        "code",
        {
            "train.py": "import os, time\nprint('f1=0.5')\n"
            "while not os.path.exists(os.environ['HOME'] + '/seen'): time.sleep(0.01)\n"
            "print('f1=1')\n"
        },
    )

    class Reader(Recorder):
        def update(self, step: Any) -> None:
            super().update(step)
            if step.summary == "f1=0.5":
                (root / "home" / "seen").touch()

    display = Reader()

    execute(definition(training("Train", metrics={"f1": "f1=([0-9.]+)"})), display=display)

    assert ("Train", "Executing", "f1=0.5") in display.updates
    assert display.updates[-1] == ("Train", "Succeeded", "f1=1")


def test_the_failure_file_is_the_reason(execute: Execute, store: LocalStore) -> None:
    """A script's own words become the FailureReason, cut to what the service keeps."""
    code = (
        "import os, sys\n"
        "open(os.environ['SM_OUTPUT_DIR'] + '/failure', 'w').write('bad data ' * 200)\n"
        "sys.exit(2)\n"
    )
    put_code(store, "code", {"train.py": code})

    execution = execute(definition(training("Train")))

    step = execution.step("Train")
    assert execution.status is step.status is Status.FAILED
    assert step.failure_reason == ("AlgorithmError: " + "bad data " * 200)[:1024]
    assert step.failed_job is not None
    assert step.failed_job.name == str(execution.path / "steps" / "Train")


def test_a_failure_without_words_has_its_exit_code(execute: Execute, store: LocalStore) -> None:
    """The exit code is the reason where the script leaves none."""
    put_code(store, "code", {"train.py": "raise SystemExit(7)"})

    step = execute(definition(training("Train"))).step("Train")

    assert step.failure_reason == "AlgorithmError: , exit code: 7"


CHECKPOINTS = (
    "import os\nfrom pathlib import Path\n"
    "state = Path(os.environ['CHECKPOINT_DIR'], 'state')\n"
    "epoch = int(state.read_text()) if state.exists() else 0\n"
    "print('start', epoch)\nstate.write_text(str(epoch + 1))\n"
    "if epoch == 0: raise SystemExit(1)\n"
)


def test_checkpoints_outlive_a_failed_job(execute: Execute, store: LocalStore) -> None:
    """The next job with the same checkpoint URI starts where the failed one stopped."""
    put_code(store, "code", {"train.py": CHECKPOINTS})
    pipeline = definition(
        training(
            "Train",
            CheckpointConfig={"S3Uri": "s3://bucket/checkpoints"},
            Environment={"CHECKPOINT_DIR": "/opt/ml/checkpoints"},
        )
    )

    first, second = execute(pipeline), execute(pipeline)

    assert [first.status, second.status] == [Status.FAILED, Status.SUCCEEDED]
    assert log_of(second, "Train") == "start 1\n"
    assert store.read_bytes("s3://bucket/checkpoints/state") == b"2"


def test_two_runs_give_the_same_artifact(execute: Execute, store: LocalStore) -> None:
    """The same files give the same archive, byte for byte."""
    code = "import os\nopen(os.environ['SM_MODEL_DIR'] + '/w', 'w').write('x')\n"
    put_code(store, "code", {"train.py": code})
    pipeline = definition(training("Train"))

    artifacts = [
        store.read_bytes(
            execute(pipeline).step("Train").properties["ModelArtifacts"]["S3ModelArtifacts"]
        )
        for _ in range(2)
    ]

    assert artifacts[0] == artifacts[1]


def test_unordered_jobs_share_the_cores(execute: Execute, store: LocalStore) -> None:
    """Two jobs that may overlap have two of four cores each; one that waits for both has all."""
    put_code(store, "code", {"train.py": "import os\nprint(os.environ['OMP_NUM_THREADS'])\n"})
    last: dict[str, Any] = training("Last", step={"DependsOn": ["A", "B"]})

    execution = execute(definition(training("A"), training("B"), last))

    assert [log_of(execution, name) for name in ("A", "B", "Last")] == ["2\n", "2\n", "4\n"]


def test_a_missing_input_fails_the_step(execute: Execute, store: LocalStore) -> None:
    """An empty channel is the step's failure and not the runner's."""
    put_code(store, "code", {"train.py": ""})

    execution = execute(
        definition(
            training("Train", channels={"train": get("Parameters.Uri")}),
            parameters=[{"Name": "Uri", "Type": "String", "DefaultValue": "s3://bucket/no"}],
        )
    )

    path = store.path("s3://bucket/no")
    assert execution.failure_reason == (
        "Step 'Train' failed: No object has the prefix 's3://bucket/no' in the local store "
        f"({path})."
    )
