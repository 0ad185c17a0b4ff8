"""Every record is judged once: select_window over sequences of executions, on a store of files."""

import json
from collections.abc import Iterable, Mapping, Sequence
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
    "PipelineName": "dogs",
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


class Service:
    """A client that knows the endpoint of the model in force, and executions as they go on."""

    def __init__(self) -> None:
        self.time = MIDNIGHT + timedelta(days=2)
        self._executions: dict[int, dict[str, Any]] = {}

    def start(self, number: int) -> None:
        """Start an execution, at the same time as the one before if nothing happened since."""
        self._executions[number] = {
            "PipelineExecutionArn": _arn(number),
            "PipelineExecutionStatus": "Executing",
            "StartTime": self.time,
        }

    def end(self, number: int) -> None:
        """End an execution."""
        self._executions[number]["PipelineExecutionStatus"] = "Succeeded"

    def describe_endpoint(self, **_: str) -> dict[str, Any]:
        """The endpoint."""
        return {"EndpointConfigName": "dogs-abc", "EndpointStatus": "InService"}

    def list_pipeline_executions(self, **_: Any) -> dict[str, Any]:
        """The executions so far, newest first."""
        found = sorted(self._executions.values(), key=lambda item: item["StartTime"], reverse=True)
        return {"PipelineExecutionSummaries": found}


def _arn(number: int) -> str:
    return f"arn:aws:sagemaker:us-east-1:111122223333:pipeline/dogs/execution/run-{number}"


def judged(
    runs: Sequence[Run], moments: Sequence[int] | None = None
) -> list[tuple[datetime, datetime]]:
    """The windows that were judged, and told, over executions that may overlap.

    Args:
        runs: The executions.
        moments: Each execution's number three times, in the order in which things happen: it
            starts, selects its windows, and ends, just before which its checks leave their records.
            Without, each starts when the one before has ended.
    """
    windows = []
    service = Service()
    answers: dict[int, dict[str, str | int]] = {}
    started: set[int] = set()
    with TemporaryDirectory() as directory:
        store = LocalStore(Path(directory))
        _write_captured(store)
        for number in moments if moments is not None else sorted([*range(len(runs))] * 3):
            run = runs[number]
            if number not in started:
                started.add(number)
                service.start(number)
                continue
            service.time += timedelta(seconds=1)
            if number not in answers:
                answers[number] = _select(run, number, store, service)
                continue
            answer = answers[number]
            if answer["NumRecords"]:
                _write_history(store, answer, f"run-{number}", run.outcome)
                if run.outcome is Outcome.JUDGED:
                    windows.append(_drift_window(answer))
            service.end(number)
    return windows


def _select(run: Run, number: int, store: LocalStore, service: Service) -> dict[str, str | int]:
    """What an execution is to look at."""
    event = {
        **EVENT,
        "WindowEnd": run.end.isoformat(),
        "WindowHours": run.hours,
        "PipelineExecutionArn": _arn(number),
    }
    answer = respond(event, lambda: service.time, s3=S3StandIn(store), sagemaker=service)
    start, end = _drift_window(answer)
    is_waiting = str(answer["Message"]).endswith("is looked at next time")
    held = [] if is_waiting else [time for time in RECORDS if start <= time < end]
    assert answer["NumRecords"] == len(held)
    return answer


def _drift_window(answer: Mapping[str, str | int]) -> tuple[datetime, datetime]:
    start, end = (
        datetime.fromisoformat(str(answer[f"DriftWindow{name}"])) for name in ("Start", "End")
    )
    return start, end


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


RUNS = st.lists(
    st.builds(Run, MINUTES, st.integers(min_value=1, max_value=4), st.sampled_from(Outcome)),
    max_size=8,
)


@given(runs=RUNS)
@settings(max_examples=60)
def test_no_record_is_judged_twice(runs: list[Run]) -> None:
    """Whatever the ends of executions and the lengths of their windows, and however they end."""
    assert max(times_judged(judged(runs))) <= 1


@given(runs=RUNS, order=st.data())
@settings(max_examples=30)
def test_no_record_is_judged_twice_by_executions_that_overlap(
    runs: list[Run], order: st.DataObject
) -> None:
    """In whatever order they start, select and end, several of them at the same time or not."""
    moments = order.draw(st.permutations(sorted([*range(len(runs))] * 3)))
    assert max(times_judged(judged(runs, moments))) <= 1


@given(ends=st.lists(MINUTES, max_size=8), outcomes=st.data())
@settings(max_examples=40)
def test_no_record_is_left_out(ends: list[datetime], outcomes: st.DataObject) -> None:
    """Executions one after the other, with any outcome, have judged all before the last success."""
    runs = [Run(end, 24, outcomes.draw(st.sampled_from(Outcome))) for end in sorted(ends)]
    windows = judged(runs)
    last = max((end for _, end in windows), default=MIDNIGHT)
    assert times_judged(windows) == [int(time < last) for time in RECORDS]
