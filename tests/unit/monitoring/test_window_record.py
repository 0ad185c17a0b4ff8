"""Tests of monitoring.window_record."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from monitoring.status import Status
from monitoring.window_record import RecordName, WindowRecord, parse_record

RECORD: WindowRecord = {
    "capture_uri": "s3://bucket/capture/abc/dogs",
    "end": "2026-11-21T10:00:00Z",
    "execution_id": "abc-1",
    "figures": {"brightness": 0.25},
    "model_package_arn": "dogs/7",
    "num_records": 12,
    "num_violations": 1,
    "start": "2026-11-21T09:00:00+01:00",
    "status": "CompletedWithViolations",
}
NAME = "20261121T100000Z-20261121T080000Z-abc-1.json"


def test_a_name_says_which_window_and_whose() -> None:
    """Names of any zone are in UTC, begin with the end, and are read as they were written."""
    name = RecordName.of(RECORD)
    assert name.start == datetime(2026, 11, 21, 8, tzinfo=UTC)
    assert name.end == datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert str(name) == NAME
    assert RecordName.parse(NAME) == name


@pytest.mark.parametrize(
    "name", ["README.txt", f"a/{NAME}", "20261121T100000Z-abc.json", NAME.replace("1121", "1131")]
)
def test_other_names_are_none(name: str) -> None:
    """Whatever else lies beside the records is none of them."""
    assert RecordName.parse(name) is None


def test_a_record_is_read_as_it_was_written() -> None:
    """Every member comes back."""
    assert parse_record(json.dumps(RECORD).encode()) == RECORD


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"end": "soon"}, id="time"),
        pytest.param({"start": "2026-11-21T10:00:00"}, id="zone"),
        pytest.param({"end": "9999-12-31T23:59:59-01:00"}, id="calendar"),
        pytest.param({"figures": {"brightness": "0.25"}}, id="figure"),
        pytest.param({"figures": {"brightness": True}}, id="boolean"),
        pytest.param({"figures": []}, id="figures"),
        pytest.param({"num_records": 1.5}, id="number"),
        pytest.param({"status": None}, id="text"),
        pytest.param({"status": "Fine"}, id="status"),
        pytest.param({"more": 1}, id="member"),
    ],
)
def test_what_is_no_record_is_refused(changes: dict[str, Any]) -> None:
    """A member that is missing, or another, or of another type."""
    with pytest.raises(
        ValueError, match=r"expected an object|no zone|out of the|Invalid|not a valid Status"
    ):
        parse_record(json.dumps({**RECORD, **changes}).encode())


@pytest.mark.parametrize("content", [b"{", b"[" * 200_000, b"\xff"], ids=["cut", "deep", "bytes"])
def test_what_is_no_document_is_refused(content: bytes) -> None:
    """A file that was cut, nested without end, or is no text."""
    with pytest.raises(ValueError, match=r"."):
        parse_record(content)


def test_a_window_is_judged_with_or_without_violations() -> None:
    """One with too few records is not, and waits for more."""
    assert [status for status in Status if status.is_conclusive] == [
        "Completed",
        "CompletedWithViolations",
    ]
