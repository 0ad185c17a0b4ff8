"""Keeps what an endpoint was asked and answered: data capture, in the service's own records.

A record is one line of `<DestinationS3Uri>/<endpoint>/<variant>/yyyy/mm/dd/hh/<time>-<uuid>.jsonl`,
in the hour of the request, UTC. Only requests that the model answered are kept: an error is no
prediction, and monitoring would take it for one.

A request never waits for its record and never fails for it. A thread encodes and writes; what
cannot be written, or not in time, is dropped, and the log says so now and then.

Source: Amazon SageMaker AI Developer Guide, "Capture data from real-time endpoint",
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
"""

import base64
import itertools
import json
import logging
import random
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

from pipelines.definition import Json
from pipelines.local.errors import StorageError
from pipelines.local.store import LocalStore, join

FLUSH_SECONDS = 5.0
"""How long a record waits for others to share a file with."""

FILE_BYTES = 4 * 1024 * 1024
"""Bodies of this size make a file full."""

MAX_WAITING_BYTES = 64 * 1024 * 1024
"""Bodies that may wait to be written."""

_NOTICE_SECONDS = 60.0
_PERCENT = 100
_UNKNOWN_TYPE = "application/octet-stream"
"""Source: RFC 9110, section 8.3, https://www.rfc-editor.org/rfc/rfc9110#section-8.3"""

logger = logging.getLogger(__name__)


class Encoding(StrEnum):
    """How a record holds a body."""

    CSV = "CSV"
    JSON = "JSON"
    BASE64 = "BASE64"


@dataclass(frozen=True, kw_only=True, slots=True)
class Body:
    """The body of a request or of an answer."""

    content_type: str | None
    data: bytes | bytearray


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """A request that was answered."""

    variant: str
    request: Body
    answer: Body
    inference_id: str | None
    custom_attributes: str | None
    time: datetime
    """When the request came, UTC."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """An exchange as far as it is kept."""

    folder: str
    """S3 URI of the folder of the hour."""
    inference_id: str | None
    custom_attributes: str | None
    time: datetime
    """When the request came, UTC."""
    bodies: Mapping[str, tuple[Body, Encoding]]
    """Bodies that are kept, by mode: `INPUT` or `OUTPUT`."""

    @property
    def num_bytes(self) -> int:
        """Size of the bodies."""
        return sum(len(body.data) for body, _ in self.bodies.values())

    def to_line(self) -> bytes:
        """The line of the file."""
        metadata: dict[str, Any] = {"eventId": str(uuid.uuid4())}
        if self.inference_id is not None:
            metadata["inferenceId"] = self.inference_id
        if self.custom_attributes is not None:
            metadata["customAttributes"] = [self.custom_attributes]
        metadata["inferenceTime"] = self.time.strftime("%Y-%m-%dT%H:%M:%SZ")
        document = {
            "captureData": {
                f"endpoint{mode.capitalize()}": _encode(mode, body, encoding)
                for mode, (body, encoding) in self.bodies.items()
            },
            "eventMetadata": metadata,
            "eventVersion": "0",
        }
        return json.dumps(document, separators=(",", ":")).encode() + b"\n"


class CaptureRule:
    """What is kept of the requests to an endpoint: its DataCaptureConfig."""

    def __init__(self, config: Mapping[str, Json], *, endpoint: str) -> None:
        """Read the DataCaptureConfig of an endpoint's configuration."""
        self._prefix = join(config["DestinationS3Uri"], endpoint)
        self._fraction = config["InitialSamplingPercentage"] / _PERCENT
        modes = {option["CaptureMode"] for option in config["CaptureOptions"]}
        self._has_input = not modes.isdisjoint({"Input", "InputAndOutput"})
        self._has_output = not modes.isdisjoint({"Output", "InputAndOutput"})
        headers = config.get("CaptureContentTypeHeader") or {}
        self._encodings = {
            **{name.lower(): Encoding.CSV for name in headers.get("CsvContentTypes", ())},
            **{name.lower(): Encoding.JSON for name in headers.get("JsonContentTypes", ())},
        }

    def record(self, exchange: Exchange) -> Record | None:
        """The record of an exchange; None if it is not among those sampled."""
        if random.random() >= self._fraction:  # noqa: S311 - a sample, not a secret
            return None
        kept = [("INPUT", exchange.request)] if self._has_input else []
        if self._has_output:
            kept.append(("OUTPUT", exchange.answer))
        return Record(
            folder=join(self._prefix, f"{exchange.variant}/{exchange.time:%Y/%m/%d/%H}"),
            inference_id=exchange.inference_id,
            custom_attributes=exchange.custom_attributes,
            time=exchange.time,
            bodies={mode: (body, self._encoding(body.content_type)) for mode, body in kept},
        )

    def _encoding(self, content_type: str | None) -> Encoding:
        media_type = (content_type or _UNKNOWN_TYPE).partition(";")[0].strip().lower()
        return self._encodings.get(media_type, Encoding.BASE64)


class CaptureWriter:
    """Writes records from a thread of its own, several to a file."""

    def __init__(self, store: LocalStore) -> None:
        """Start the thread that writes into the object store."""
        self._store = store
        self._changed = threading.Condition()
        self._waiting: list[Record] = []
        self._num_waiting_bytes = 0
        self._num_dropped = 0
        self._reason = ""  # Why some were dropped.
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def put(self, record: Record) -> None:
        """Let a record be written, or drop it where too many wait; returns at once."""
        with self._changed:
            if self._num_waiting_bytes + record.num_bytes > MAX_WAITING_BYTES:
                self._drop(1, f"{self._num_waiting_bytes} bytes wait to be written already")
                return
            self._waiting.append(record)
            self._num_waiting_bytes += record.num_bytes
            if self._num_waiting_bytes >= FILE_BYTES:
                self._changed.notify()

    def close(self) -> None:
        """Write what waits, and end the thread."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        noticed = -_NOTICE_SECONDS
        is_last = False
        while not is_last:
            with self._changed:
                self._changed.wait_for(self._is_due, timeout=FLUSH_SECONDS)
                records, self._waiting = self._waiting, []
                is_last = self._is_closing
            for file in _files(records):
                self._write(file)
            if is_last or time.monotonic() - noticed > _NOTICE_SECONDS:
                noticed = time.monotonic()
                self._notice()

    def _is_due(self) -> bool:
        return self._is_closing or self._num_waiting_bytes >= FILE_BYTES

    def _write(self, records: list[Record]) -> None:
        name = f"{records[0].time:%M-%S-%f}"[:-3]  # Milliseconds, not microseconds.
        uri = join(records[0].folder, f"{name}-{uuid.uuid4()}.jsonl")
        reason = ""
        try:
            self._store.put_bytes(uri, b"".join(record.to_line() for record in records))
        except (OSError, StorageError) as error:
            reason = str(error)
        with self._changed:
            self._num_waiting_bytes -= sum(record.num_bytes for record in records)
            if reason:
                self._drop(len(records), reason)

    def _drop(self, number: int, reason: str) -> None:
        self._num_dropped += number
        self._reason = reason

    def _notice(self) -> None:
        with self._changed:
            number, self._num_dropped = self._num_dropped, 0
        if number:
            logger.error("Requests missing in the captured data: %d; %s.", number, self._reason)


def _files(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Records that share a file: of one folder, and of a limited size."""
    by_folder = sorted(records, key=lambda record: record.folder)
    for _, group in itertools.groupby(by_folder, key=lambda record: record.folder):
        file: list[Record] = []
        num_bytes = 0
        for record in group:
            file.append(record)
            num_bytes += record.num_bytes
            if num_bytes >= FILE_BYTES:
                yield file
                file, num_bytes = [], 0
        if file:
            yield file


def _encode(mode: str, body: Body, encoding: Encoding) -> dict[str, str]:
    try:
        data = body.data.decode() if encoding is not Encoding.BASE64 else None
    except UnicodeDecodeError:  # Not what its media type says.
        data = None
    if data is None:
        data, encoding = base64.b64encode(body.data).decode(), Encoding.BASE64
    return {
        "observedContentType": body.content_type or _UNKNOWN_TYPE,
        "mode": mode,
        "data": data,
        "encoding": encoding,
    }
