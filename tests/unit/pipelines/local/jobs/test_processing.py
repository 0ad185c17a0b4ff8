"""Tests of pipelines.local.jobs.processing, through whole executions."""

import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.execution import Status
from pipelines.local.execution import LocalExecution
from pipelines.local.jobs import processing as processing_job
from pipelines.local.jobs.machine import JobDir
from pipelines.local.store import LocalStore
from tests.unit.pipelines.local.definitions import (
    definition,
    get,
    has_ended,
    log_of,
    processing,
    put_code,
)
from tests.waiting import SECONDS, wait_until

Execute = Callable[..., LocalExecution]


def test_a_job_reads_inputs_and_its_outputs_are_stored(
    execute: Execute, store: LocalStore, root: Path
) -> None:
    """Paths below /opt/ml are re-rooted, and the output is under the URI of the definition."""
    store.put_bytes("s3://bucket/raw/cat/1.png", b"image")
    code = (
        "import sys\nfrom pathlib import Path\n"
        "source, target = map(Path, sys.argv[1:])\n"
        "names = sorted(str(path.relative_to(source)) for path in source.rglob('*.png'))\n"
        "(target / 'names.txt').write_text(' '.join(names))\n"
    )
    put_code(store, "code", {"job.py": code})

    execution = execute(
        definition(
            processing(
                "Prepare",
                inputs={"raw": "s3://bucket/raw"},
                outputs=["names"],
                arguments=["/opt/ml/processing/input/raw", "/opt/ml/processing/output/names"],
            )
        )
    )

    assert execution.status is Status.SUCCEEDED
    uri = f"s3://bucket/runs/{execution.id}/Prepare/names/names.txt"
    assert store.read_bytes(uri) == b"cat/1.png"
    config = root / f"executions/demo/{execution.id}/steps/Prepare/ml/config"
    request = json.loads((config / "processingjobconfig.json").read_text())
    assert request["AppSpecification"]["ContainerArguments"][0] == "/opt/ml/processing/input/raw"


def test_an_input_may_be_a_manifest(execute: Execute, store: LocalStore) -> None:
    """The job finds the objects that the manifest lists, and no others."""
    for name in ("1", "2", "3"):
        store.put_bytes(f"s3://bucket/raw/{name}.txt", name.encode())
    store.put_bytes("s3://bucket/list.json", b'[{"prefix": "s3://bucket/raw/"}, "1.txt", "3.txt"]')
    code = (
        "import os, sys\nfrom pathlib import Path\n"
        "found = sorted(path.name for path in Path(sys.argv[1]).iterdir())\n"
        "Path(os.environ['SM_OUTPUT_DIR'], 'message').write_text(' '.join(found))\n"
    )
    put_code(store, "code", {"job.py": code})
    step = processing(
        "Prepare",
        inputs={"raw": "s3://bucket/list.json"},
        arguments=["/opt/ml/processing/input/raw"],
    )
    step["Arguments"]["ProcessingInputs"][1]["S3Input"]["S3DataType"] = "ManifestFile"

    assert execute(definition(step)).step("Prepare").summary == "1.txt 3.txt"


def test_the_response_describes_the_job(execute: Execute, store: LocalStore) -> None:
    """Name, ARN, status, times, the request and the exit message are in the properties."""
    code = (
        "import os\nopen(os.environ['SM_OUTPUT_DIR'] + '/message', 'w').write('train=3\\nmore')\n"
    )
    put_code(store, "code", {"job.py": code})

    step = execute(definition(processing("Prepare", outputs=["x"]))).step("Prepare")

    properties = step.properties
    assert properties["ProcessingJobStatus"] == "Completed"
    assert properties["ProcessingJobName"].startswith("Prepare-2")
    assert properties["ExitMessage"] == "train=3\nmore"
    assert step.summary == "train=3"
    assert step.metadata == {"ProcessingJob": {"Arn": properties["ProcessingJobArn"]}}
    assert properties["ProcessingStartTime"] <= properties["ProcessingEndTime"]


HOSTS = (
    "import json, os, sys\nfrom pathlib import Path\n"
    "config = json.loads(Path(sys.argv[1]).read_text())\n"
    "host = config['current_host']\n"
    "inputs = Path(sys.argv[2])\n"
    "names = {name: sorted(os.listdir(inputs / name)) for name in ('all', 'part')}\n"
    "Path(sys.argv[3], host + '.json').write_text(json.dumps([config['hosts'], names]))\n"
)


def test_several_instances_share_the_work(execute: Execute, store: LocalStore) -> None:
    """Each host has its own resource configuration and shard; all outputs meet under one prefix."""
    put_code(store, "code", {"job.py": HOSTS})
    for name in "abc":
        store.put_bytes(f"s3://bucket/raw/{name}", b"")
    step = processing(
        "Prepare",
        inputs={"all": "s3://bucket/raw", "part": "s3://bucket/raw"},
        outputs=["out"],
        num_instances=get("Parameters.Hosts"),
        arguments=[
            "/opt/ml/config/resourceconfig.json",
            "/opt/ml/processing/input",
            "/opt/ml/processing/output/out",
        ],
    )
    step["Arguments"]["ProcessingInputs"][2]["S3Input"]["S3DataDistributionType"] = "ShardedByS3Key"

    execution = execute(
        definition(step, parameters=[{"Name": "Hosts", "Type": "Integer", "DefaultValue": 2}])
    )

    prefix = f"s3://bucket/runs/{execution.id}/Prepare/out"
    hosts = ["algo-1", "algo-2"]
    assert [json.loads(store.read_bytes(f"{prefix}/{host}.json")) for host in hosts] == [
        [hosts, {"all": ["a", "b", "c"], "part": ["a", "c"]}],
        [hosts, {"all": ["a", "b", "c"], "part": ["b"]}],
    ]


def test_one_host_that_fails_ends_the_others(execute: Execute, store: LocalStore) -> None:
    """The job fails with the reason of the host that failed, without waiting for the rest."""
    code = (
        "import json, os, sys, time\n"
        "host = json.load(open(sys.argv[1]))['current_host']\n"
        "if host == 'algo-1': time.sleep(600)\n"
        "open(os.environ['SM_OUTPUT_DIR'] + '/message', 'w').write('disk full on ' + host)\n"
        "sys.exit(4)\n"
    )
    put_code(store, "code", {"job.py": code})

    execution = execute(
        definition(
            processing("Prepare", num_instances=2, arguments=["/opt/ml/config/resourceconfig.json"])
        )
    )

    step = execution.step("Prepare")
    assert step.failure_reason == "AlgorithmError: disk full on algo-2, exit code: 4"
    assert step.failed_job is not None
    assert step.failed_job.name == str(execution.path / "steps" / "Prepare" / "algo-2")
    assert step.seconds is not None
    assert step.seconds < SECONDS


def test_a_job_that_takes_too_long_is_killed(execute: Execute, store: LocalStore) -> None:
    """MaxRuntimeInSeconds ends the job and fails the step."""
    put_code(store, "code", {"job.py": "import time\ntime.sleep(60)\n"})
    step = processing("Prepare")
    step["Arguments"]["StoppingCondition"] = {"MaxRuntimeInSeconds": 1}

    execution = execute(definition(step))

    assert execution.step("Prepare").failure_reason == (
        "MaxRuntimeExceeded: the job ran longer than MaxRuntimeInSeconds, 1 s."
    )


@pytest.mark.parametrize(
    ("num_instances", "threads"), [pytest.param(1, "4", id="alone"), pytest.param(2, "2", id="two")]
)
def test_processes_share_the_cores(
    execute: Execute, store: LocalStore, num_instances: int, threads: str
) -> None:
    """Each process gets its share of the four cores, in every variable that libraries read."""
    code = (
        "import os\n"
        "names = ('MKL_NUM_THREADS', 'OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS')\n"
        "print(*{os.environ[name] for name in names})\n"
    )
    put_code(store, "code", {"job.py": code})

    execution = execute(definition(processing("Prepare", num_instances=num_instances)))

    host = "algo-1/" if num_instances > 1 else ""
    assert log_of(execution, f"Prepare/{host}") == f"{threads}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("/opt/ml", "{ml}", id="whole"),
        pytest.param("--dir=/opt/ml/model:/opt/ml/code", "--dir={ml}/model:{ml}/code", id="inside"),
        pytest.param("/mnt/opt/ml/x", "/mnt/opt/ml/x", id="another-root"),
        pytest.param("/opt/mlflow", "/opt/mlflow", id="another-folder"),
    ],
)
def test_only_paths_below_opt_ml_are_re_rooted(tmp_path: Path, text: str, expected: Any) -> None:
    """The text /opt/ml is replaced where it is a path of its own."""
    assert JobDir(path=tmp_path).reroot(text) == expected.format(ml=tmp_path / "ml")


def test_a_host_that_cannot_be_prepared_ends_the_others(
    execute: Execute, store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No process outlives a job that could not be started as a whole."""
    put_code(store, "code", {"job.py": "import os, time\nprint(os.getpid())\ntime.sleep(60)\n"})
    real = processing_job.write_json

    def fail_for_the_second(path: Path, document: Any) -> None:
        if "algo-2" in path.parts:
            log = path.parents[2].parent / "algo-1" / "log.txt"
            wait_until(lambda: log.is_file() and log.read_text().endswith("\n"))
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, document)

    monkeypatch.setattr(processing_job, "write_json", fail_for_the_second)

    execution = execute(definition(processing("Prepare", num_instances=2)))

    assert execution.step("Prepare").failure_reason == "OSError: [Errno 28] No space left on device"
    assert has_ended(int(log_of(execution, "Prepare/algo-1")))
