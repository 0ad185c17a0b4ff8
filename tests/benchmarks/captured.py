"""How fast captured records are read, with every field of our own response.

What the standard library takes for the same lines stands beside it: to parse each line, and to
parse the answer in it as well, which is the least that a reader needs. All times are of one core,
and of the process, so that other work on the machine does not count.
"""

import base64
import gzip
import json
import random
import statistics
import tempfile
import time
import tracemalloc
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from inference.contract import FieldType, response_fields
from monitoring.captured import CapturedReader
from monitoring.ground_truth import GroundTruthWriter, Merge, read_labels
from tests.benchmarks.figures import Figure

NUM_LABELS = 10
NUM_FILES = 4
RECORDS_PER_FILE = 25_000
NUM_RECORDS = NUM_FILES * RECORDS_PER_FILE
NUM_ROUNDS = 5
START = datetime(2026, 11, 21, 9, tzinfo=UTC)

INPUTS = {"64 B": 48, "3 kB": 2250, "50 kB": 37_500}
"""Sizes of what was asked, where that is captured too: in base64, and before."""

MAX_INPUT_BYTES = 50_000_000
"""In all records of a file."""


def figures() -> Iterator[Figure]:
    """Records per second and core, and memory."""
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        generator = random.Random(1)  # noqa: S311 - figures, no secrets
        paths = [
            _write(directory / f"{index}.jsonl", generator, minute=index)
            for index in range(NUM_FILES)
        ]
        yield from _rates("captured records", paths, at_least=100_000)
        compressed = [path.with_suffix(".jsonl.gz") for path in paths]
        for path, target in zip(paths, compressed, strict=True):
            target.write_bytes(gzip.compress(path.read_bytes(), 6))
        rate = _rate(partial(read, compressed), NUM_RECORDS)
        yield Figure("captured records, compressed", rate, "records/s")
        for name, num_bytes in INPUTS.items():
            path = _write(directory / "inputs.jsonl", generator, input_bytes=num_bytes)
            yield from _rates(f"with an input of {name}", [path])
        path = _write(directory / "encoded.jsonl", generator, is_encoded=True)
        yield from _rates("answers in base64", [path])
        with GroundTruthWriter(directory / "labels") as writer:
            for index in range(NUM_RECORDS):
                writer.add(f"order-{index:08}", "label_0", START + timedelta(seconds=index))
        labels = list((directory / "labels").rglob("*.jsonl"))
        yield Figure("labels", _rate(partial(read_labels, labels), NUM_RECORDS), "records/s")
        rate = _rate(partial(merge, paths, labels), NUM_RECORDS)
        yield Figure("captured records with labels", rate, "records/s")
        one, all_ = _peak(partial(read, paths[:1])), _peak(partial(read, paths))
        yield Figure(f"memory, {RECORDS_PER_FILE} records", one, "MiB")
        yield Figure(f"memory, {NUM_RECORDS} records", all_, "MiB", at_most=one + 2)


def parse(paths: Sequence[Path]) -> None:
    """Parse each line."""
    for path in paths:
        for line in path.read_bytes().splitlines():
            json.loads(line)


def parse_answers(paths: Sequence[Path]) -> None:
    """Parse each line, and the answer in it."""
    for path in paths:
        for line in path.read_bytes().splitlines():
            output = json.loads(line)["captureData"]["endpointOutput"]
            is_encoded = output["encoding"] == "BASE64"
            json.loads(base64.b64decode(output["data"]) if is_encoded else output["data"])


def read(paths: Sequence[Path]) -> None:
    """Read every record, within a window."""
    reader = CapturedReader(start=START, end=START + timedelta(hours=1))
    for _ in reader.read(paths):
        pass
    if reader.damage.num_items or not reader.counts.num_rows:
        raise ValueError(f"Not all records were read: {reader.damage.to_document()}.")


def merge(paths: Sequence[Path], labels: Sequence[Path]) -> None:
    """Read every record, and join it with its label."""
    result = Merge(labels=read_labels(labels))
    for block in CapturedReader().read(paths):
        result.update(block)


def _write(
    path: Path,
    generator: random.Random,
    *,
    minute: int = 0,
    input_bytes: int = 0,
    is_encoded: bool = False,
) -> Path:
    """Write a file of records, fewer if what was asked is large."""
    num_records = min(RECORDS_PER_FILE, MAX_INPUT_BYTES // max(input_bytes, 1))
    with path.open("wb") as file:
        for _ in range(num_records):
            file.write(_line(generator, minute, input_bytes=input_bytes, is_encoded=is_encoded))
    return path


def _line(generator: random.Random, minute: int, *, input_bytes: int, is_encoded: bool) -> bytes:
    """A record as the local endpoint writes it, with numbers of full precision."""
    answer = {
        field.name: (
            f"label_{generator.randrange(NUM_LABELS)}"
            if field.type is FieldType.STRING
            else generator.random() if field.is_non_negative
            else generator.gauss(0, 1)
        )
        for field in response_fields(NUM_LABELS)
    }  # fmt: skip
    text = json.dumps(answer)
    data = {
        "endpointOutput": {
            "observedContentType": "application/json",
            "mode": "OUTPUT",
            "data": base64.b64encode(text.encode()).decode() if is_encoded else text,
            "encoding": "BASE64" if is_encoded else "JSON",
        }
    }
    if input_bytes:
        asked = {
            "observedContentType": "image/jpeg",
            "mode": "INPUT",
            "data": base64.b64encode(generator.randbytes(input_bytes)).decode(),
            "encoding": "BASE64",
        }
        data = {"endpointInput": asked, **data}
    metadata = {
        "eventId": str(uuid.UUID(int=generator.getrandbits(128), version=4)),
        "inferenceId": f"order-{generator.randrange(NUM_RECORDS):08}",
        "inferenceTime": f"2026-11-21T09:{minute:02}:{generator.randrange(60):02}Z",
    }
    document = {"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def _rates(name: str, paths: Sequence[Path], at_least: float | None = None) -> Iterator[Figure]:
    """Records per second of both parsers and of the reader."""
    num_records = sum(path.read_bytes().count(b"\n") for path in paths)
    for way, work in (("json.loads", parse), ("json.loads, twice", parse_answers)):
        yield Figure(f"{name}: {way}", _rate(partial(work, paths), num_records), "records/s")
    rate = _rate(partial(read, paths), num_records)
    yield Figure(name, rate, "records/s", at_least=at_least)


def _rate(work: Callable[[], object], num_records: int) -> float:
    """Records per second of the process, the median of some rounds."""
    seconds = []
    for _ in range(NUM_ROUNDS):
        started = time.process_time()
        work()
        seconds.append(time.process_time() - started)
    return num_records / statistics.median(seconds)


def _peak(work: Callable[[], object]) -> float:
    """Most memory that is held at a time, in MiB."""
    tracemalloc.start()
    work()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 2**20
