"""Actual labels of images that an endpoint was asked about: writes, reads and joins them.

A label is known by the id of the captured record: the inference id that the caller gave, else the
event id; for one of several images of a request, the row's id (see `monitoring.captured`).

Labels come late, more than once and in any order. Of different labels for one id the one that was
collected last counts: files are taken in the order of the hours in their paths, then of their
names. So the result depends neither on the order in which files are given, nor on how often.

Source: Amazon SageMaker AI Developer Guide, "Ingest ground truth labels and merge them with
predictions", https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-merge.html
"""

import csv
import heapq
import io
import json
import sys
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from monitoring.captured import CapturedBlock, CapturedRecord
from monitoring.damage import Damage, DamagedError, Reason
from monitoring.events import EVENT_VERSION, parse_event, read_id
from monitoring.hours import HOUR_FORM, hour_of
from monitoring.json_lines import read_lines

GROUND_TRUTH_DATA = "groundTruthData"
PREDICTED_LABEL = "predicted_label"
"""Field of the answer that a label is held against."""

MAX_LABEL_CHARACTERS = 256
"""A longer text is something else; the reports name each label for each other one."""

MAX_LABELS_PER_FILE = 10_000
MAX_LISTED = 20
"""Ids without a counterpart that are listed; all are counted."""

_EVENT_ID, _INFERENCE_ID = "eventId", "inferenceId"
_CSV = "CSV"
_NO_HOUR = datetime.min.replace(tzinfo=UTC)


class GroundTruthWriter:
    """Writes labels below a folder, each in the hour in which it was collected, UTC.

    Files appear whole, when the writer is closed or one of them is full, and get names that
    nobody else uses. Use it in a `with` block.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._waiting: dict[str, list[tuple[datetime, str]]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def add(self, inference_id: str, label: str, collected_at: datetime) -> None:
        """Add the label of a request.

        Args:
            inference_id: Inference id of the request, or the event id of its captured record.
            label: The actual label.
            collected_at: When the label became known, with a zone.

        Raises:
            ValueError: The id is no printable text, the label not one line of a label's length, or
                the time has no zone.
            OSError: A file cannot be written.
        """
        if not inference_id or not inference_id.isprintable():
            raise ValueError(f"Id {inference_id!r} of a label is no printable text.")
        if not _is_label(label):
            raise ValueError(
                f"Label {label[:MAX_LABEL_CHARACTERS]!r} of '{inference_id}' is not one line of at "
                f"most {MAX_LABEL_CHARACTERS} characters."
            )
        if collected_at.tzinfo is None:
            raise ValueError(f"Time {collected_at} of a label has no zone; expected UTC.")
        time = collected_at.astimezone(UTC)
        hour = f"{time:{HOUR_FORM}}"
        self._waiting.setdefault(hour, []).append((time, _label_line(inference_id, label)))
        if len(self._waiting[hour]) >= MAX_LABELS_PER_FILE:
            self._write(hour)

    def close(self) -> None:
        """Write what waits.

        Raises:
            OSError: A file cannot be written.
        """
        for hour in list(self._waiting):
            self._write(hour)

    def _write(self, hour: str) -> None:
        """Write a file in the order in which its labels were collected."""
        labels = sorted(self._waiting[hour], key=lambda item: item[0])
        folder = self._directory / hour
        folder.mkdir(parents=True, exist_ok=True)
        # The time of the last label: later files win over earlier ones.
        name = f"{labels[-1][0]:%M-%S-%f}-{uuid.uuid4()}"
        temporary = folder / f".{name}.tmp"
        try:
            temporary.write_text("".join(line for _, line in labels), encoding="utf-8")
            temporary.replace(folder / f"{name}.jsonl")
        finally:
            temporary.unlink(missing_ok=True)
        del self._waiting[hour]


@dataclass(frozen=True, kw_only=True, slots=True)
class Labels:
    """Actual labels by id: all that a merge keeps in memory, whatever the captured records are."""

    by_id: Mapping[str, str]
    num_repeated: int
    """Records beyond the first of their ids, whether their labels are the same or not."""
    num_conflicting: int
    """Ids with different labels."""
    late: Set[str]
    """Ids whose label, the one that counts, was collected after the end of the window."""
    damage: Damage


def read_labels(paths: Iterable[Path], *, end: datetime | None = None) -> Labels:
    """Read files of labels.

    Args:
        paths: The files, each below the hour in which its labels were collected.
        end: End of the window, with a zone: labels of hours that begin later are late. None if none
            is.

    Raises:
        OSError: A file cannot be opened or read.
    """
    damage = Damage()
    by_id: dict[str, str] = {}
    conflicting: set[str] = set()
    late: set[str] = set()
    num_records = 0
    for path in sorted(set(paths), key=_collection_order):
        hour = hour_of(path)
        is_late = end is not None and hour is not None and hour >= end
        for first, lines in read_lines(path, damage):
            for number, line in enumerate(lines, first):
                if not line.strip():
                    continue
                try:
                    record_id, label = _parse_label(line)
                except DamagedError as error:
                    damage.add(error.reason, path, number, str(error))
                    continue
                num_records += 1
                known = by_id.get(record_id)
                if known == label:
                    continue
                by_id[record_id] = label
                if known is not None:
                    conflicting.add(record_id)
                if is_late:
                    late.add(record_id)
    return Labels(
        by_id=by_id,
        num_repeated=num_records - len(by_id),
        num_conflicting=len(conflicting),
        late=late,
        damage=damage,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class MergedBlock:
    """A block of rows, and what is known of them."""

    block: CapturedBlock
    actual: Sequence[str | None]
    """Actual label of each row; None where it is not known."""
    predicted: Sequence[str | None]
    """Predicted label of each row; None where the answer has none."""

    def pairs(self) -> Iterator[tuple[datetime, str, str]]:
        """Time, actual and predicted label of the rows that have both."""
        for time, actual, predicted in zip(
            self.block.times, self.actual, self.predicted, strict=True
        ):
            if actual is not None and predicted is not None:
                yield time, actual, predicted

    def lines(self) -> Iterator[bytes]:
        """Lines of a file of merged records, one for each row that has a label."""
        for record, actual in zip(self.block.records(), self.actual, strict=True):
            if actual is not None:
                yield _merged_line(record, actual)


@dataclass(slots=True)
class Merge:
    """Joins captured rows, block by block, with labels.

    Kept are the labels' ids that were met and counts: memory depends on the number of labels,
    and not on that of the captured records.
    """

    labels: Labels
    num_rows: int = 0
    num_unlabelled: int = 0
    """Rows whose label is not known (yet)."""
    num_unanswered: int = 0
    """Rows with a label whose answer has no predicted label."""
    num_late: int = 0
    """Rows whose label was collected after the end of the window."""
    num_shared: int = 0
    """Rows beyond the first of their ids; the label of an id is that of all of its rows."""
    num_pairs: int = 0
    """Rows with an actual and a predicted label."""
    unlabelled: Sequence[str] = ()
    """Ids of rows without a label, the first few in alphabetical order."""
    _met: set[str] = field(default_factory=set)

    def update(self, block: CapturedBlock) -> MergedBlock:
        """Join a block."""
        ids = block.ids()
        merged = MergedBlock(
            block=block,
            actual=[self.labels.by_id.get(row_id) for row_id in ids],
            predicted=_texts(block),
        )
        known = [row_id for row_id, actual in zip(ids, merged.actual, strict=True) if actual]
        unknown = [row_id for row_id, actual in zip(ids, merged.actual, strict=True) if not actual]
        num_met = len(self._met)
        self._met.update(known)
        num_pairs = sum(1 for _ in merged.pairs())
        self.num_pairs += num_pairs
        self.num_rows += block.num_rows
        self.num_unlabelled += len(unknown)
        self.num_late += sum(row_id in self.labels.late for row_id in known)
        self.num_unanswered += len(known) - num_pairs
        self.num_shared += len(known) - (len(self._met) - num_met)
        self.unlabelled = heapq.nsmallest(MAX_LISTED, chain(self.unlabelled, unknown))
        return merged

    @property
    def num_unmatched(self) -> int:
        """Labels that no row has asked for so far."""
        return len(self.labels.by_id) - len(self._met)

    def unmatched(self) -> list[str]:
        """Their ids, the first few in alphabetical order."""
        return heapq.nsmallest(MAX_LISTED, self.labels.by_id.keys() - self._met)


def _collection_order(path: Path) -> tuple[datetime, str, str]:
    """Hour and name of a file, so that labels that were collected later come later."""
    return hour_of(path) or _NO_HOUR, path.name, str(path)


def _parse_label(line: bytes) -> tuple[str, str]:
    """The id and the label in a line."""
    event = parse_event(line, GROUND_TRUTH_DATA)
    record_id = read_id(event.metadata, _EVENT_ID)
    if record_id is None:
        raise DamagedError(Reason.NOT_A_RECORD, f"'{_EVENT_ID}' is missing")
    match event.data:
        case {"data": str(data), "encoding": "CSV"}:
            return record_id, _csv_label(data)
        case {"encoding": "CSV"}:
            raise DamagedError(Reason.BAD_LABEL, "it is no text")
    raise DamagedError(Reason.BAD_ENCODING, f"{event.data.get('encoding')!r}")


def _csv_label(data: str) -> str:
    try:
        lines = list(csv.reader(io.StringIO(data), strict=True))
    except csv.Error as error:
        raise DamagedError(Reason.BAD_LABEL, "it is no CSV text") from error
    match lines:
        case [[label]] if _is_label(label):
            return sys.intern(label)  # Few labels have many records.
    raise DamagedError(Reason.BAD_LABEL, f"{data!r} is not one label")


def _is_label(text: str) -> bool:
    """Whether a text is one line, not blank, not too long, and has no halves of characters."""
    if len(text) > MAX_LABEL_CHARACTERS:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return bool(text.strip()) and text.splitlines() == [text]


def _ground_truth(label: str) -> dict[str, str]:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow([label])
    return {"data": buffer.getvalue(), "encoding": _CSV}


def _label_line(record_id: str, label: str) -> str:
    record = {
        GROUND_TRUTH_DATA: _ground_truth(label),
        "eventMetadata": {_EVENT_ID: record_id},
        "eventVersion": EVENT_VERSION,
    }
    return json.dumps(record, separators=(",", ":")) + "\n"


def _merged_line(record: CapturedRecord, label: str) -> bytes:
    """A captured record with its label; of several answers it holds the row's alone."""
    captured: dict[str, Any] = json.loads(record.line)
    data, metadata = captured["captureData"], captured["eventMetadata"]
    if record.row is not None:
        data["endpointOutput"] |= {
            "observedContentType": "application/json",
            "data": json.dumps(record.answer, sort_keys=True),
            "encoding": "JSON",
        }
        key = _EVENT_ID if record.inference_id is None else _INFERENCE_ID
        metadata[key] = record.id
    merged = {
        "eventVersion": captured["eventVersion"],
        GROUND_TRUTH_DATA: _ground_truth(label),
        "captureData": data,
        "eventMetadata": metadata,
    }
    return json.dumps(merged, separators=(",", ":")).encode() + b"\n"


def _texts(block: CapturedBlock) -> list[str | None]:
    """The predicted label of each row."""
    column = block.columns.get(PREDICTED_LABEL, [None] * block.num_rows)
    return [value if isinstance(value, str) else None for value in column]
