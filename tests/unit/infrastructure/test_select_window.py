"""The selection of a window, on a bucket of moto's and a client with SageMaker's own shapes."""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws

from infrastructure.functions.select_window import handler
from infrastructure.functions.select_window.counting import BLOCK_BYTES
from infrastructure.functions.select_window.handler import respond

BUCKET = "bucket"
PACKAGE = "arn:aws:sagemaker:us-east-1:111122223333:model-package/dogs/7"
ENDPOINT = "arn:aws:sagemaker:us-east-1:111122223333:endpoint/dogs"
ACTIVE = {
    "activated_at": "2026-11-20T00:00:00+00:00",
    "data_statistics_uri": "s3://bucket/baseline/data_quality/statistics.json",
    "endpoint_config_name": "dogs-abc",
    "model_package_arn": PACKAGE,
}
EVENT = {
    "EndpointName": "dogs",
    "ActiveUri": "s3://bucket/active/dogs.json",
    "WindowHours": 2,
    "WindowEnd": "2026-11-21T09:30:00Z",
    "CaptureUri": "s3://bucket/capture/dogs",
    "GroundTruthUri": "s3://bucket/labels/dogs",
    "DriftHistoryUri": "s3://bucket/history/drift",
    "QualityHistoryUri": "s3://bucket/history/quality",
    "ManifestsUri": "s3://bucket/executions/1/select_window",
    "PlaceholderUri": "s3://bucket/nothing/README.txt",
}
NOTHING = [{"prefix": "s3://bucket/nothing/"}, "README.txt"]


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of an empty bucket."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


@pytest.fixture
def active(s3: Any, sagemaker: Stubber) -> Stubber:
    """A model is in force for the endpoint, and the endpoint serves it."""
    put(s3, "active/dogs.json", json.dumps(ACTIVE))
    add_endpoint(sagemaker)
    return sagemaker


def add_endpoint(stub: Stubber, config: str = "dogs-abc") -> None:
    """Let the client describe the endpoint."""
    description = {
        "EndpointName": "dogs",
        "EndpointArn": ENDPOINT,
        "EndpointConfigName": config,
        "EndpointStatus": "InService",
        "CreationTime": 0,
        "LastModifiedTime": 0,
    }
    stub.add_response("describe_endpoint", description, {"EndpointName": "dogs"})


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


def manifest(s3: Any, uri: str) -> Any:
    """Content of a manifest."""
    key = uri.removeprefix(f"s3://{BUCKET}/")
    return json.loads(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())


def test_the_files_of_the_window_s_hours_are_listed(s3: Any, active: Stubber) -> None:
    """Of every variant, and no others; records outside of the window do not count."""
    inside, before, after = (f"2026-11-21T{time}Z" for time in ("08:10:00", "07:29:59", "09:30:00"))
    put(s3, "capture/dogs/a/2026/11/21/06/59-00-000-x.jsonl", record(inside))
    put(s3, "capture/dogs/a/2026/11/21/07/29-00-000-x.jsonl", record(before) + record(inside))
    put(s3, "capture/dogs/a/2026/11/21/08/10-00-000-x.jsonl", record(inside) * 3)
    put(s3, "capture/dogs/a/2026/11/21/08/notes.txt", "no records\n")
    put(s3, "capture/dogs/a/2026/11/21/09/29-00-000-x.jsonl", record(inside) + record(after))
    put(s3, "capture/dogs/a/2026/11/21/10/00-00-000-x.jsonl", record(inside))
    put(s3, "capture/dogs/b/2026/11/21/08/10-00-000-x.jsonl", record(inside))
    put(s3, "capture/dogs-2/a/2026/11/21/08/10-00-000-x.jsonl", record(inside))

    answer = select(s3, active)

    assert manifest(s3, answer["CaptureManifestUri"]) == [
        {"prefix": "s3://bucket/capture/dogs/"},
        "a/2026/11/21/07/29-00-000-x.jsonl",
        "a/2026/11/21/08/10-00-000-x.jsonl",
        "a/2026/11/21/09/29-00-000-x.jsonl",
        "b/2026/11/21/08/10-00-000-x.jsonl",
    ]
    assert answer == {
        "NumRecords": 6,
        "Message": "6 records of dogs/7 from 2026-11-21T07:30:00Z to 2026-11-21T09:30:00Z",
        "WindowStart": "2026-11-21T07:30:00Z",
        "WindowEnd": "2026-11-21T09:30:00Z",
        "BaselineUri": "s3://bucket/baseline",
        "ModelPackageArn": PACKAGE,
        "CaptureManifestUri": "s3://bucket/executions/1/select_window/Capture.json",
        "GroundTruthManifestUri": "s3://bucket/executions/1/select_window/GroundTruth.json",
        "DriftHistoryManifestUri": "s3://bucket/executions/1/select_window/DriftHistory.json",
        "QualityHistoryManifestUri": "s3://bucket/executions/1/select_window/QualityHistory.json",
    }
    for name in ("GroundTruth", "DriftHistory", "QualityHistory"):
        assert manifest(s3, answer[f"{name}ManifestUri"]) == NOTHING


def test_a_window_begins_after_the_model_took_over(s3: Any, sagemaker: Stubber) -> None:
    """Records of that second may be those of the smoke test, or of the model before."""
    activated = {**ACTIVE, "activated_at": "2026-11-21T10:00:05+01:00"}
    put(s3, "active/dogs.json", json.dumps(activated))
    add_endpoint(sagemaker)
    times = ("08:59:59", "09:00:05", "09:00:06")
    lines = "".join(record(f"2026-11-21T{time}Z") for time in times)
    put(s3, "capture/dogs/a/2026/11/21/09/00-00-000-x.jsonl", lines)

    answer = select(s3, sagemaker)

    assert (answer["WindowStart"], answer["NumRecords"]) == ("2026-11-21T09:00:06Z", 1)


def test_a_window_before_the_model_is_empty(s3: Any, sagemaker: Stubber) -> None:
    """What another model answered is not held against this one's baseline."""
    activated = {**ACTIVE, "activated_at": "2026-11-21T12:00:00+00:00"}
    put(s3, "active/dogs.json", json.dumps(activated))
    put(s3, "capture/dogs/a/2026/11/21/09/00-00-000-x.jsonl", record("2026-11-21T09:00:00Z"))
    add_endpoint(sagemaker)

    answer = select(s3, sagemaker)

    assert answer["NumRecords"] == 0
    assert answer["Message"] == (
        "nothing to look at: dogs/7 took over at 2026-11-21T12:00:00+00:00, and the window ends at "
        "2026-11-21T09:30:00Z"
    )


def test_without_an_active_baseline_there_is_nothing_to_look_at(
    s3: Any, sagemaker: Stubber
) -> None:
    """The answer says so, and every manifest can be read."""
    put(s3, "capture/dogs/a/2026/11/21/08/10-00-000-x.jsonl", record("2026-11-21T08:10:00Z"))
    answer = select(s3, sagemaker)
    assert (answer["NumRecords"], answer["BaselineUri"], answer["ModelPackageArn"]) == (0, "", "")
    assert answer["Message"] == ("nothing to look at: no baseline is in force for endpoint 'dogs'")
    assert manifest(s3, answer["CaptureManifestUri"]) == NOTHING


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
        pytest.param("a.jsonl.gz", b"\x1f\x8b no gzip", 0, id="no gzip"),
        pytest.param(
            "a.jsonl", (record("2026-11-21T08:10:00Z").strip() + " " * BLOCK_BYTES + "\n") * 2, 2,
            id="long lines",
        ),
    ],
)  # fmt: skip
def test_records_are_counted_however_their_files_are(
    s3: Any, active: Stubber, *, hour: str, name: str, content: str | bytes, number: int
) -> None:
    """Compressed or not, whole or cut: what may be a record of the window counts."""
    put(s3, f"capture/dogs/a/2026/11/21/{hour}/{name}", content)
    assert select(s3, active)["NumRecords"] == number


def test_a_large_window_is_counted_in_part(
    s3: Any, active: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of its files are listed, and the message says that there are at least so many records."""
    line = record("2026-11-21T08:10:00Z")
    monkeypatch.setattr(handler, "MAX_COUNTED_BYTES", 3 * len(line))
    for number in range(4):
        put(s3, f"capture/dogs/a/2026/11/21/08/{number}.jsonl", line * 2)

    answer = select(s3, active)

    assert answer["NumRecords"] == 2
    assert answer["Message"].startswith("at least 2 records of dogs/7 from ")
    assert len(manifest(s3, answer["CaptureManifestUri"])) == 5


def test_labels_that_came_later_count(s3: Any, active: Stubber) -> None:
    """A label is collected after its answer, perhaps days after the window."""
    put(s3, "capture/dogs/a/2026/11/21/08/a.jsonl", record("2026-11-21T08:10:00Z"))
    for name in ("2026/11/21/06/a.jsonl", "2026/11/21/07/a.jsonl", "2026/11/22/00/a.jsonl.gz"):
        put(s3, f"labels/dogs/{name}")
    put(s3, "labels/dogs/2026/11/22/00/notes.txt")

    answer = select(s3, active)

    assert manifest(s3, answer["GroundTruthManifestUri"]) == [
        {"prefix": "s3://bucket/labels/dogs/"},
        "2026/11/21/07/a.jsonl",
        "2026/11/22/00/a.jsonl.gz",
    ]


def test_the_latest_windows_are_the_history(
    s3: Any, active: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each check has its own."""
    monkeypatch.setattr(handler, "MAX_WINDOWS", 2)
    for name in ("20261120T000000Z-a.json", "20261121T000000Z-c.json", "20261121T000000Z-b.json"):
        put(s3, f"history/drift/{name}")
    put(s3, "history/quality/20261120T000000Z-a.json")

    answer = select(s3, active)

    assert manifest(s3, answer["DriftHistoryManifestUri"]) == [
        {"prefix": "s3://bucket/history/drift/"},
        "20261121T000000Z-b.json",
        "20261121T000000Z-c.json",
    ]
    assert manifest(s3, answer["QualityHistoryManifestUri"])[1:] == ["20261120T000000Z-a.json"]


def test_long_lists_are_read_to_their_end(s3: Any, active: Stubber) -> None:
    """The service lists a thousand keys at a time."""
    for number in range(1001):
        put(s3, f"capture/dogs/a/2026/11/21/08/{number:04}.jsonl")
    answer = select(s3, active)
    assert len(manifest(s3, answer["CaptureManifestUri"])) == 1002


@pytest.mark.parametrize(
    ("text", "end"),
    [
        pytest.param("now", "2026-11-22T09:30:00Z", id="now"),
        pytest.param("2026-11-23T00:00:00Z", "2026-11-22T09:30:00Z", id="future"),
        pytest.param("2026-11-21T09:30:00.5+01:00", "2026-11-21T08:30:00Z", id="zone"),
    ],
)
def test_the_end_of_the_window(s3: Any, active: Stubber, text: str, end: str) -> None:
    """A window ends with a whole second that has passed."""
    assert select(s3, active, WindowEnd=text)["WindowEnd"] == end


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param(
            {"WindowHours": 0}, "WindowHours is 0; expected 1 or more.", id="no hours"
        ),
        *(
            pytest.param(
                {"WindowEnd": text},
                f"WindowEnd is '{text}'; expected 'now' or a time with its zone, for example "
                "2026-11-21T09:00:00Z.",
                id=text,
            )
            for text in ("yesterday", "2026-11-21T09:00:00")
        ),
    ],
)  # fmt: skip
def test_a_window_that_is_none_is_refused(
    s3: Any, sagemaker: Stubber, changes: dict[str, Any], message: str
) -> None:
    """The message says what was expected."""
    with pytest.raises(ValueError, match="Window") as caught:
        select(s3, sagemaker, **changes)
    assert str(caught.value) == message


def test_another_model_is_not_held_against_the_baseline(s3: Any, sagemaker: Stubber) -> None:
    """An endpoint that was changed by something else stops the execution."""
    put(s3, "active/dogs.json", json.dumps(ACTIVE))
    add_endpoint(sagemaker, "dogs-abd")
    with pytest.raises(RuntimeError) as caught:
        select(s3, sagemaker)
    assert str(caught.value) == (
        "Endpoint 'dogs' has the configuration 'dogs-abd', and the active baseline is that of "
        "'dogs-abc': a deployment is under way, or something else changed the endpoint. Start "
        "this pipeline again when the deployment is over, or deploy the model."
    )


def test_records_outlive_their_endpoint(s3: Any, sagemaker: Stubber) -> None:
    """What an endpoint captured can be looked at when it is gone."""
    put(s3, "active/dogs.json", json.dumps(ACTIVE))
    put(s3, "capture/dogs/a/2026/11/21/08/a.jsonl", record("2026-11-21T08:10:00Z"))
    sagemaker.add_client_error(
        "describe_endpoint", "ValidationException", 'Could not find endpoint "dogs".'
    )
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


def test_other_faults_are_not_hidden(s3: Any, sagemaker: Stubber) -> None:
    """A bucket that cannot be read is no empty window."""
    with pytest.raises(ClientError, match="NoSuchBucket"):
        select(s3, sagemaker, ActiveUri="s3://elsewhere/active/dogs.json")


def test_a_key_of_its_own_encrypts_the_manifests(s3: Any, active: Stubber) -> None:
    """The site's key is used where there is one."""
    answer = select(s3, active, KmsKeyId="key")
    key = answer["CaptureManifestUri"].removeprefix(f"s3://{BUCKET}/")
    assert s3.head_object(Bucket=BUCKET, Key=key)["SSEKMSKeyId"] == "key"


def test_the_time_is_this_moment_s(s3: Any, active: Stubber) -> None:
    """Without another clock, the window ends now."""
    before = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - what the test is about
    answer = respond({**EVENT, "WindowEnd": "now"}, s3=s3, sagemaker=active.client)
    end = datetime.fromisoformat(answer["WindowEnd"])
    assert 0 <= (end - before).total_seconds() < 60
