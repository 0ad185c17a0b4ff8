"""The parts of the demonstration that wait."""

import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipelines import demo
from pipelines.local.store import LocalStore


def test_records_are_waited_for_however_late_they_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of other runs do not count, and the second of the last one is over."""
    store = LocalStore(tmp_path)
    files = ["other-0\nother-1\n", "run-0\n", "", "run-1\n"]
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if files:
            uri = f"s3://bucket/capture/dogs/AllTraffic/{len(files)}.jsonl"
            store.put_bytes(uri, files.pop(0).encode())

    monkeypatch.setattr(demo, "time", SimpleNamespace(monotonic=time.monotonic, sleep=sleep))
    demo.wait_for_records(store, "s3://bucket/capture/dogs/", run_id="run", num_records=2)
    assert files == []
    assert pauses == [*[pauses[0]] * 4, 1]


def test_records_that_are_dropped_are_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk the demonstration goes on with what there is."""
    pauses: list[float] = []
    clock = SimpleNamespace(
        monotonic=lambda: demo.CAPTURE_SECONDS * len(pauses), sleep=pauses.append
    )
    monkeypatch.setattr(demo, "time", clock)
    demo.wait_for_records(LocalStore(tmp_path), "s3://bucket/a/", run_id="run", num_records=1)
    assert pauses == [0.1, 1]
