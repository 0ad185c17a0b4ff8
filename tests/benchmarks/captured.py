"""How fast captured records are read: output only, with every field of our own response.

The parser alone is what the standard library takes to parse each line and the answer in it. All
times are of one core, and of the process, so that other work on the machine does not count.
"""

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


def figures() -> Iterator[Figure]:
    """Records per second and core, and memory."""
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        paths = [directory / f"{index}.jsonl" for index in range(NUM_FILES)]
        generator = random.Random(1)  # noqa: S311 - figures, no secrets
        for index, path in enumerate(paths):
            path.write_bytes(b"".join(_line(generator, index) for _ in range(RECORDS_PER_FILE)))
        compressed = [path.with_suffix(".jsonl.gz") for path in paths]
        for path, target in zip(paths, compressed, strict=True):
            target.write_bytes(gzip.compress(path.read_bytes(), 6))
        unit = "records/s"
        yield Figure("the parser alone", _rate(partial(parse, paths)), unit)
        yield Figure("captured records", _rate(partial(read, paths)), unit, at_least=100_000)
        yield Figure("captured records, compressed", _rate(partial(read, compressed)), unit)
        with GroundTruthWriter(directory / "labels") as writer:
            for index in range(NUM_RECORDS):
                writer.add(f"order-{index:08}", "label_0", START + timedelta(seconds=index))
        labels = list((directory / "labels").rglob("*.jsonl"))
        yield Figure("labels", _rate(partial(read_labels, labels)), unit)
        yield Figure("captured records with labels", _rate(partial(merge, paths, labels)), unit)
        one, all_ = _peak(partial(read, paths[:1])), _peak(partial(read, paths))
        yield Figure(f"memory, {RECORDS_PER_FILE} records", one, "MiB")
        yield Figure(f"memory, {NUM_RECORDS} records", all_, "MiB", at_most=one + 2)


def parse(paths: Sequence[Path]) -> None:
    """Parse each line, and the answer in it."""
    for path in paths:
        for line in path.read_bytes().splitlines():
            json.loads(json.loads(line)["captureData"]["endpointOutput"]["data"])


def read(paths: Sequence[Path]) -> None:
    """Read every record, within a window."""
    reader = CapturedReader(start=START, end=START + timedelta(hours=1))
    for _ in reader.read(paths):
        pass
    expected = len(paths) * RECORDS_PER_FILE
    if reader.counts.num_rows != expected:
        raise ValueError(f"Read {reader.counts.num_rows} of {expected} records.")


def merge(paths: Sequence[Path], labels: Sequence[Path]) -> None:
    """Read every record, and join it with its label."""
    result = Merge(labels=read_labels(labels))
    for block in CapturedReader().read(paths):
        result.update(block)


def _line(generator: random.Random, minute: int) -> bytes:
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
    body = {
        "observedContentType": "application/json",
        "mode": "OUTPUT",
        "data": json.dumps(answer),
        "encoding": "JSON",
    }
    metadata = {
        "eventId": str(uuid.UUID(int=generator.getrandbits(128), version=4)),
        "inferenceId": f"order-{generator.randrange(NUM_RECORDS):08}",
        "inferenceTime": f"2026-11-21T09:{minute:02}:{generator.randrange(60):02}Z",
    }
    document = {
        "captureData": {"endpointOutput": body},
        "eventMetadata": metadata,
        "eventVersion": "0",
    }
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def _rate(work: Callable[[], object]) -> float:
    """Records per second of the process, the median of some rounds."""
    seconds = []
    for _ in range(NUM_ROUNDS):
        started = time.process_time()
        work()
        seconds.append(time.process_time() - started)
    return NUM_RECORDS / statistics.median(seconds)


def _peak(work: Callable[[], object]) -> float:
    """Most memory that is held at a time, in MiB."""
    tracemalloc.start()
    work()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 2**20
