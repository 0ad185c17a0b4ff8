"""The compiled scoring pipeline, run to its end on this machine."""

import csv
import json
import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipelines.compile import Compiled
from pipelines.execution import Status, utc_now
from pipelines.local.execution import LocalExecution
from pipelines.local.processes import JobServer
from pipelines.local.registry import ApprovalStatus, Registry
from pipelines.summary import output_dir
from tests.local.conftest import COLOURS, NUM_IMAGES_PER_LABEL, Machine

pytestmark = [pytest.mark.local, pytest.mark.allow_hosts(["127.0.0.1"])]


@pytest.fixture(scope="module")
def trained(
    tmp_path_factory: pytest.TempPathFactory,
    images_dir: Path,
    compiled: Mapping[str, Compiled],
    server: JobServer,
) -> tuple[Machine, LocalExecution]:
    """A machine with one approved model package, and the execution that registered it."""
    machine = Machine(tmp_path_factory.mktemp("trained") / "root", compiled, server)
    execution, talk = machine.run("retraining", images_dir, ModelApprovalStatus="Approved")
    assert execution.status is Status.SUCCEEDED, talk
    return machine, execution


def test_a_batch_is_scored_summarized_and_checked(trained: tuple[Machine, LocalExecution]) -> None:
    """The answers to the test images are the evaluation's; nothing is out of bounds."""
    machine, training = trained
    originals = output_dir(training.step("Preprocess"), "test", machine.store) / "originals"

    execution, talk = machine.run("scoring", originals)

    assert execution.status is Status.SUCCEEDED, talk
    evaluation = output_dir(training.step("Evaluate"), "evaluation", machine.store)
    with (evaluation / "predictions.csv").open(newline="") as file:
        expected = {row["file"]: row for row in csv.DictReader(file)}
    output = execution.step("Transform").properties["TransformOutput"]["S3OutputPath"]
    names = machine.store.names(output + "/")
    assert names == sorted(f"{name}.out" for name in expected)
    for name, row in expected.items():
        answer = json.loads(machine.store.read_bytes(f"{output}/{name}.out"))
        assert {key: str(value) for key, value in answer.items()} == {
            key: value for key, value in row.items() if key not in {"file", "actual_label"}
        }
    summary = json.loads(
        (
            output_dir(execution.step("SummarizeBatch"), "summary", machine.store) / "summary.json"
        ).read_bytes()
    )
    assert summary["num_images"] == len(expected)
    assert summary["failures"] == []
    counts = Counter(row["predicted_label"] for row in expected.values())
    assert {label: count for label, count in summary["labels"].items() if count} == counts
    violations = output_dir(execution.step("CheckBatch"), "violations", machine.store)
    assert json.loads((violations / "check.json").read_bytes())["num_violations"] == 0


def test_an_image_that_cannot_be_read_is_listed(
    trained: tuple[Machine, LocalExecution], images_dir: Path, tmp_path: Path
) -> None:
    """It has no answer, the others do, and the execution says that something failed."""
    machine, _ = trained
    folder = tmp_path / "batch"
    shutil.copytree(images_dir, folder)
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n, but no more")

    execution, talk = machine.run("scoring", folder)

    assert execution.status is Status.COMPLETED_WITH_FAILURES, talk
    assert "'broken.png': status 400" in str(execution.failure_reason)
    summary = json.loads(
        (
            output_dir(execution.step("SummarizeBatch"), "summary", machine.store) / "summary.json"
        ).read_bytes()
    )
    assert summary["num_images"] == len(COLOURS) * NUM_IMAGES_PER_LABEL + 1
    assert summary["num_answers"] == len(COLOURS) * NUM_IMAGES_PER_LABEL
    assert [failure["file"] for failure in summary["failures"]] == ["broken.png"]


def test_an_unapproved_package_scores_nothing(
    trained: tuple[Machine, LocalExecution], images_dir: Path
) -> None:
    """Nothing is created before a person has approved."""
    machine, _ = trained
    registry = Registry(machine.root)
    [package] = registry.packages("image-classification")
    arn = package["ModelPackageArn"]
    num_models = len(list((machine.root / "models").glob("*.json")))

    registry.set_approval(arn, ApprovalStatus.REJECTED, description="too dark", now=utc_now())
    try:
        execution, _ = machine.run("scoring", images_dir, ModelPackageArn=arn)
    finally:  # The package is the other tests' too, in whatever order they run.
        registry.set_approval(arn, ApprovalStatus.APPROVED, description="", now=utc_now())

    assert execution.status is Status.FAILED
    assert "is Rejected" in str(execution.failure_reason)
    assert len(list((machine.root / "models").glob("*.json"))) == num_models
