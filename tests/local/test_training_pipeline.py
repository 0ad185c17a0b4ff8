"""The compiled training pipelines, run to their ends on this machine."""

import csv
import hashlib
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pipelines.execution import Status
from pipelines.local.execution import LocalExecution
from tests.local.conftest import Machine, write_images

pytestmark = pytest.mark.local


def _packages(machine: Machine) -> list[dict[str, Any]]:
    folder = machine.root / "model-packages" / "image-classification"
    return [json.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))]


def _report(machine: Machine, execution: LocalExecution) -> dict[str, Any]:
    path = machine.output(execution, "Evaluate", "evaluation") / "evaluation.json"
    return dict(json.loads(path.read_bytes()))


def test_training_registers_a_model_with_its_baselines(machine: Machine, images_dir: Path) -> None:
    """The whole pipeline succeeds, and the package names what made it and what watches it."""
    execution, talk = machine.run(
        "training", images_dir, MaxTuningJobs="2", TuningEpochs="1", Seed="3"
    )
    assert execution.status is Status.SUCCEEDED, talk
    statuses = {step.name: step.status for step in execution.steps}
    assert statuses.pop("QualityTooLow") is Status.SKIPPED
    assert set(statuses.values()) == {Status.SUCCEEDED}

    [package] = _packages(machine)
    metadata = package["CustomerMetadataProperties"]
    tuned = execution.step("Tune").properties["BestTrainingJob"]["TunedHyperParameters"]
    assert {name: metadata[f"hyperparameter.{name}"] for name in tuned} == tuned
    assert metadata["hyperparameter.seed"] == "3"
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    assert metadata["data_digest"] == _report(machine, execution)["data_digest"]
    for kind in ("ModelDataQuality", "ModelQuality"):
        assert package["DriftCheckBaselines"][kind] == package["ModelMetrics"][kind]
        for source in package["DriftCheckBaselines"][kind].values():
            assert json.loads(machine.store.read_bytes(source["S3Uri"]))["version"] == 0.0


def test_the_artifact_answers_as_it_did_in_the_evaluation(
    machine: Machine, images_dir: Path, tmp_path: Path
) -> None:
    """Unpacked and loaded through the handler, the artifact repeats every recorded prediction."""
    from inference.handler import model_fn
    from inference.serving import input_fn, output_fn, predict_fn

    execution, talk = machine.run("retraining", images_dir)
    assert execution.status is Status.SUCCEEDED, talk
    with tarfile.open(machine.artifact(execution)) as archive:
        archive.extractall(tmp_path / "model", filter="data")
    model = model_fn(str(tmp_path / "model"))
    evaluation_dir = machine.output(execution, "Evaluate", "evaluation")
    with (evaluation_dir / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 3
    for row in rows:
        body = (images_dir / row.pop("file")).read_bytes()
        body, _ = output_fn(predict_fn(input_fn(body, "image/png"), model), "application/json")
        answer = json.loads(body)
        assert {name: str(value) for name, value in answer.items()} == {
            name: row[name] for name in answer
        }


def test_a_model_that_is_not_good_enough_is_not_registered(
    machine: Machine, images_dir: Path
) -> None:
    """Below a threshold the execution fails with the numbers, and the report is there to read."""
    execution, talk = machine.run("retraining", images_dir, AccuracyThreshold="1.5")
    assert execution.status is Status.FAILED
    assert _packages(machine) == []
    evaluation_dir = machine.output(execution, "Evaluate", "evaluation")
    accuracy = _report(machine, execution)["metrics"]["accuracy"]["value"]
    reason = execution.step("QualityTooLow").failure_reason
    assert reason is not None
    assert reason.startswith(
        f"The model is not good enough to register: accuracy {accuracy} (threshold 1.5), macro F1 "
    )
    assert reason in talk
    assert (evaluation_dir / "report.html").is_file()


def test_the_same_seed_gives_the_same_artifact(
    machine: Machine, images_dir: Path, tmp_path: Path
) -> None:
    """Executions in roots that share no cache write the same bytes; another seed, others."""

    def digest(root: str, seed: str) -> str:
        elsewhere = Machine(tmp_path / root, machine.compiled, machine.server)
        execution, talk = elsewhere.run("retraining", images_dir, Seed=seed)
        assert execution.status is Status.SUCCEEDED, talk
        return hashlib.sha256(elsewhere.artifact(execution).read_bytes()).hexdigest()

    first = digest("first", seed="1")
    assert digest("second", seed="1") == first
    assert digest("third", seed="2") != first


def test_a_second_execution_uses_the_cache_and_sees_new_images(
    machine: Machine, tmp_path: Path
) -> None:
    """Unchanged steps are not run again, but retraining's Preprocess is, and sees new images."""
    images_dir = write_images(tmp_path / "data" / "squares")
    first, _ = machine.run("retraining", images_dir)
    Image.new("RGB", (32, 32), (220, 40, 40)).save(images_dir / "red" / "new.png")
    second, _ = machine.run("retraining", images_dir)
    assert not second.step("Preprocess").is_cache_hit
    digests = [
        json.loads((machine.output(run, "Preprocess", "train") / "dataset.json").read_bytes())
        for run in (first, second)
    ]
    assert digests[0]["data_digest"] != digests[1]["data_digest"]
    third, _ = machine.run("training", images_dir, MaxTuningJobs="1", TuningEpochs="1")
    fourth, _ = machine.run("training", images_dir, MaxTuningJobs="1", TuningEpochs="1")
    assert not any(step.is_cache_hit for step in third.steps)
    assert [step.name for step in fourth.steps if step.is_cache_hit] == [
        "Preprocess",
        "Tune",
        "Train",
        "Evaluate",
    ]


def test_damaged_and_odd_images_do_not_stop_the_pipeline(machine: Machine, tmp_path: Path) -> None:
    """What cannot be decoded is listed with its reason; unusual modes are images like others."""
    images_dir = write_images(tmp_path / "data" / "squares")
    (images_dir / "red" / "empty.png").write_bytes(b"")
    whole = (images_dir / "red" / "00.png").read_bytes()
    (images_dir / "red" / "cut.png").write_bytes(whole[: len(whole) // 2])
    (images_dir / "red" / "text.jpg").write_text("not an image")
    (images_dir / "red" / "notes.md").write_text("no image by its name")
    red = Image.new("RGB", (48, 40), (210, 50, 50))
    red.convert("CMYK").save(images_dir / "red" / "cmyk.jpg")
    red.quantize().save(images_dir / "red" / "palette.png")
    Image.new("I;16", (40, 48), 30000).save(images_dir / "red" / "deep.png")
    execution, talk = machine.run("retraining", images_dir)
    assert execution.status is Status.SUCCEEDED, talk
    report_dir = machine.output(execution, "Preprocess", "report")
    report = json.loads((report_dir / "preprocess-000.json").read_bytes())
    assert [item["file"] for item in report["quarantined"]] == [
        "red/cut.png",
        "red/empty.png",
        "red/text.jpg",
    ]
    assert all(item["reason"] for item in report["quarantined"])
    assert report["ignored"] == ["red/notes.md"]
    assert sum(counts["red"] for counts in report["counts"].values()) == 23


def test_several_instances_share_the_decoding(
    machine: Machine, images_dir: Path, tmp_path: Path
) -> None:
    """Three hosts write three parts, which Train and Evaluate read as one split."""
    execution, talk = machine.run("retraining", images_dir, PreprocessInstanceCount="3")
    assert execution.status is Status.SUCCEEDED, talk
    train_dir = machine.output(execution, "Preprocess", "train")
    assert len(list(train_dir.glob("part-*.images.npy"))) == 3
    alone = Machine(tmp_path / "alone", machine.compiled, machine.server)
    lone, _ = alone.run("retraining", images_dir)
    assert _report(machine, execution)["num_images"] == _report(alone, lone)["num_images"]
    assert _report(machine, execution)["data_digest"] == _report(alone, lone)["data_digest"]


def test_the_approved_model_is_compared_with(machine: Machine, images_dir: Path) -> None:
    """Once a package is approved, the next evaluation holds the new model against it."""
    first, _ = machine.run("retraining", images_dir, ModelApprovalStatus="Approved", Epochs="4")
    second, talk = machine.run(
        "retraining", images_dir, Epochs="1", Seed="9", AccuracyChangeThreshold="-1"
    )
    assert second.status is Status.SUCCEEDED, talk
    reports = [_report(machine, execution) for execution in (first, second)]
    assert reports[0]["comparison"]["has_approved_model"] is False
    comparison = reports[1]["comparison"]
    assert comparison["has_approved_model"] is True
    assert comparison["approved_accuracy"] == reports[0]["metrics"]["accuracy"]
    change = reports[1]["metrics"]["accuracy"]["value"] - reports[0]["metrics"]["accuracy"]["value"]
    assert comparison["accuracy_change"]["value"] == pytest.approx(change)
