"""Tests of steps.window."""

import argparse
import json
import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitoring.window_record import WindowRecord
from steps.runtime import JobParser
from steps.window import (
    Window,
    captured_files,
    read_records,
    windows_table,
    write_record,
)
from tests.unit.steps.monitored import END, OPTIONS, PACKAGE, START

RECORD: WindowRecord = {
    "capture_uri": "s3://bucket/capture/abc/dogs",
    "end": "2026-11-21T10:00:00Z",
    "execution_id": "abc",
    "figures": {"brightness": 0.25},
    "model_package_arn": PACKAGE,
    "num_records": 12,
    "num_violations": 1,
    "start": "2026-11-21T08:00:00Z",
    "status": "CompletedWithViolations",
}


def parsed(options: list[str]) -> argparse.Namespace:
    """Options as a script parses them."""
    parser = JobParser("Test.")
    Window.add_options(parser)
    return parser.parse_args(options)


def test_options_say_which_window_it_is() -> None:
    """Times of any zone are in UTC."""
    options = [*OPTIONS[:-1], "--window-end=2026-11-21T11:00:00+01:00"]
    window = Window.of(parsed(options))
    assert (window.start, window.end) == (START, END)
    assert window.title == (
        "Endpoint dogs, model dogs/7, 2026-11-21 08:00:00 to 2026-11-21 10:00:00 UTC"
    )


@pytest.mark.parametrize("text", ["soon", "2026-11-21T10:00:00"])
def test_a_time_without_a_zone_is_refused(text: str) -> None:
    """Nobody could tell which records are in the window."""
    with pytest.raises(SystemExit) as caught:
        parsed([*OPTIONS[:-1], f"--window-end={text}"])
    assert str(caught.value) == (
        f"Wrong options: argument --window-end: invalid utc_time value: '{text}'."
    )


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Records come in the order of the windows' ends, and no two executions share a file."""
    earlier: WindowRecord = {**RECORD, "end": "2026-11-21T09:00:00Z", "execution_id": "xyz"}
    for record in (RECORD, earlier):
        write_record(tmp_path, record)
    assert read_records(tmp_path) == [earlier, RECORD]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "20261121T090000Z-20261121T080000Z-xyz.json",
        "20261121T100000Z-20261121T080000Z-abc.json",
    ]


def test_what_is_no_record_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A page that lacks an old window is better than none, and the log says which."""
    (tmp_path / "a.json").write_text(json.dumps({**RECORD, "status": None}))
    (tmp_path / "b.json").write_text("{")
    (tmp_path / "README.txt").write_text("nothing")
    with caplog.at_level(logging.WARNING):
        assert read_records(tmp_path) == []
    assert [message.partition(":")[0] for message in caplog.messages] == [
        "a.json is no record of a window",
        "b.json is no record of a window",
    ]


def test_rows_of_the_table_of_windows() -> None:
    """The latest window comes first."""
    later: WindowRecord = {**RECORD, "end": "2026-11-21T11:00:00Z", "num_violations": 0}
    assert windows_table([RECORD, later]) == [
        ("2026-11-21 08:00:00 to 2026-11-21 11:00:00 UTC", "dogs/7", 12, 0, RECORD["status"]),
        ("2026-11-21 08:00:00 to 2026-11-21 10:00:00 UTC", "dogs/7", 12, 1, RECORD["status"]),
    ]


def test_files_of_records(tmp_path: Path) -> None:
    """Compressed or not, in any folder; a placeholder is none."""
    for name in ("b/2.jsonl.gz", "a/1.jsonl", "README.txt", "a/2.json"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert captured_files(tmp_path) == [tmp_path / "a/1.jsonl", tmp_path / "b/2.jsonl.gz"]


def test_metrics_carry_the_window_s_time_and_dimensions() -> None:
    """As a container of Model Monitor's would write them."""
    window = Window.of(parsed(OPTIONS))
    [line] = window.metrics_text([{"MetricName": "a", "Value": 1.5}]).splitlines()
    assert json.loads(line) == {
        "MetricName": "a",
        "Value": 1.5,
        "Timestamp": "2026-11-21T10:00:00Z",
        "Dimensions": [
            {"Name": "Endpoint", "Value": "dogs"},
            {"Name": "MonitoringSchedule", "Value": "dogs-monitoring"},
        ],
    }
    assert datetime.fromisoformat(json.loads(line)["Timestamp"]).tzinfo == UTC
