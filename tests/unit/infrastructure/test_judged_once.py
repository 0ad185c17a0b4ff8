"""Every record is judged once: select_window over sequences of executions, on a store of files."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from infrastructure.functions.select_window.handler import respond
from monitoring.status import Status
from monitoring.window_record import RecordName, WindowRecord
from pipelines.local.stand_ins.s3 import S3StandIn
from pipelines.local.store import LocalStore

MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)
RECORDS = [MIDNIGHT + timedelta(minutes=number) for number in range(0, 6 * 60, 7)]
"""Times of the captured records."""
PLACE = "s3://bucket/capture/abc/dogs"
EVENT = {
    "EndpointName": "dogs",
    "ActiveUri": "s3://bucket/active.json",
    "WindowStart": "unjudged",
    "CaptureDelayMinutes": 0,
    "LabelDelayHours": 0,
    "CaptureUri": "s3://bucket/capture",
    "GroundTruthUri": "s3://bucket/labels",
    "DriftHistoryUri": "s3://bucket/history/drift",
    "QualityHistoryUri": "s3://bucket/history/quality",
    "ManifestsUri": "s3://bucket/manifests",
    "PlaceholderUri": "s3://bucket/README.txt",
}


class Outcome(Enum):
    """How an execution ends that has records to look at."""

    JUDGED = auto()
    TOO_FEW = auto()
    FAILED = auto()
    """A check failed, so that nobody was told what the other one found."""


@dataclass(frozen=True, slots=True)
class Run:
    """An execution: its parameters, and how it ends."""

    end: datetime
    hours: int
    outcome: Outcome


class Endpoint:
    """A client that knows the endpoint of the model in force."""

    def describe_endpoint(self, **_: str) -> dict[str, Any]:
        """The endpoint."""
        return {"EndpointConfigName": "dogs-abc", "EndpointStatus": "InService"}


def judged(runs: Sequence[Run]) -> list[tuple[datetime, datetime]]:
    """The windows that were judged, and told, over a sequence of executions."""
    windows = []
    with TemporaryDirectory() as directory:
        store = LocalStore(Path(directory))
        _write_captured(store)
        for number, run in enumerate(runs):
            answer = respond(
                {**EVENT, "WindowEnd": run.end.isoformat(), "WindowHours": run.hours},
                lambda: MIDNIGHT + timedelta(days=2),
                s3=S3StandIn(store),
                sagemaker=Endpoint(),
            )
            start, end = (
                datetime.fromisoformat(str(answer[f"DriftWindow{name}"]))
                for name in ("Start", "End")
            )
            assert answer["NumRecords"] == sum(start <= time < end for time in RECORDS)
            if answer["NumRecords"]:
                _write_history(store, answer, f"run-{number}", run.outcome)
                if run.outcome is Outcome.JUDGED:
                    windows.append((start, end))
    return windows


def _write_captured(store: LocalStore) -> None:
    hours: dict[str, list[str]] = {}
    for time in RECORDS:
        line = json.dumps({"eventMetadata": {"inferenceTime": f"{time:%Y-%m-%dT%H:%M:%SZ}"}})
        hours.setdefault(f"{time:%Y/%m/%d/%H}", []).append(line)
    for hour, lines in hours.items():
        store.put_bytes(f"{PLACE}/AllTraffic/{hour}/x.jsonl", "\n".join(lines).encode())
    active = {
        "capture_uri": PLACE,
        "data_statistics_uri": "s3://bucket/baseline/data_quality/statistics.json",
        "endpoint_config_name": "dogs-abc",
        "model_package_arn": "dogs/7",
    }
    store.put_bytes(EVENT["ActiveUri"], json.dumps(active).encode())  # type: ignore[arg-type]


def _write_history(store: LocalStore, answer: Any, run: str, outcome: Outcome) -> None:
    """What the checks leave."""
    status = Status.INSUFFICIENT_DATA if outcome is Outcome.TOO_FEW else Status.COMPLETED
    checks = ("Drift",) if outcome is Outcome.FAILED else ("Drift", "Quality")
    for check in checks:
        record: WindowRecord = {
            "capture_uri": answer["CaptureUri"],
            "end": answer[f"{check}WindowEnd"],
            "execution_id": run,
            "figures": {},
            "model_package_arn": answer["ModelPackageArn"],
            "num_records": answer["NumRecords"],
            "num_violations": 0,
            "start": answer[f"{check}WindowStart"],
            "status": status if check == "Drift" else Status.INSUFFICIENT_DATA,
        }
        name = RecordName.of(record)
        store.put_bytes(f"{EVENT[f'{check}HistoryUri']}/{name}", json.dumps(record).encode())


def times_judged(windows: Iterable[tuple[datetime, datetime]]) -> list[int]:
    """How often each record was judged."""
    every = list(windows)
    return [sum(start <= time < end for start, end in every) for time in RECORDS]


MINUTES = st.integers(min_value=0, max_value=8 * 60).map(
    lambda number: MIDNIGHT + timedelta(minutes=number)
)


@given(
    runs=st.lists(
        st.builds(Run, MINUTES, st.integers(min_value=1, max_value=4), st.sampled_from(Outcome)),
        max_size=8,
    )
)
@settings(deadline=None, max_examples=60)
def test_no_record_is_judged_twice(runs: list[Run]) -> None:
    """Whatever the ends of executions and the lengths of their windows, and however they end."""
    assert max(times_judged(judged(runs))) <= 1


@given(ends=st.lists(MINUTES, max_size=8), outcomes=st.data())
@settings(deadline=None, max_examples=40)
def test_no_record_is_left_out(ends: list[datetime], outcomes: st.DataObject) -> None:
    """Executions one after the other, with any outcome, have judged all before the last success."""
    runs = [Run(end, 24, outcomes.draw(st.sampled_from(Outcome))) for end in sorted(ends)]
    windows = judged(runs)
    last = max((end for _, end in windows), default=MIDNIGHT)
    assert times_judged(windows) == [int(time < last) for time in RECORDS]
