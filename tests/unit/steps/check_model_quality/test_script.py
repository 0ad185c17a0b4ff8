"""Tests of CheckModelQuality's script: captured answers against labels."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitoring.ground_truth import GroundTruthWriter
from steps.check_model_quality.contract import PROPERTY_FILES
from steps.check_model_quality.script import main
from steps.runtime import InputError
from tests.unit.steps.monitored import (
    LABELS,
    OPTIONS,
    read,
    record,
    response,
    write_baselines,
    write_records,
)

NUM_RECORDS = 240
COLLECTED = datetime(2026, 11, 25, 7, tzinfo=UTC)

Check = Callable[[Mapping[int, str]], str]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Run the script over labels, by the number of the record; outputs go to the test's folder."""
    write_baselines(tmp_path / "baseline")
    lines = [record(index, response(index)) for index in range(NUM_RECORDS)]
    write_records(tmp_path / "captured", lines)
    (tmp_path / "history").mkdir()
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "README.txt").write_text("nothing")

    def call(labels: Mapping[int, str]) -> str:
        with GroundTruthWriter(tmp_path / "labels") as writer:
            for index, label in labels.items():
                writer.add(f"id-{index}", label, COLLECTED)
        folders = ("baseline", "captured", "history", "labels", "violations", "window")
        return main([*OPTIONS, *(f"--{name}-dir={tmp_path / name}" for name in folders)])

    return call


def labels(every: int) -> dict[int, str]:
    """Labels of all records, of which one in so many is not what was predicted."""
    return {index: LABELS[(index + (index % every == 0)) % 3] for index in range(NUM_RECORDS)}


def test_as_good_as_in_the_evaluation(check: Check, tmp_path: Path) -> None:
    """Nine of ten are right, as in the baseline: no violation, and every file says so."""
    assert check(labels(10)) == "violations=0 labelled=240 records=240"
    output = tmp_path / "violations"
    assert sorted(path.name for path in output.iterdir()) == [
        "check.json",
        "cloudwatch_metrics.jsonl",
        "constraint_violations.json",
        "constraints.json",
        "damage.json",
        "report.html",
        "statistics.json",
    ]
    assert read(output / "constraint_violations.json") == {"violations": []}
    statistics = read(output / "statistics.json")["multiclass_classification_metrics"]
    assert statistics["accuracy"]["value"] == 0.9
    assert statistics["confusion_matrix"]["cat"]["owl"] == 8
    constraints = tmp_path / "baseline" / "model_quality" / "constraints.json"
    assert (output / "constraints.json").read_bytes() == constraints.read_bytes()
    found = read(output / "check.json")
    assert found.pop("metrics")["accuracy"] == 0.9
    assert found == {
        "num_conflicting": 0,
        "num_damaged": 0,
        "num_damaged_records": 0,
        "num_labels": 240,
        "num_late": 240,
        "num_pairs": 240,
        "num_records": 240,
        "num_repeated": 0,
        "num_shared": 0,
        "num_unanswered": 0,
        "num_unlabelled": 0,
        "num_unmatched": 0,
        "num_violations": 0,
        "status": "Completed",
        "worst": "no violations",
    }
    assert "without a label (" not in (output / "report.html").read_text()


def test_property_file_has_its_schema(check: Check, tmp_path: Path) -> None:
    """The property file holds what the contract says, and nothing else."""
    check(labels(10))
    for name, schema in PROPERTY_FILES.items():
        assert read(tmp_path / "violations" / name).keys() == schema.__annotations__.keys()


def test_worse_than_in_the_evaluation(check: Check, tmp_path: Path) -> None:
    """The metrics are named beside those of the evaluation."""
    message = check(labels(2))
    found = read(tmp_path / "violations" / "check.json")
    assert found["worst"] == (
        "accuracy 0.5 (evaluation 0.9), weighted_f0_5 0.5 (evaluation 0.9), weighted_f1 0.5 "
        "(evaluation 0.9) and 3 more"
    )
    assert message == f"violations=6 labelled=240 records=240: {found['worst']}"
    violations = read(tmp_path / "violations" / "constraint_violations.json")["violations"]
    assert "weightedF05" in {item["metric_name"] for item in violations}
    assert "LessThanThreshold" in (tmp_path / "violations" / "report.html").read_text()


def test_no_labels_are_no_pass(check: Check, tmp_path: Path) -> None:
    """Nobody has labelled anything yet: neither a pass nor a violation."""
    assert check({}) == "violations=0 labelled=0 records=240: InsufficientData"
    output = tmp_path / "violations"
    found = read(output / "check.json")
    assert (found["status"], found["metrics"]) == ("InsufficientData", {})
    assert read(output / "statistics.json") == {}
    assert (output / "cloudwatch_metrics.jsonl").read_text() == ""
    assert read(next((tmp_path / "window").iterdir()))["figures"] == {}


def test_what_has_no_counterpart_is_listed(check: Check, tmp_path: Path) -> None:
    """Answers without a label and labels without an answer are counted and named."""
    check({**dict.fromkeys(range(NUM_RECORDS - 1), "cat"), 998: "dog", 999: "owl"})
    damage = read(tmp_path / "violations" / "damage.json")
    assert damage == {
        "damage": [],
        "damaged_records": [],
        "unlabelled": ["id-239"],
        "unmatched": ["id-998", "id-999"],
    }
    found = read(tmp_path / "violations" / "check.json")
    assert (found["num_unlabelled"], found["num_unmatched"]) == (1, 2)
    page = (tmp_path / "violations" / "report.html").read_text()
    assert "Answers without a label (1)" in page
    assert "id-998" in page


def test_damaged_and_corrected_labels(check: Check, tmp_path: Path) -> None:
    """What cannot be read is listed, and of two labels the one that was collected last counts."""
    check({0: "owl"})
    (tmp_path / "labels" / "2026/11/25/07/zz.jsonl").write_text("{\n")
    check(labels(10))
    found = read(tmp_path / "violations" / "check.json")
    assert (found["num_damaged"], found["num_pairs"]) == (1, 240)
    assert (found["num_conflicting"], found["num_repeated"]) == (1, 1)
    [damage] = read(tmp_path / "violations" / "damage.json")["damage"]
    assert damage["reason"] == "the line is not JSON"
    page = (tmp_path / "violations" / "report.html").read_text()
    assert "the line is not JSON" in page


def test_damaged_records_are_told(check: Check, tmp_path: Path) -> None:
    """What is right of the rest is not shown as if it were all."""
    path = tmp_path / "captured" / "a/2026/11/21/08/00-00-000-x.jsonl"
    path.write_text(path.read_text() + '{"captureData":\n')
    assert check(labels(10)) == "violations=0 labelled=240 records=240 damaged=1"
    found = read(tmp_path / "violations" / "check.json")
    assert (found["num_damaged"], found["num_damaged_records"]) == (0, 1)
    [damage] = read(tmp_path / "violations" / "damage.json")["damaged_records"]
    assert damage["reason"] == "the line is not JSON"
    page = (tmp_path / "violations" / "report.html").read_text()
    assert "Damaged records" in page
    assert "Damaged labels" not in page


def test_what_could_not_be_judged_has_no_metrics(check: Check, tmp_path: Path) -> None:
    """It is looked at again: of a single image the accuracy would be 0 or 1."""
    message = check({0: LABELS[1]})
    assert message == "violations=0 labelled=1 records=240"
    assert read(tmp_path / "violations" / "check.json")["status"] == "InsufficientData"
    assert (tmp_path / "violations" / "cloudwatch_metrics.jsonl").read_text() == ""


def test_everything_that_can_happen_to_a_label(tmp_path: Path) -> None:
    """The result and the page count late, repeated, conflicting and shared labels, and the rest."""
    write_baselines(tmp_path / "baseline")
    (tmp_path / "history").mkdir()
    answers = [record(0, response(0)), record(1, response(1)), record(2, response(2))]
    shared = record(3, response(3)).replace('"id-3"', '"id-2"')
    no_answer = record(4, response(4, predicted_label=None))
    write_records(tmp_path / "captured", [*answers, shared, no_answer, record(5, response(5))])
    on_time, late = (
        datetime(2026, 11, 21, 9, 59, tzinfo=UTC),
        datetime(2026, 11, 21, 10, tzinfo=UTC),
    )
    with GroundTruthWriter(tmp_path / "labels") as writer:
        writer.add("id-0", "cat", on_time)
        writer.add("id-1", "cat", on_time)
        writer.add("id-2", "owl", on_time)
        writer.add("id-9", "cat", on_time)
        writer.add("id-0", "cat", late)  # No news.
        writer.add("id-1", "dog", late)
        writer.add("id-4", "dog", late)
    folders = ("baseline", "captured", "history", "labels", "violations", "window")
    main([*OPTIONS, *(f"--{name}-dir={tmp_path / name}" for name in folders)])
    found = read(tmp_path / "violations" / "check.json")
    assert {name: value for name, value in found.items() if name.startswith("num_")} == {
        "num_conflicting": 1,
        "num_damaged": 0,
        "num_damaged_records": 0,
        "num_labels": 5,
        "num_late": 2,
        "num_pairs": 4,
        "num_records": 6,
        "num_repeated": 2,
        "num_shared": 1,
        "num_unanswered": 1,
        "num_unlabelled": 1,
        "num_unmatched": 1,
        "num_violations": 0,
    }
    page = (tmp_path / "violations" / "report.html").read_text()
    _, _, matching = page.partition("<h2>Matching</h2>")
    rows = re.findall(r'<th scope="row">(\w+)</th><td class="number">(\d+)</td>', matching)
    assert rows == [
        ("Answers", "6"), ("labelled", "5"), ("late", "2"), ("unanswered", "1"), ("shared", "1"),
        ("unlabelled", "1"), ("Labels", "5"), ("unmatched", "1"), ("conflicting", "1"),
        ("repeated", "2"),
    ]  # fmt: skip


def test_quality_of_each_label_over_time(check: Check, tmp_path: Path) -> None:
    """The page has a curve of the accuracy, and of the labels that are found least often."""
    check(labels(10))
    [path] = (tmp_path / "window").iterdir()
    figures = read(path)["figures"]
    assert figures["recall of cat"] == pytest.approx(0.9)
    assert figures["accuracy"] == 0.9
    path.rename(tmp_path / "history" / "20261121T090000Z-abb.json")
    check(labels(10))
    page = (tmp_path / "violations" / "report.html").read_text()
    assert "Quality by window" in page
    assert "recall of dog" in page
    _, _, table = page.partition("Recall by window")
    assert table.count('<td class="number">0.9000</td>') == 2 * 3


def test_many_labels(check: Check, tmp_path: Path) -> None:
    """Labels that the model does not know count as wrong, and their matrix has room."""
    check({index: f"label {index % 11}" for index in range(NUM_RECORDS)})
    found = read(tmp_path / "violations" / "check.json")
    assert found["metrics"]["accuracy"] == 0
    page = (tmp_path / "violations" / "report.html").read_text()
    assert 'class="scroll wide"' in page


@pytest.mark.parametrize("folder", ["data_quality", "model_quality"])
def test_no_baseline(check: Check, tmp_path: Path, folder: str) -> None:
    """Without a baseline there is nothing to check against, which is no pass."""
    path = tmp_path / "baseline" / folder / "constraints.json"
    path.unlink()
    with pytest.raises(InputError) as caught:
        check({})
    assert str(caught.value) == f"The baseline in {path.parent} has no 'constraints.json'."
    assert not (tmp_path / "violations").exists()
