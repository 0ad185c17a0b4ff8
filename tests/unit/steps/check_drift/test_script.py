"""Tests of CheckDrift's script: captured answers against the baseline that Evaluate writes."""

import gzip
import io
import json
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from inference.contract import response_fields
from steps.check_drift.contract import PROPERTY_FILES
from steps.check_drift.examples import MAX_IMAGES
from steps.check_drift.script import main
from steps.runtime import InputError
from tests.unit.steps.monitored import (
    END,
    LABELS,
    OPTIONS,
    PACKAGE,
    START,
    read,
    record,
    response,
    write_baselines,
    write_records,
)

NUM_RECORDS = 120
NAMES = sorted([*(field.name for field in response_fields(len(LABELS))), "embedding"])

Check = Callable[[Iterable[str]], str]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Run the script over captured records; its outputs go to the test's folder."""
    write_baselines(tmp_path / "baseline")
    (tmp_path / "history").mkdir()

    def call(lines: Iterable[str]) -> str:
        write_records(tmp_path / "captured", lines)
        folders = ("baseline", "captured", "history", "violations", "window")
        return main([*OPTIONS, *(f"--{name}-dir={tmp_path / name}" for name in folders)])

    return call


def clean(**changes: Any) -> list[str]:
    """Records whose answers are like the baseline's, but for some fields."""
    return [record(index, response(index, **changes)) for index in range(NUM_RECORDS)]


def test_window_like_the_baseline(check: Check, tmp_path: Path) -> None:
    """Answers like the baseline's give no violation, and every file says so."""
    assert check(clean()) == "violations=0 records=120"
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
    assert read(output / "damage.json") == {"damage": []}
    constraints = tmp_path / "baseline" / "data_quality" / "constraints.json"
    assert (output / "constraints.json").read_bytes() == constraints.read_bytes()
    found = read(output / "check.json")
    assert sorted(found.pop("distances")) == NAMES
    assert found == {
        "num_damaged": 0,
        "num_records": NUM_RECORDS,
        "num_violations": 0,
        "status": "Completed",
        "undecided": [],
        "worst": "no violations",
    }
    page = (output / "report.html").read_text()
    assert "Violations" not in page
    assert "Examples" not in page


def test_property_file_has_its_schema(check: Check, tmp_path: Path) -> None:
    """The property file holds what the contract says, and nothing else."""
    check(clean())
    for name, schema in PROPERTY_FILES.items():
        assert read(tmp_path / "violations" / name).keys() == schema.__annotations__.keys()


def test_drifted_features_are_named(check: Check, tmp_path: Path) -> None:
    """The furthest comes first, with distance and threshold; a missing one is named too."""
    lines = []
    for index in range(NUM_RECORDS):
        answer = response(index, brightness=2.0 + index)
        answer["contrast"] = response(index % 60)["contrast"]
        del answer["sharpness"]
        lines.append(record(index, answer))
    message = check(lines)
    found = read(tmp_path / "violations" / "check.json")
    # All values are beyond the baseline's, and 1.8 / sqrt(300 * 120 / 420) is what chance explains.
    assert found["distances"]["brightness"] == pytest.approx(1 - 1.8 / (36000 / 420) ** 0.5)
    assert found["worst"] == (
        "brightness 0.806 from the baseline (threshold 0.1), contrast 0.206 from the baseline "
        "(threshold 0.1), sharpness missing_column_check"
    )
    assert message == f"violations=3 records=120: {found['worst']}"
    assert found["status"] == "CompletedWithViolations"
    page = (tmp_path / "violations" / "report.html").read_text()
    assert page.index("brightness") < page.index("contrast")
    assert "There is" not in page


def test_many_drifted_features_are_counted(check: Check, tmp_path: Path) -> None:
    """Where there is room for a line only, three are named."""
    check([record(index, {}) for index in range(NUM_RECORDS)])
    words = read(tmp_path / "violations" / "check.json")["worst"]
    assert words == (
        "blue_mean missing_column_check, brightness missing_column_check, contrast "
        f"missing_column_check and {len(NAMES) - 1 - 3} more"
    )


def test_names_of_fields_command_no_terminal(check: Check, tmp_path: Path) -> None:
    """What an answer calls its fields stands on one line, without control characters."""
    check(clean(**{"\x1b[2J\nall is fine": 1.0}))
    words = read(tmp_path / "violations" / "check.json")["worst"]
    assert words == "?[2J?all is fine extra_column_check"


def test_a_feature_of_another_type_has_no_chart(check: Check, tmp_path: Path) -> None:
    """Texts cannot be drawn beside numbers; the violation says what they are."""
    check(clean(brightness="bright"))
    page = (tmp_path / "violations" / "report.html").read_text()
    assert "Only 0.0% of data is Fractional." in page
    assert "<figcaption>contrast" in page
    assert "<figcaption>brightness" not in page


def test_only_the_window_counts(check: Check, tmp_path: Path) -> None:
    """Records before it, at its end, of shadow variants and further copies are left out."""
    moved = response(0, brightness=99.0)
    shadow = json.loads(record(998, moved))
    shadow["eventMetadata"]["invocationSource"] = "ShadowExperiment"
    others = [
        record(996, moved, time=START - timedelta(seconds=1)),
        record(997, moved, time=END),
        json.dumps(shadow),
    ]
    assert check([*clean(), *clean(), *others]) == "violations=0 records=120"
    page = (tmp_path / "violations" / "report.html").read_text()
    assert "further copies, which do not count" in page
    assert "records of shadow variants" in page


def test_a_few_damaged_records_are_listed(check: Check, tmp_path: Path) -> None:
    """A line that was cut says nothing about the model."""
    message = check([*clean(), '{"captureData":'])
    assert message == "violations=0 records=120 damaged=1"
    [damage] = read(tmp_path / "violations" / "damage.json")["damage"]
    assert (damage["reason"], damage["count"]) == ("the line is not JSON", 1)
    page = (tmp_path / "violations" / "report.html").read_text()
    assert "the line is not JSON" in page


@pytest.mark.parametrize(("folder", "num_damaged"), [("2026/11/21/07", 0), ("2026/11/21/08", 1)])
def test_a_line_without_a_time_is_of_one_window(
    check: Check, tmp_path: Path, folder: str, num_damaged: int
) -> None:
    """Of that in which the hour of its file begins, and alone it is no violation there."""
    path = tmp_path / "captured" / "AllTraffic" / folder / "45-00-000-x.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text('{"captureData":\n')
    check([record(index, response(11 * index)) for index in range(30)])
    found = read(tmp_path / "violations" / "check.json")
    assert (found["num_damaged"], found["num_records"]) == (num_damaged, 30)
    assert found["num_violations"] == 0


def test_a_file_that_broke_off_is_missing_data(check: Check, tmp_path: Path) -> None:
    """Nobody knows how many records it held."""
    path = tmp_path / "captured" / "AllTraffic" / "2026/11/21/08" / "x.jsonl.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress("".join(clean()).encode())[:-9])
    check(clean())
    assert read(tmp_path / "violations" / "check.json")["num_records"] == NUM_RECORDS + 1


def test_many_damaged_records_are_missing_data(check: Check, tmp_path: Path) -> None:
    """They count as records without any value, so that every feature is incomplete."""
    check([*clean(), "{", "}"])
    found = read(tmp_path / "violations" / "check.json")
    assert (found["num_records"], found["num_damaged"]) == (NUM_RECORDS + 2, 2)
    violations = read(tmp_path / "violations" / "constraint_violations.json")["violations"]
    assert {item["constraint_check_type"] for item in violations} == {"completeness_check"}
    assert {item["feature_name"] for item in violations} == {*NAMES} - {"embedding"}


def test_a_small_window_is_undecided(check: Check, tmp_path: Path) -> None:
    """A window too small to tell is neither a pass nor a violation."""
    message = check([record(index, response(11 * index)) for index in range(9)])
    assert message == f"violations=0 records=9 undecided={len(NAMES)}"
    found = read(tmp_path / "violations" / "check.json")
    assert (found["status"], found["undecided"]) == ("InsufficientData", NAMES)
    # Its records are looked at again, and their metrics would count twice.
    assert (tmp_path / "violations" / "cloudwatch_metrics.jsonl").read_text() == ""


def test_a_window_in_which_nobody_asked(check: Check, tmp_path: Path) -> None:
    """Where only other hours' records are captured, no feature is missing."""
    message = check([record(0, response(0), time=END)])
    assert message == f"violations=0 records=0 undecided={len(NAMES)}"
    assert read(tmp_path / "violations" / "check.json")["status"] == "InsufficientData"


def test_answers_in_csv(check: Check, tmp_path: Path) -> None:
    """The columns of an answer in CSV are the baseline's features in alphabetical order."""
    lines = []
    for index in range(NUM_RECORDS):
        document = json.loads(record(index, {}))
        answer = response(index)
        document["captureData"]["endpointOutput"] = {
            "observedContentType": "text/csv",
            "mode": "OUTPUT",
            "data": ",".join(str(answer[name]) for name in sorted(answer)) + "\n",
            "encoding": "CSV",
        }
        lines.append(json.dumps(document))
    assert check(lines) == "violations=0 records=120"


def test_a_window_leaves_its_record_to_later_ones(check: Check, tmp_path: Path) -> None:
    """The next window's page has a row and a point for it; what is no record is left out."""
    check(clean())
    [path] = (tmp_path / "window").iterdir()
    assert path.name == "20261121T100000Z-20261121T080000Z-abc.json"
    written = read(path)
    assert sorted(written.pop("figures")) == NAMES
    assert written == {
        "capture_uri": "s3://bucket/capture/abc/dogs",
        "end": "2026-11-21T10:00:00Z",
        "execution_id": "abc",
        "model_package_arn": PACKAGE,
        "num_records": NUM_RECORDS,
        "num_violations": 0,
        "start": "2026-11-21T08:00:00Z",
        "status": "Completed",
    }
    path.rename(tmp_path / "history" / "20261121T090000Z-abb.json")
    (tmp_path / "history" / "a.json").write_text("[]")
    check(clean())
    page = (tmp_path / "violations" / "report.html").read_text()
    assert page.count("2026-11-21 08:00:00 to 2026-11-21 10:00:00 UTC</th>") == 2
    assert "Distance by window" in page


def test_metrics_have_the_documented_names(check: Check, tmp_path: Path) -> None:
    """Numbers, completeness and distance of each feature, with the dimensions of Model Monitor."""
    check(clean())
    lines = (tmp_path / "violations" / "cloudwatch_metrics.jsonl").read_text().splitlines()
    metrics = {item["MetricName"]: item for item in map(json.loads, lines)}
    common = {
        "Dimensions": [
            {"Name": "Endpoint", "Value": "dogs"},
            {"Name": "MonitoringSchedule", "Value": "dogs-monitoring"},
        ],
        "Timestamp": "2026-11-21T10:00:00Z",
    }
    values = [index % 100 / 128 for index in range(NUM_RECORDS)]
    assert metrics["feature_data_brightness"] == {
        **common,
        "MetricName": "feature_data_brightness",
        "StatisticValues": {
            "SampleCount": NUM_RECORDS,
            "Sum": pytest.approx(sum(values)),
            "Minimum": 0.0,
            "Maximum": 99 / 128,
        },
        "Unit": "None",
    }
    assert metrics["feature_non_null_predicted_label"]["Value"] == NUM_RECORDS
    assert metrics["feature_baseline_drift_brightness"]["Value"] == 0.0
    assert "feature_data_predicted_label" not in metrics


def image(value: int) -> bytes:
    """A grey picture."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), (value, value, value)).save(buffer, "PNG")
    return buffer.getvalue()


def test_the_images_furthest_from_the_baseline_are_shown(check: Check, tmp_path: Path) -> None:
    """Of a drifted feature, where requests were captured and can be read."""
    lines = []
    for index in range(NUM_RECORDS):
        pictures = {NUM_RECORDS - 1: b"no picture", NUM_RECORDS - 3: None}
        picture = pictures.get(index, image(index))
        answer = response(index, brightness=2.0 + index)
        kind = "application/json" if index == NUM_RECORDS - 2 else "image/png"
        lines.append(record(index, answer, image=picture, content_type=kind))
    check(lines)
    page = (tmp_path / "violations" / "report.html").read_text()
    assert page.count("data:image/png;base64,") == MAX_IMAGES - 3
    assert "id-119: brightness 121" in page  # Cannot be decoded, and is told in words.
    assert "id-118" not in page  # No encoded image.
    assert "id-117" not in page  # Not captured.
    assert "id-114: brightness 116" in page
    assert "id-113" not in page


def test_answers_of_one_request_have_no_image(check: Check, tmp_path: Path) -> None:
    """Nothing says which of the images an answer is to."""
    lines = []
    for index in range(NUM_RECORDS):
        document = json.loads(record(index, {}, image=image(index)))
        rows = [response(index, brightness=2.0 + row) for row in range(2)]
        document["captureData"]["endpointOutput"]["data"] = "\n".join(map(json.dumps, rows))
        lines.append(json.dumps(document))
    assert check(lines).startswith("violations=1 records=240: brightness ")
    assert "data:image" not in (tmp_path / "violations" / "report.html").read_text()


def test_no_baseline(check: Check, tmp_path: Path) -> None:
    """Without a baseline there is nothing to check against, which is no pass."""
    path = tmp_path / "baseline" / "data_quality" / "statistics.json"
    path.unlink()
    with pytest.raises(InputError) as caught:
        check(clean())
    assert str(caught.value) == f"The baseline in {path.parent} has no 'statistics.json'."
    assert not (tmp_path / "violations").exists()
