"""Tests of pipelines.local.serving.capture."""

import base64
import json
import logging
import random
import re
import threading
import uuid
import weakref
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.local.serving import capture
from pipelines.local.serving.capture import Body, CaptureRule, CaptureWriter, Exchange, Record
from pipelines.local.store import LocalStore
from tests.waiting import SECONDS

CONFIG = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": "s3://bucket/captured",
    "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    "CaptureContentTypeHeader": {
        "CsvContentTypes": ["text/csv"],
        "JsonContentTypes": ["application/json", "application/jsonlines"],
    },
}
EXCHANGE = Exchange(
    variant="AllTraffic",
    request=Body(content_type="image/jpeg", data=b"\xff\xd8"),
    answer=Body(content_type="application/json", data=b'{"predicted_label": "cat"}'),
    inference_id=None,
    custom_attributes=None,
    time=datetime(2026, 11, 21, 9, 5, 7, 123456, UTC),
)


def keep(exchange: Exchange = EXCHANGE, **changes: Any) -> Record:
    """The record of an exchange under a changed configuration."""
    record = CaptureRule({**CONFIG, **changes}, endpoint="dogs").record(exchange)
    assert record is not None
    return record


def line(record: Record) -> Any:
    """The document of a record's line."""
    text = record.to_line()
    assert text.endswith(b"\n")
    return json.loads(text)


def captured(root: Path) -> dict[str, list[Any]]:
    """Documents of the files in the store, by path."""
    folder = root / "s3" / "bucket"
    return {
        path.relative_to(folder).as_posix(): [
            json.loads(text) for text in path.read_text().splitlines()
        ]
        for path in sorted(folder.rglob("*.jsonl"))
    }


def test_a_record_has_the_form_of_the_service() -> None:
    """Names, nesting and encodings are those of the records that the service writes."""
    document = line(keep())

    uuid.UUID(document["eventMetadata"].pop("eventId"))
    assert document == {
        "captureData": {
            "endpointInput": {
                "observedContentType": "image/jpeg",
                "mode": "INPUT",
                "data": "/9g=",
                "encoding": "BASE64",
            },
            "endpointOutput": {
                "observedContentType": "application/json",
                "mode": "OUTPUT",
                "data": '{"predicted_label": "cat"}',
                "encoding": "JSON",
            },
        },
        "eventMetadata": {"inferenceTime": "2026-11-21T09:05:07Z"},
        "eventVersion": "0",
    }


def test_what_the_caller_said_of_the_request_is_kept() -> None:
    """The inference id joins the record with the ground truth."""
    metadata = line(keep(replace(EXCHANGE, inference_id="id-1", custom_attributes="a=1")))[
        "eventMetadata"
    ]

    assert metadata["inferenceId"] == "id-1"
    assert metadata["customAttributes"] == ["a=1"]


@pytest.mark.parametrize(
    ("content_type", "data", "encoding", "kept"),
    [
        ("text/csv", b"a,1\n", "CSV", "a,1\n"),
        ("application/json", b"{}", "JSON", "{}"),
        ("Application/JSON; charset=utf-8", b"{}", "JSON", "{}"),
        ("application/jsonlines", b"{}\n{}\n", "JSON", "{}\n{}\n"),
        ("text/plain", b"{}", "BASE64", "e30="),
        (None, b"{}", "BASE64", "e30="),
        ("application/json", b"\xff", "BASE64", "/w=="),
    ],
    ids=["csv", "json", "charset", "lines", "unlisted", "none", "not-text"],
)
def test_the_media_type_decides_the_encoding(
    content_type: str | None, data: bytes, encoding: str, kept: str
) -> None:
    """Parameters and case of the observed media type do not matter; what is no text is base64."""
    record = keep(replace(EXCHANGE, answer=Body(content_type=content_type, data=data)))

    output = line(record)["captureData"]["endpointOutput"]

    assert output == {
        "observedContentType": content_type or "application/octet-stream",
        "mode": "OUTPUT",
        "data": kept,
        "encoding": encoding,
    }


def test_without_lists_everything_is_base64() -> None:
    """So it is where the configuration names no content types."""
    output = line(keep(CaptureContentTypeHeader=None))["captureData"]["endpointOutput"]

    assert output["encoding"] == "BASE64"
    assert base64.b64decode(output["data"]) == EXCHANGE.answer.data


@pytest.mark.parametrize(
    ("options", "modes", "num_bytes"),
    [
        (["Input"], ["endpointInput"], 2),
        (["Output"], ["endpointOutput"], 26),
        (["InputAndOutput"], ["endpointInput", "endpointOutput"], 28),
    ],
)
def test_only_what_is_asked_for_is_kept(
    options: list[str], modes: list[str], num_bytes: int
) -> None:
    """Bodies that nobody asked for are neither written nor held in memory."""

    class Data(bytearray):
        """A body that can be watched."""

    bodies = {
        "endpointInput": Body(content_type="image/jpeg", data=Data(b"12")),
        "endpointOutput": Body(content_type="text/csv", data=Data(bytes(26))),
    }
    data = {mode: weakref.ref(body.data) for mode, body in bodies.items()}
    exchange = replace(
        EXCHANGE, request=bodies.pop("endpointInput"), answer=bodies.pop("endpointOutput")
    )

    record = keep(exchange, CaptureOptions=[{"CaptureMode": option} for option in options])
    del exchange

    assert sorted(line(record)["captureData"]) == modes
    assert [mode for mode in data if data[mode]() is not None] == modes
    assert record.num_bytes == num_bytes


def test_a_share_of_the_requests_is_sampled() -> None:
    """Of many requests, about the percentage is kept; of 0 percent none is."""
    random.seed(0)
    some = CaptureRule({**CONFIG, "InitialSamplingPercentage": 30}, endpoint="dogs")
    none = CaptureRule({**CONFIG, "InitialSamplingPercentage": 0}, endpoint="dogs")

    kept = [some.record(EXCHANGE) is not None for _ in range(2000)]

    assert 0.27 < sum(kept) / len(kept) < 0.33
    assert not any(none.record(EXCHANGE) for _ in range(100))


def test_records_share_files_by_variant_and_hour(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path says endpoint, variant, hour of the request and the minute of the first record."""
    monkeypatch.setattr(capture, "FLUSH_SECONDS", SECONDS)
    later = replace(EXCHANGE, time=EXCHANGE.time.replace(hour=10))
    other = replace(EXCHANGE, variant="Canary")
    with CaptureWriter(LocalStore(root)) as writer:
        for exchange in (EXCHANGE, later, EXCHANGE, other):
            writer.put(keep(exchange))

    files = captured(root)

    names = [re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uuid>", path) for path in files]
    assert names == [
        "captured/dogs/AllTraffic/2026/11/21/09/05-07-123-<uuid>.jsonl",
        "captured/dogs/AllTraffic/2026/11/21/10/05-07-123-<uuid>.jsonl",
        "captured/dogs/Canary/2026/11/21/09/05-07-123-<uuid>.jsonl",
    ]
    assert [len(documents) for documents in files.values()] == [2, 1, 1]


def test_files_have_a_limited_size(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is full when the bodies in it have that many bytes."""
    monkeypatch.setattr(capture, "FILE_BYTES", 60)
    with CaptureWriter(LocalStore(root)) as writer:
        for _ in range(7):
            writer.put(keep())

    assert all(len(documents) <= 3 for documents in captured(root).values())
    assert sum(map(len, captured(root).values())) == 7


def test_records_are_written_while_the_endpoint_goes_on(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a few seconds a record is there, even if it is alone."""
    monkeypatch.setattr(capture, "FLUSH_SECONDS", 0.05)
    is_written = threading.Event()

    class Store(LocalStore):
        def put_bytes(self, uri: str, data: bytes) -> None:
            super().put_bytes(uri, data)
            is_written.set()

    with CaptureWriter(Store(root)) as writer:
        writer.put(keep())

        assert is_written.wait(SECONDS)


class StuckStore(LocalStore):
    """A disk that is slow until it is told otherwise, and then full."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.is_reached = threading.Event()
        self.may_go_on = threading.Event()

    def put_bytes(self, uri: str, data: bytes) -> None:
        """Wait, and fail."""
        self.is_reached.set()
        self.may_go_on.wait(SECONDS)
        raise OSError(28, "No space left on device")


def notices(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Messages of the log."""
    return [record.message for record in caplog.records]


def number(message: str) -> int:
    """How many requests a message says are missing."""
    return int(message.partition(": ")[2].partition(";")[0])


def test_a_full_disk_is_noticed_and_nothing_else(
    root: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The requests go on, and the log has the number of those that are missing."""
    monkeypatch.setattr(capture, "FLUSH_SECONDS", SECONDS)
    store = StuckStore(root)
    store.may_go_on.set()

    with caplog.at_level(logging.ERROR), CaptureWriter(store) as writer:
        writer.put(keep())
        writer.put(keep())

    assert notices(caplog) == [
        "Requests missing in the captured data: 2; [Errno 28] No space left on device."
    ]


def test_records_that_come_too_fast_are_dropped(
    root: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is being written counts as waiting, so that memory is bounded on a slow disk too."""
    monkeypatch.setattr(capture, "FILE_BYTES", 28)
    monkeypatch.setattr(capture, "MAX_WAITING_BYTES", 60)
    store = StuckStore(root)

    with caplog.at_level(logging.ERROR), CaptureWriter(store) as writer:
        writer.put(keep())
        assert store.is_reached.wait(SECONDS)
        for _ in range(3):
            writer.put(keep())
        [waiting] = writer._waiting
        store.may_go_on.set()

    assert waiting.num_bytes == 28
    assert sum(number(message) for message in notices(caplog)) == 4


def test_the_log_is_not_filled_with_notices(
    root: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that stays full is mentioned once in a while, with the number since the last time."""
    monkeypatch.setattr(capture, "FLUSH_SECONDS", 0.01)
    store = StuckStore(root)
    store.may_go_on.set()

    with caplog.at_level(logging.ERROR), CaptureWriter(store) as writer:
        for _ in range(10):
            store.is_reached.clear()
            writer.put(keep())
            assert store.is_reached.wait(SECONDS)

    numbers = [number(message) for message in notices(caplog)]
    assert len(numbers) <= 2
    assert sum(numbers) == 10


def test_a_destination_outside_the_store_fails_no_request(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An address that the store cannot hold is a reason like any other."""
    with caplog.at_level(logging.ERROR), CaptureWriter(LocalStore(root)) as writer:
        writer.put(keep(DestinationS3Uri="https://bucket/captured"))

    [message] = notices(caplog)
    assert message.startswith("Requests missing in the captured data: 1; 'https://bucket/captured")
