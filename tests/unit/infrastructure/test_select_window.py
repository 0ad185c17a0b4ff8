"""The selection of a window, on a bucket of moto's and a client with SageMaker's own shapes."""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws

from infrastructure.functions.select_window import files, handler
from infrastructure.functions.select_window.counting import BLOCK_BYTES
from infrastructure.functions.select_window.handler import respond

BUCKET = "bucket"
PACKAGE = "arn:aws:sagemaker:us-east-1:111122223333:model-package/dogs/7"
ENDPOINT = "arn:aws:sagemaker:us-east-1:111122223333:endpoint/dogs"
EXECUTIONS = "arn:aws:sagemaker:us-east-1:111122223333:pipeline/dogs-monitoring/execution"
OWN = "k5"
"""Id of the execution that asks."""
ACTIVE = {
    "capture_uri": "s3://bucket/capture/abc/dogs",
    "data_statistics_uri": "s3://bucket/baseline/data_quality/statistics.json",
    "endpoint_config_name": "dogs-abc",
    "model_package_arn": PACKAGE,
}
EVENT = {
    "EndpointName": "dogs",
    "ActiveUri": "s3://bucket/active/dogs.json",
    "WindowStart": "unjudged",
    "WindowEnd": "2026-11-21T09:30:00Z",
    "WindowHours": 2,
    "CaptureDelayMinutes": 0,
    "LabelDelayHours": 0,
    "CaptureUri": "s3://bucket/capture",
    "GroundTruthUri": "s3://bucket/labels/dogs",
    "DriftHistoryUri": "s3://bucket/history/drift",
    "QualityHistoryUri": "s3://bucket/history/quality",
    "ManifestsUri": "s3://bucket/executions/1/select_window",
    "PlaceholderUri": "s3://bucket/nothing/README.txt",
    "PipelineName": "dogs-monitoring",
    "PipelineExecutionArn": f"{EXECUTIONS}/{OWN}",
}
NOTHING = [{"prefix": "s3://bucket/nothing/"}, "README.txt"]


SESSION = boto3.Session("a", "b", region_name="us-east-1")
"""Keeps the model of the service, which takes long to load."""


@pytest.fixture
def s3() -> Iterator[Any]:
    """A client of an empty bucket."""
    with mock_aws():
        client = SESSION.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client


@pytest.fixture
def served(s3: Any, sagemaker: Stubber) -> Stubber:
    """A model is in force for the endpoint, and the endpoint serves it."""
    put(s3, "active/dogs.json", json.dumps(ACTIVE))
    add_endpoint(sagemaker)
    return sagemaker


@pytest.fixture
def active(served: Stubber) -> Stubber:
    """The same, and no other execution is under way."""
    add_executions(served)
    return served


def add_endpoint(
    stub: Stubber,
    config: str = "dogs-abc",
    *,
    status: str = "InService",
    modified: datetime = datetime(2026, 11, 20, tzinfo=UTC),
) -> None:
    """Let the client describe the endpoint."""
    description = {
        "EndpointName": "dogs",
        "EndpointArn": ENDPOINT,
        "EndpointConfigName": config,
        "EndpointStatus": status,
        "CreationTime": modified,
        "LastModifiedTime": modified,
    }
    stub.add_response("describe_endpoint", description, {"EndpointName": "dogs"})


def add_executions(
    stub: Stubber, *executions: tuple[str, str, int], own: str | None = f"{EXECUTIONS}/{OWN}"
) -> None:
    """Let the client list executions: id, status, and seconds from this one's start to theirs.

    This one is among them, unless it is None.
    """
    listed = [(f"{EXECUTIONS}/{name}", status, seconds) for name, status, seconds in executions]
    listed += [] if own is None else [(own, "Executing", 0)]
    started = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    summaries = [
        {
            "PipelineExecutionArn": arn,
            "PipelineExecutionStatus": status,
            "StartTime": started + timedelta(seconds=seconds),
        }
        for arn, status, seconds in sorted(listed, key=lambda item: -item[2])
    ]
    stub.add_response(
        "list_pipeline_executions",
        {"PipelineExecutionSummaries": summaries},
        {
            "PipelineName": "dogs-monitoring",
            "SortBy": "CreationTime",
            "SortOrder": "Descending",
            "MaxResults": 100,
        },
    )


def put(s3: Any, key: str, content: str | bytes = "") -> None:
    """Write an object."""
    s3.put_object(Bucket=BUCKET, Key=key, Body=content)


def record(time: str) -> str:
    """A line of captured data, whose answer tries to pass for another record."""
    answer = json.dumps({"inferenceTime": "2000-01-01T00:00:00Z"})
    document = {
        "captureData": {"endpointOutput": {"data": answer, "encoding": "JSON"}},
        "eventMetadata": {"eventId": "1", "inferenceTime": time},
    }
    return json.dumps(document, separators=(",", ":")) + "\n"


def clock() -> datetime:
    """A day after the window."""
    return datetime(2026, 11, 22, 9, 30, 0, 700, tzinfo=UTC)


def select(s3: Any, sagemaker: Stubber, **changes: Any) -> dict[str, Any]:
    """The answer to the event."""
    return respond({**EVENT, **changes}, clock, s3=s3, sagemaker=sagemaker.client)


def manifest(s3: Any, name: str) -> Any:
    """Content of a manifest."""
    key = f"executions/1/select_window/{name}.json"
    return json.loads(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())


def put_records(s3: Any, *times: str, variant: str = "a") -> None:
    """Write a captured record for each time of day, a file each."""
    for time in times:
        hour = f"2026/11/21/{time[:2]}/{time[3:5]}-00-000-x.jsonl"
        put(s3, f"capture/abc/dogs/{variant}/{hour}", record(f"2026-11-21T{time}:00Z"))


def put_window(
    s3: Any, start: str, end: str, *, check: str = "drift", run: str = "x", **changes: str
) -> None:
    """Let a check have judged a window, between two times of the day."""
    times = {"start": f"2026-11-21T{start}:00Z", "end": f"2026-11-21T{end}:00Z"}
    document = {
        **times,
        "capture_uri": ACTIVE["capture_uri"],
        "execution_id": run,
        "figures": {},
        "model_package_arn": PACKAGE,
        "num_records": 100,
        "num_violations": 0,
        "status": "Completed",
        **changes,
    }
    end, start = (times[name].replace("-", "").replace(":", "") for name in ("end", "start"))
    put(s3, f"history/{check}/{end}-{start}-{run}.json", json.dumps(document))


def put_judged(s3: Any, start: str, end: str, **changes: str) -> None:
    """Let both checks have judged a window."""
    for check in ("drift", "quality"):
        put_window(s3, start, end, check=check, **changes)


def drift_window(answer: dict[str, Any]) -> tuple[str, str]:
    """The times of day of the drift check's window."""
    return answer["DriftWindowStart"][11:16], answer["DriftWindowEnd"][11:16]


def quality_window(answer: dict[str, Any]) -> tuple[str, str]:
    """The times of day of the quality check's window."""
    return answer["QualityWindowStart"][11:16], answer["QualityWindowEnd"][11:16]


def test_the_files_of_the_window_s_hours_are_listed(s3: Any, active: Stubber) -> None:
    """Of every variant, and no others; records outside of the window do not count."""
    inside, before, after = (f"2026-11-21T{time}Z" for time in ("08:10:00", "07:29:59", "09:30:00"))
    put(s3, "capture/abc/dogs/a/2026/11/21/06/59-00-000-x.jsonl", record(inside))
    put(s3, "capture/abc/dogs/a/2026/11/21/07/29-00-000-x.jsonl", record(before) + record(inside))
    put(s3, "capture/abc/dogs/a/2026/11/21/08/10-00-000-x.jsonl", record(inside) * 3)
    put(s3, "capture/abc/dogs/a/2026/11/21/08/notes.txt", "no records\n")
    put(s3, "capture/abc/dogs/a/2026/11/21/09/29-00-000-x.jsonl", record(inside) + record(after))
    put(s3, "capture/abc/dogs/a/2026/11/21/10/00-00-000-x.jsonl", record(inside))
    put(s3, "capture/abc/dogs/b/2026/11/21/08/10-00-000-x.jsonl", record(inside))
    put(s3, "capture/abc/dogs-2/a/2026/11/21/08/10-00-000-x.jsonl", record(inside))

    answer = select(s3, active)

    expected = [
        {"prefix": "s3://bucket/capture/abc/dogs/"},
        "a/2026/11/21/07/29-00-000-x.jsonl",
        "a/2026/11/21/08/10-00-000-x.jsonl",
        "a/2026/11/21/09/29-00-000-x.jsonl",
        "b/2026/11/21/08/10-00-000-x.jsonl",
    ]
    assert manifest(s3, "check_drift/captured") == expected
    assert manifest(s3, "check_model_quality/captured") == expected
    assert answer == {
        "NumRecords": 6,
        "Message": "6 records of dogs/7 from 2026-11-21T07:30:00Z to 2026-11-21T09:30:00Z",
        "BaselineUri": "s3://bucket/baseline",
        "CaptureUri": "s3://bucket/capture/abc/dogs",
        "ModelPackageArn": PACKAGE,
        "DriftWindowStart": "2026-11-21T07:30:00Z",
        "DriftWindowEnd": "2026-11-21T09:30:00Z",
        "QualityWindowStart": "2026-11-21T07:30:00Z",
        "QualityWindowEnd": "2026-11-21T09:30:00Z",
    }
    for name in (
        "check_drift/history",
        "check_model_quality/history",
        "check_model_quality/labels",
    ):
        assert manifest(s3, name) == NOTHING


def test_records_of_other_deployments_are_not_read(s3: Any, active: Stubber) -> None:
    """Neither those of a model before, nor of one that was put back, at the same time or not."""
    put_records(s3, "08:10")
    name = "AllTraffic/2026/11/21/08/10-00-000-x.jsonl"
    put(s3, f"capture/abb/dogs/{name}", record("2026-11-21T08:10:00Z"))
    put(s3, f"capture/abd/dogs/{name}", record("2026-11-21T08:10:00Z"))
    assert select(s3, active)["NumRecords"] == 1


def test_without_an_active_baseline_there_is_nothing_to_look_at(
    s3: Any, sagemaker: Stubber
) -> None:
    """The answer says so, and every manifest can be read."""
    put(s3, "capture/abc/dogs/a/2026/11/21/08/10-00-000-x.jsonl", record("2026-11-21T08:10:00Z"))
    answer = select(s3, sagemaker)
    assert (answer["NumRecords"], answer["BaselineUri"], answer["ModelPackageArn"]) == (0, "", "")
    assert answer["Message"] == ("nothing to look at: no baseline is in force for endpoint 'dogs'")


def test_nothing_captured(s3: Any, active: Stubber) -> None:
    """An endpoint that nobody asked has no records."""
    answer = select(s3, active)
    assert answer["NumRecords"] == 0
    assert answer["Message"] == (
        "nothing to look at: endpoint 'dogs' captured no records from 2026-11-21T07:30:00Z to "
        "2026-11-21T09:30:00Z"
    )


@pytest.mark.parametrize("hour", ["08", "09"], ids=["whole hour", "cut hour"])
@pytest.mark.parametrize(
    ("name", "content", "number"),
    [
        pytest.param("a.jsonl", record("2026-11-21T08:10:00Z").strip(), 1, id="no last newline"),
        pytest.param("a.jsonl", "", 0, id="empty"),
        pytest.param(
            "a.jsonl.gz",
            gzip.compress((record("2026-11-21T08:10:00Z") * 5000).encode()),
            5000,
            id="compressed",
        ),
        pytest.param(
            "a.jsonl", '{"cut\n{"inferenceTime":"soon"}\n{"inferenceTime":"2026-11-21"}\n', 3,
            id="no time",
        ),
        pytest.param(
            "a.jsonl", '{"inferenceTime":"0001-01-01T00:00:00+23:00"}\n', 1, id="no such year"
        ),
        pytest.param("a.jsonl.gz", b"\x1f\x8b no gzip", 1, id="no gzip"),
        pytest.param(
            "a.jsonl.gz",
            gzip.compress((record("2026-11-21T08:10:00Z") * 50).encode())[:-9],
            51,
            id="cut off",
        ),
        pytest.param(
            "a.jsonl", (record("2026-11-21T08:10:00Z").strip() + " " * BLOCK_BYTES + "\n") * 2, 2,
            id="long lines",
        ),
    ],
)  # fmt: skip
def test_records_are_counted_however_their_files_are(
    s3: Any, active: Stubber, *, hour: str, name: str, content: str | bytes, number: int
) -> None:
    """Compressed or not, whole or cut: what may be a record of the window counts.

    So does what a file has lost, or a window of lost records would look like one without any.
    """
    put(s3, f"capture/abc/dogs/a/2026/11/21/{hour}/{name}", content)
    assert select(s3, active)["NumRecords"] == number


@pytest.mark.parametrize(("end", "number"), [("08:45", 1), ("09:45", 0)])
def test_what_has_no_time_counts_once(s3: Any, active: Stubber, end: str, number: int) -> None:
    """Where two windows share an hour, it is of the one in which the hour begins."""
    put(s3, "capture/abc/dogs/a/2026/11/21/08/a.jsonl", '{"cut\n')
    answer = select(s3, active, WindowEnd=f"2026-11-21T{end}:00Z", WindowHours=1)
    assert answer["NumRecords"] == number


def test_a_window_that_ends_within_the_last_minute_of_an_hour(s3: Any, active: Stubber) -> None:
    """What came after its last second is of the next window, and is not counted."""
    key = "capture/abc/dogs/a/2026/11/21/08/a.jsonl"
    put(s3, key, "".join(record(f"2026-11-21T08:59:{second}Z") for second in (29, 30, 31)))
    assert select(s3, active, WindowEnd="2026-11-21T08:59:30Z")["NumRecords"] == 1


def test_a_large_window_is_counted_in_part(
    s3: Any, active: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of its files are listed, and the message says that there are at least so many records."""
    line = record("2026-11-21T08:10:00Z")
    monkeypatch.setattr(files, "MAX_COUNTED_BYTES", 3 * len(line))
    for number in range(4):
        put(s3, f"capture/abc/dogs/a/2026/11/21/08/{number}.jsonl", line * 2)

    answer = select(s3, active)

    assert answer["NumRecords"] == 2
    assert answer["Message"].startswith("at least 2 records of dogs/7 from ")
    assert len(manifest(s3, "check_drift/captured")) == 5


def test_labels_that_came_later_count(s3: Any, active: Stubber) -> None:
    """A label is collected after its answer, perhaps days after the window, and until now."""
    put_records(s3, "08:10")
    for hour in ("21/06", "21/07", "22/00", "22/09", "22/10"):
        put(s3, f"labels/dogs/2026/11/{hour}/a.jsonl.gz")
    put(s3, "labels/dogs/2026/11/22/00/notes.txt")

    select(s3, active)

    assert manifest(s3, "check_model_quality/labels") == [
        {"prefix": "s3://bucket/labels/dogs/"},
        "2026/11/21/07/a.jsonl.gz",
        "2026/11/22/00/a.jsonl.gz",
        "2026/11/22/09/a.jsonl.gz",
    ]


def test_the_latest_windows_are_the_history(
    s3: Any, active: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each check has its own; what is named otherwise is no record."""
    monkeypatch.setattr(handler, "MAX_WINDOWS", 2)
    for start, end, run in (("01", "02", "a"), ("02", "03", "c"), ("02", "03", "b")):
        put_window(s3, f"{start}:00", f"{end}:00", run=run)
    put(s3, "history/drift/notes.json")
    put_window(s3, "01:00", "02:00", check="quality", run="a")

    select(s3, active)

    assert manifest(s3, "check_drift/history") == [
        {"prefix": "s3://bucket/history/drift/"},
        "20261121T030000Z-20261121T020000Z-b.json",
        "20261121T030000Z-20261121T020000Z-c.json",
    ]
    assert manifest(s3, "check_model_quality/history")[1:] == [
        "20261121T020000Z-20261121T010000Z-a.json"
    ]


def test_long_lists_are_read_to_their_end(
    s3: Any, active: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service lists a thousand keys at a time; here it lists ten."""
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "10")
    for number in range(25):
        put(s3, f"labels/dogs/2026/11/21/08/{number:04}.jsonl")
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix="labels/")["KeyCount"] == 10
    select(s3, active)
    assert len(manifest(s3, "check_model_quality/labels")) == 26


@pytest.mark.parametrize(
    ("text", "delay", "end"),
    [
        pytest.param("now", 0, "2026-11-22T09:30:00Z", id="now"),
        pytest.param("now", "15", "2026-11-22T09:15:00Z", id="now, delayed"),
        pytest.param("2026-11-23T00:00:00Z", 0, "2026-11-22T09:30:00Z", id="future"),
        pytest.param("2026-11-21T09:30:00.5+01:00", 0, "2026-11-21T08:30:00Z", id="zone"),
        pytest.param("2026-11-21T09:00:00Z", 15, "2026-11-21T08:45:00Z", id="delayed"),
    ],
)
def test_the_end_of_the_window(
    s3: Any, active: Stubber, text: str, delay: int | str, end: str
) -> None:
    """A window ends with a whole second that has passed, before what may still be delivered."""
    answer = select(s3, active, WindowEnd=text, CaptureDelayMinutes=delay)
    assert answer["DriftWindowEnd"] == end


def test_a_second_that_has_not_passed_is_of_the_next_window(s3: Any, active: Stubber) -> None:
    """Records are dated to the second: more of this one's may come."""
    put(s3, "capture/abc/dogs/a/2026/11/22/09/a.jsonl", record(f"{clock():%Y-%m-%dT%H:%M:%SZ}"))
    assert select(s3, active, WindowEnd="now")["NumRecords"] == 0


@pytest.mark.parametrize(
    ("judged", "window"),
    [
        pytest.param([("08:00", "08:30")], ("08:30", "09:30"), id="judged"),
        pytest.param(
            [("07:45", "08:00"), ("08:30", "08:45"), ("08:00", "08:30")],
            ("08:45", "09:30"),
            id="the latest",
        ),
        pytest.param([("05:00", "07:30")], ("07:30", "09:30"), id="long ago"),
        pytest.param([("05:00", "07:45")], ("07:45", "09:30"), id="in part"),
        pytest.param([("09:30", "10:00")], ("07:30", "09:30"), id="all later"),
        pytest.param([("08:00", "09:30")], ("09:30", "09:30"), id="the same end"),
        pytest.param([("09:00", "10:00")], ("09:30", "09:30"), id="beyond the end"),
        pytest.param(
            [("09:45", "10:00"), ("08:00", "08:30")], ("08:30", "09:30"), id="before and after"
        ),
    ],
)
def test_a_window_begins_where_judging_ended(
    s3: Any, active: Stubber, judged: list[tuple[str, str]], window: tuple[str, str]
) -> None:
    """What was judged is not judged again, and a window is never longer than WindowHours."""
    for number, (start, end) in enumerate(judged):
        put_judged(s3, start, end, run=f"run-{number}")
    assert drift_window(select(s3, active)) == window


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"status": "InsufficientData"}, id="too few records"),
        pytest.param({"capture_uri": "s3://bucket/capture/abb/dogs"}, id="other deployment"),
        pytest.param({"status": "Fine"}, id="no record"),
    ],
)
def test_what_was_not_judged_is_looked_at_again(
    s3: Any, active: Stubber, changes: dict[str, str]
) -> None:
    """A window with too few records is joined with the next; others held no record of this one."""
    put_judged(s3, "07:00", "08:00", run="a")
    put_judged(s3, "08:00", "09:00", run="b", **changes)
    assert drift_window(select(s3, active)) == ("08:00", "09:30")


def test_a_window_of_which_nobody_was_told_is_looked_at_again(s3: Any, active: Stubber) -> None:
    """Where one of its checks fails, an execution ends before it tells what the other one found."""
    put_window(s3, "08:00", "09:00")
    assert drift_window(select(s3, active)) == ("07:30", "09:30")


def test_a_window_that_was_judged_has_nothing_to_look_at(s3: Any, active: Stubber) -> None:
    """The same end again, as when a schedule delivers twice: no file is read."""
    put_records(s3, "08:10", "09:10")
    put(s3, "labels/dogs/2026/11/21/09/a.jsonl")
    put_judged(s3, "07:30", "09:30")

    answer = select(s3, active)

    assert answer["NumRecords"] == 0
    assert answer["Message"] == "nothing to look at: judged already, up to 2026-11-21T09:30:00Z"
    for name in ("check_drift/captured", "check_model_quality/captured"):
        assert manifest(s3, name) == NOTHING


def test_a_start_looks_again_on_purpose(s3: Any, served: Stubber) -> None:
    """Whatever was judged, and however long ago it is; other executions are not asked for."""
    put_records(s3, "03:10", "08:10", "09:10")
    put(s3, "labels/dogs/2026/11/21/09/a.jsonl")
    put_judged(s3, "07:30", "09:30")

    answer = select(s3, served, WindowStart="2026-11-21T04:00:00+01:00", LabelDelayHours=1)

    assert answer["NumRecords"] == 3
    assert drift_window(answer) == ("03:00", "09:30")
    assert quality_window(answer) == ("03:00", "08:30")


@pytest.mark.parametrize("status", ["Executing", "Stopping"])
def test_while_an_earlier_execution_is_under_way_there_is_nothing_to_look_at(
    s3: Any, served: Stubber, status: str
) -> None:
    """What it looks at is not known before it has ended; this one writes nothing."""
    put_records(s3, "08:10")
    add_executions(served, ("z9", status, -60), ("a1", "Executing", 60))

    answer = select(s3, served)

    assert answer == {
        "NumRecords": 0,
        "Message": "nothing to look at: execution 'z9' started earlier and has not ended; what it "
        "leaves is looked at next time",
        "BaselineUri": "s3://bucket/baseline",
        "CaptureUri": "s3://bucket/capture/abc/dogs",
        "ModelPackageArn": PACKAGE,
        "DriftWindowStart": "2026-11-21T07:30:00Z",
        "DriftWindowEnd": "2026-11-21T09:30:00Z",
        "QualityWindowStart": "2026-11-21T07:30:00Z",
        "QualityWindowEnd": "2026-11-21T09:30:00Z",
    }
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET, Prefix="executions/")


@pytest.mark.parametrize(
    ("executions", "own", "before"),
    [
        pytest.param(
            [("a1", "Succeeded", -1), ("a2", "Failed", -2), ("a3", "Stopped", -3)], OWN, None,
            id="ended",
        ),
        pytest.param([("a1", "Executing", 1)], OWN, None, id="later"),
        pytest.param([("a1", "Executing", 0)], OWN, "a1", id="same time, before"),
        pytest.param([("z9", "Executing", 0)], OWN, None, id="same time, after"),
        pytest.param([("Z9", "Executing", 0)], OWN, None, id="same time, after, other case"),
        pytest.param([("z9", "Executing", -2), ("a1", "Executing", -1)], OWN, "z9", id="first"),
        pytest.param([("a1", "Executing", 1)], OWN.upper(), None, id="own in other case"),
        pytest.param([("a1", "Executing", 1)], None, "a1", id="own not listed yet"),
        pytest.param([("a1", "Failed", -1)], None, None, id="own not listed yet, alone"),
        pytest.param([], None, None, id="none listed yet"),
    ],
)  # fmt: skip
def test_executions_take_turns(
    s3: Any,
    served: Stubber,
    *,
    executions: list[tuple[str, str, int]],
    own: str | None,
    before: str | None,
) -> None:
    """In the order in which they started, or else of their names; each knows the same order."""
    put_records(s3, "08:10")
    add_executions(served, *executions, own=None if own is None else f"{EXECUTIONS}/{own}")

    answer = select(s3, served)

    message = answer["Message"]
    assert answer["NumRecords"] == (0 if before else 1)
    assert (f"nothing to look at: execution '{before}' started" in message) == bool(before)


def test_what_an_execution_judged_that_just_ended_is_known(s3: Any, active: Stubber) -> None:
    """Others are asked for first: what one writes before it ends is read after that."""
    put_records(s3, "08:10", "09:10")

    def end(**_: object) -> None:
        put_judged(s3, "07:30", "09:00")

    active.client.meta.events.register(
        "before-parameter-build.sagemaker.ListPipelineExecutions", end
    )
    assert drift_window(select(s3, active)) == ("09:00", "09:30")


def test_labels_have_time_to_come(s3: Any, active: Stubber) -> None:
    """The window of the quality check ends earlier, and begins where that check has judged."""
    put_records(s3, "04:10", "05:10", "08:10")
    put(s3, "labels/dogs/2026/11/21/07/a.jsonl")
    put_window(s3, "06:00", "07:00", run="a")
    put_window(s3, "02:00", "05:00", check="quality", run="a")

    answer = select(s3, active, WindowHours=4, LabelDelayHours=2)

    assert (drift_window(answer), quality_window(answer)) == (
        ("07:00", "09:30"),
        ("05:00", "07:30"),
    )
    assert answer["NumRecords"] == 2
    assert answer["Message"] == (
        "2 records of dogs/7 from 2026-11-21T07:00:00Z to 2026-11-21T09:30:00Z, with labels from "
        "2026-11-21T05:00:00Z to 2026-11-21T07:30:00Z"
    )
    assert manifest(s3, "check_drift/captured")[1:] == ["a/2026/11/21/08/10-00-000-x.jsonl"]
    assert manifest(s3, "check_model_quality/captured")[1:] == ["a/2026/11/21/05/10-00-000-x.jsonl"]


def test_a_record_in_both_windows_counts_once(s3: Any, active: Stubber) -> None:
    """Also where the two windows cut its hour elsewhere."""
    put_records(s3, "05:10", "07:10", "07:40", "08:40", "09:10")
    put(s3, "labels/dogs/2026/11/21/07/a.jsonl")
    answer = select(s3, active, LabelDelayHours=1)
    assert (drift_window(answer), quality_window(answer)) == (
        ("07:30", "09:30"),
        ("06:30", "08:30"),
    )
    assert answer["NumRecords"] == 4


def test_labels_alone_are_looked_at(s3: Any, active: Stubber) -> None:
    """They came after the drift check had judged their answers."""
    put_records(s3, "08:10")
    put(s3, "labels/dogs/2026/11/21/09/a.jsonl")
    put_window(s3, "07:30", "09:30")
    put_window(s3, "07:30", "09:30", check="quality", status="InsufficientData")

    answer = select(s3, active)

    assert (drift_window(answer), quality_window(answer)) == (
        ("09:30", "09:30"),
        ("07:30", "09:30"),
    )
    assert answer["Message"] == (
        "1 records of dogs/7 with labels from 2026-11-21T07:30:00Z to 2026-11-21T09:30:00Z"
    )
    assert manifest(s3, "check_drift/captured") == NOTHING


@pytest.mark.parametrize("judged", [("07:00", "07:30"), ("07:00", "08:30")], ids=["before", "end"])
def test_without_labels_the_quality_check_has_no_window_of_its_own(
    s3: Any, active: Stubber, judged: tuple[str, str]
) -> None:
    """It gets the other one's, and no label of before: it cannot judge that, and says so."""
    put_records(s3, "08:10")
    put(s3, "labels/dogs/2026/11/21/06/a.jsonl")
    put_window(s3, *judged, check="quality")
    put_window(s3, *judged, status="InsufficientData")

    answer = select(s3, active, LabelDelayHours=1)

    assert quality_window(answer) == drift_window(answer) == ("07:30", "09:30")
    assert manifest(s3, "check_model_quality/labels") == NOTHING


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"WindowHours": 0}, "WindowHours is 0; expected 1 to 100000.", id="hours"),
        pytest.param(
            {"WindowHours": 10**8},
            "WindowHours is 100000000; expected 1 to 100000.",
            id="beyond the calendar",
        ),
        pytest.param(
            {"CaptureDelayMinutes": -1},
            "CaptureDelayMinutes is -1; expected 0 to 100000.",
            id="capture delay",
        ),
        pytest.param(
            {"LabelDelayHours": "-2"},
            "LabelDelayHours is -2; expected 0 to 100000.",
            id="label delay",
        ),
        pytest.param(
            {"WindowStart": "2026-11-21T09:30:00Z"},
            "WindowStart is '2026-11-21T09:30:00Z'; expected a time before the window's end, "
            "2026-11-21T09:30:00Z.",
            id="start",
        ),
        *(
            pytest.param(
                {name: text},
                f"{name} is '{text}'; expected '{word}' or a time with its zone, for example "
                "2026-11-21T09:00:00Z.",
                id=f"{name} {text}",
            )
            for name, word in (("WindowStart", "unjudged"), ("WindowEnd", "now"))
            for text in ("yesterday", "2026-11-21T09:00:00", "9999-12-31T23:59:59-01:00")
        ),
        *(
            pytest.param(
                {name: "0500-01-01T00:00:00Z"},
                f"{name} is '0500-01-01T00:00:00Z', which is before 2017-01-01T00:00:00Z; expected "
                f"'{word}' or a time with its zone, for example 2026-11-21T09:00:00Z.",
                id=f"{name} before any record",
            )
            for name, word in (("WindowStart", "unjudged"), ("WindowEnd", "now"))
        ),
    ],
)
def test_a_window_that_is_none_is_refused(
    s3: Any, sagemaker: Stubber, changes: dict[str, Any], message: str
) -> None:
    """The message says what was expected."""
    with pytest.raises(ValueError, match="expected") as caught:
        select(s3, sagemaker, **changes)
    assert str(caught.value) == message


def test_an_endpoint_that_something_else_changed_is_told(s3: Any, sagemaker: Stubber) -> None:
    """Nobody would look at what it answers now."""
    put(s3, "active/dogs.json", json.dumps(ACTIVE))
    add_endpoint(sagemaker, "dogs-abd", modified=clock() - timedelta(minutes=31))
    with pytest.raises(RuntimeError) as caught:
        select(s3, sagemaker)
    assert str(caught.value) == (
        "Endpoint 'dogs' has the configuration 'dogs-abd', and the active baseline is that of "
        "'dogs-abc': something else changed the endpoint. Deploy the model again."
    )


@pytest.mark.parametrize(
    ("status", "age"),
    [
        pytest.param("Updating", timedelta(hours=2), id="roll-out"),
        pytest.param("RollingBack", timedelta(hours=2), id="way back"),
        pytest.param("InService", timedelta(minutes=29), id="smoke test"),
    ],
)
def test_a_deployment_does_not_disturb_monitoring(
    s3: Any, sagemaker: Stubber, status: str, age: timedelta
) -> None:
    """The model in force is looked at until the next one's baseline is active."""
    put(s3, "active/dogs.json", json.dumps(ACTIVE))
    put_records(s3, "08:10")
    add_endpoint(sagemaker, "dogs-abd", status=status, modified=clock() - age)
    add_executions(sagemaker)
    assert select(s3, sagemaker)["NumRecords"] == 1


def test_records_outlive_their_endpoint(s3: Any, sagemaker: Stubber) -> None:
    """What an endpoint captured can be looked at when it is gone."""
    put(s3, "active/dogs.json", json.dumps(ACTIVE))
    put_records(s3, "08:10")
    sagemaker.add_client_error(
        "describe_endpoint", "ValidationException", 'Could not find endpoint "dogs".'
    )
    add_executions(sagemaker)
    assert select(s3, sagemaker)["NumRecords"] == 1


def test_a_damaged_record_is_named(s3: Any, sagemaker: Stubber) -> None:
    """What is in force cannot be told, which is no reason to look at nothing."""
    put(s3, "active/dogs.json", "{")
    with pytest.raises(RuntimeError) as caught:
        select(s3, sagemaker)
    assert str(caught.value) == (
        "s3://bucket/active/dogs.json is no record of an active baseline: Expecting property name "
        "enclosed in double quotes: line 1 column 2 (char 1). Deploy the model again."
    )


@pytest.mark.parametrize(
    "changes", [{}, {"capture_uri": "s3://elsewhere/abc/dogs"}], ids=["none", "elsewhere"]
)
def test_a_record_names_its_captured_records(
    s3: Any, sagemaker: Stubber, changes: dict[str, str]
) -> None:
    """A record that names none, or some that are not this site's, is refused."""
    record = {name: value for name, value in ACTIVE.items() if name != "capture_uri"} | changes
    put(s3, "active/dogs.json", json.dumps(record))
    with pytest.raises(RuntimeError) as caught:
        select(s3, sagemaker)
    assert str(caught.value) == (
        "s3://bucket/active/dogs.json names no folder of captured records below "
        "s3://bucket/capture. Deploy the model again."
    )


def test_other_faults_are_not_hidden(s3: Any, sagemaker: Stubber) -> None:
    """A bucket that cannot be read is no empty window."""
    with pytest.raises(ClientError, match="NoSuchBucket"):
        select(s3, sagemaker, ActiveUri="s3://elsewhere/active/dogs.json")


def test_a_key_of_its_own_encrypts_the_manifests(s3: Any, active: Stubber) -> None:
    """The site's key is used where there is one."""
    select(s3, active, KmsKeyId="key")
    key = "executions/1/select_window/check_drift/captured.json"
    assert s3.head_object(Bucket=BUCKET, Key=key)["SSEKMSKeyId"] == "key"


def test_the_time_is_this_moment_s(s3: Any, active: Stubber) -> None:
    """Without another clock, the window ends now."""
    before = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - what the test is about
    answer = respond({**EVENT, "WindowEnd": "now"}, s3=s3, sagemaker=active.client)
    end = datetime.fromisoformat(str(answer["DriftWindowEnd"]))
    assert 0 <= (end - before).total_seconds() < 60
