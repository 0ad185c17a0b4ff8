"""Tests of CheckBatch's script: a batch's answers against the baseline that Evaluate writes."""

import json
import logging
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from inference.contract import FieldType, response_fields
from monitoring.data_constraints import suggest_data_constraints
from monitoring.data_statistics import Value, data_statistics
from monitoring.documents import document_text
from monitoring.embedding_drift import embedding_document
from steps.check_batch.contract import PROPERTY_FILES
from steps.check_batch.script import FILES_PER_BLOCK, main
from steps.runtime import InputError

NUM_IMAGES = 120
LABELS = ("cat", "dog", "owl")


def response(index: int) -> dict[str, float | str]:
    """A whole answer of a model for three labels, spread evenly over its values."""
    number = index % 100 / 128
    return {
        field.name: number if field.type is FieldType.FRACTIONAL else LABELS[index % 3]
        for field in response_fields(len(LABELS))
    }


@pytest.fixture
def baseline_dir(tmp_path: Path) -> Path:
    """The baseline of 300 answers."""
    folder = tmp_path / "baseline" / "data_quality"
    folder.mkdir(parents=True)
    for name, text in _baseline().items():
        (folder / name).write_text(text)
    return tmp_path / "baseline"


@cache  # Calibrating takes long.
def _baseline() -> Mapping[str, str]:
    """Texts of the baseline's files."""
    answers = [response(index) for index in range(300)]
    columns: dict[str, Sequence[Value]] = {
        name: [answer[name] for answer in answers] for name in answers[0]
    }
    statistics = data_statistics(columns)
    embedding = embedding_document(
        {name: values for name, values in columns.items() if name.startswith("embedding_")}, seed=0
    )
    assert embedding is not None
    return {
        "statistics.json": document_text(statistics),
        "constraints.json": document_text(suggest_data_constraints(statistics)),
        "embedding.json": document_text(embedding),
    }


@pytest.fixture
def answers_dir(tmp_path: Path) -> Path:
    """A batch like the baseline, in folders as the images were."""
    for index in range(NUM_IMAGES):
        path = tmp_path / "answers" / f"{index % 2}" / f"{index:03}.png.out"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(response(index)))
    return tmp_path / "answers"


def run_check(answers_dir: Path, baseline_dir: Path) -> str:
    """Run the script; its output goes to the folder `violations` beside the answers."""
    return main(
        [
            f"--answers-dir={answers_dir}",
            f"--baseline-dir={baseline_dir}",
            f"--violations-dir={answers_dir.parent / 'violations'}",
        ]
    )


def read(answers_dir: Path, name: str) -> Any:
    """An output as a document."""
    return json.loads((answers_dir.parent / "violations" / name).read_text(encoding="utf-8"))


def test_batch_like_the_baseline(answers_dir: Path, baseline_dir: Path) -> None:
    """Answers like the baseline's give no violation, and the four files say so."""
    assert run_check(answers_dir, baseline_dir) == "violations=0 records=120"
    output = answers_dir.parent / "violations"
    assert sorted(path.name for path in output.iterdir()) == [
        "check.json",
        "constraint_violations.json",
        "constraints.json",
        "statistics.json",
    ]
    assert read(answers_dir, "constraint_violations.json") == {"violations": []}
    constraints = baseline_dir / "data_quality" / "constraints.json"
    assert (output / "constraints.json").read_bytes() == constraints.read_bytes()
    statistics = read(answers_dir, "statistics.json")
    names = [field.name for field in response_fields(len(LABELS))]
    assert statistics["dataset"] == {"item_count": NUM_IMAGES}
    assert [feature["name"] for feature in statistics["features"]] == names
    check = read(answers_dir, "check.json")
    assert sorted(check.pop("distances")) == sorted([*names, "embedding"])
    assert check == {
        "num_records": NUM_IMAGES,
        "num_unreadable": 0,
        "num_violations": 0,
        "status": "Completed",
        "undecided": [],
    }


def test_property_file_has_its_schema(answers_dir: Path, baseline_dir: Path) -> None:
    """The property file holds what the contract says, and nothing else."""
    run_check(answers_dir, baseline_dir)
    for name, schema in PROPERTY_FILES.items():
        assert read(answers_dir, name).keys() == schema.__annotations__.keys()


def test_violations_are_the_result(answers_dir: Path, baseline_dir: Path) -> None:
    """A drifted feature and one that is gone are named; the job itself succeeds."""
    for path in answers_dir.rglob("*.out"):
        answer = json.loads(path.read_text())
        answer["brightness"] += 0.5
        del answer["sharpness"]
        path.write_text(json.dumps(answer))
    message = run_check(answers_dir, baseline_dir)
    assert message == "violations=2 records=120: brightness, sharpness"
    violations = read(answers_dir, "constraint_violations.json")["violations"]
    assert [(item["feature_name"], item["constraint_check_type"]) for item in violations] == [
        ("brightness", "baseline_drift_check"),
        ("sharpness", "missing_column_check"),
    ]
    check = read(answers_dir, "check.json")
    assert (check["num_violations"], check["status"]) == (2, "CompletedWithViolations")


def test_answer_that_cannot_be_read(
    answers_dir: Path, baseline_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An unreadable answer is a record without any value, so every feature is incomplete."""
    (answers_dir / "0" / "000.png.out").write_text('{"brightness": 0.')
    with caplog.at_level(logging.WARNING):
        message = run_check(answers_dir, baseline_dir)
    names = [field.name for field in response_fields(len(LABELS))]
    assert message == f"violations={len(names)} records=120: {', '.join(names)}"
    assert caplog.messages == ["0/000.png.out cannot be read: object 1 is not JSON"]
    checks = {
        item["constraint_check_type"]
        for item in read(answers_dir, "constraint_violations.json")["violations"]
    }
    assert checks == {"completeness_check"}
    assert read(answers_dir, "check.json")["num_unreadable"] == 1


def test_small_batch(tmp_path: Path, baseline_dir: Path) -> None:
    """Of a batch too small to tell, the undecided features are counted, and named in the file."""
    answers = tmp_path / "few"
    answers.mkdir()
    for index in range(9):
        (answers / f"{index}.png.out").write_text(json.dumps(response(11 * index)))
    names = sorted([*(field.name for field in response_fields(len(LABELS))), "embedding"])
    assert run_check(answers, baseline_dir) == f"violations=0 records=9 undecided={len(names)}"
    check = read(answers, "check.json")
    assert (check["status"], check["undecided"]) == ("InsufficientData", names)


def test_more_answers_than_a_block(tmp_path: Path, baseline_dir: Path) -> None:
    """Answers are read block by block, and each one counts once."""
    answers = tmp_path / "many"
    answers.mkdir()
    lines = "".join(f"{json.dumps(response(index))}\n" for index in range(3))
    for index in range(FILES_PER_BLOCK + 1):
        (answers / f"{index}.jsonl.out").write_text(lines)
    num_records = 3 * (FILES_PER_BLOCK + 1)
    assert f"records={num_records}" in run_check(answers, baseline_dir)


def test_no_answers(tmp_path: Path, baseline_dir: Path) -> None:
    """An input without a transform's output is an error, and nothing is written."""
    answers = tmp_path / "empty"
    answers.mkdir()
    (answers / "notes.txt").write_text("nothing")
    with pytest.raises(InputError) as caught:
        run_check(answers, baseline_dir)
    assert str(caught.value) == (
        f"Input 'answers' at {answers} holds no answers. Expected the files '<image>.out' of a "
        "batch transform."
    )
    assert not (tmp_path / "violations").exists()


def test_no_baseline(answers_dir: Path, tmp_path: Path) -> None:
    """Without a baseline there is nothing to check against, which is no pass."""
    with pytest.raises(InputError) as caught:
        run_check(answers_dir, tmp_path / "none")
    assert str(caught.value) == (
        f"The baseline in {tmp_path / 'none' / 'data_quality'} has no 'statistics.json'."
    )


def test_baseline_without_embedding(answers_dir: Path, baseline_dir: Path) -> None:
    """A baseline that says nothing about embeddings leaves them undecided: that is no pass."""
    (baseline_dir / "data_quality" / "embedding.json").unlink()
    assert run_check(answers_dir, baseline_dir) == "violations=0 records=120 undecided=1"
    assert read(answers_dir, "check.json")["undecided"] == ["embedding"]
