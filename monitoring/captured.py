"""Reads captured records: what an endpoint was asked and answered, one event to a line.

Files are read in blocks, in the order of their paths, whatever they hold. A record counts once,
however often its event occurs. What cannot be read is counted by reason and listed.

An answer to several images (JSON Lines, or CSV with several lines) makes one row for each. Such a
row is known by the id of its record, `#`, and its position, from 0: `order-17#2`. A row that is
alone has the id of its record. The id of a record is its inference id, else its event id.

Source: Amazon SageMaker AI Developer Guide, "Capture data from real-time endpoint",
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, compress
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from monitoring.answers import Record, is_refusal
from monitoring.bodies import body_content, read_answers
from monitoring.damage import Damage, DamagedError, Reason
from monitoring.data_quality import InferredType
from monitoring.data_statistics import Column
from monitoring.decimals import parse_decimals
from monitoring.event_ids import EventIds
from monitoring.events import parse_event, parse_time, read_id
from monitoring.hours import hour_of
from monitoring.json_lines import read_lines
from monitoring.layout import Layout, unescape

CAPTURE_DATA = "captureData"
"""Key of a record's data."""

SHADOW_SOURCE = "ShadowExperiment"
"""Where a record of a shadow variant came from: its answer went to nobody."""

MAX_LAYOUTS = 8
"""Layouts that a reader learns; lines of any further one are left to the JSON parser."""

_MAX_LAYOUT_TRIALS = 64

_EVENT_ID, _INFERENCE_ID, _TIME = "eventId", "inferenceId", "inferenceTime"


@dataclass(frozen=True, kw_only=True, slots=True)
class CapturedBody:
    """The body of a request, as it came."""

    content_type: str
    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class CapturedRecord:
    """The answer to one image."""

    event_id: str
    inference_id: str | None
    """As the caller gave it."""
    row: int | None
    """Position among the answers of the record, from 0; None if it is the only one."""
    time: datetime
    """When the request came, UTC."""
    answer: Record
    """By field; None where other rows of the block have the field and this one has not."""
    line: bytes
    """The record as it was written, with all its rows."""

    @property
    def id(self) -> str:
        """What a label names, so that it can be joined."""
        return row_id(self.event_id, self.inference_id, self.row)

    def body(self) -> CapturedBody | None:
        """The request; None if it was not captured or cannot be read."""
        captured = json.loads(self.line)["captureData"].get("endpointInput")
        try:
            content = body_content(captured)
        except DamagedError:
            return None
        return CapturedBody(
            content_type=str(captured.get("observedContentType", "")),
            content=content if isinstance(content, bytes) else content.encode("utf-8", "replace"),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class CapturedBlock:
    """Rows that were read together, by column: N of them."""

    event_ids: Sequence[str]
    inference_ids: Sequence[str | None]
    rows: Sequence[int | None]
    """Position of each row among the answers of its record; None if it is the only one."""
    times: Sequence[datetime]
    columns: Mapping[str, Column]
    """The answers by field; None where a row has no value."""
    lines: Sequence[bytes]
    """The record of each row as it was written."""

    @property
    def num_rows(self) -> int:
        """Number of rows, one per image."""
        return len(self.event_ids)

    def ids(self) -> list[str]:
        """What labels name, one per row."""
        return list(map(row_id, self.event_ids, self.inference_ids, self.rows))

    def records(self) -> Iterator[CapturedRecord]:
        """The rows one by one; for millions of them take the columns."""
        names = tuple(self.columns)
        columns = [
            column.tolist() if isinstance(column, np.ndarray) else column
            for column in self.columns.values()
        ]
        for event_id, inference_id, row, time, line, *values in zip(
            self.event_ids, self.inference_ids, self.rows, self.times, self.lines, *columns,
            strict=True,
        ):  # fmt: skip
            yield CapturedRecord(
                event_id=event_id,
                inference_id=inference_id,
                row=row,
                time=time,
                answer=dict(zip(names, values, strict=True)),
                line=line,
            )


def row_id(event_id: str, inference_id: str | None, row: int | None) -> str:
    """What a label names, so that it can be joined."""
    record_id = event_id if inference_id is None else inference_id
    return record_id if row is None else f"{record_id}#{row}"


@dataclass(slots=True)
class CaptureCounts:
    """What became of the events; those that cannot be read are counted as damage."""

    num_events: int = 0
    """Events that were taken."""
    num_rows: int = 0
    """Answers in them, one per image."""
    num_outside: int = 0
    """Events before or after the window."""
    num_refused: int = 0
    """Events whose request the model refused."""
    num_shadow: int = 0
    """Events of shadow variants."""
    num_repeated: int = 0
    """Further occurrences of events that were taken, or could not be read."""


class CapturedReader:
    """Reads the captured records of a window of time.

    It takes each event once, so a second pass over the files needs a second reader. A line whose
    time cannot be read is damage of the window in which the hour of its file's folder begins.

    Args:
        start: Time of the earliest events, with a zone; None for any.
        end: Time from which on events do not count any more; None for never.
        csv_columns: Fields of answers in CSV and their types; without them such an answer cannot
            be read. Its columns are the fields in alphabetical order.
    """

    def __init__(
        self,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        csv_columns: Mapping[str, InferredType] | None = None,
    ) -> None:
        self.counts = CaptureCounts()
        self.damage = Damage()
        self._untimed = self.damage
        """Receives the lines of the current file that have no time of their own."""
        self._start = start or datetime.min.replace(tzinfo=UTC)
        self._end = end or datetime.max.replace(tzinfo=UTC)
        self._csv_columns = csv_columns or {}
        self._seen = EventIds()
        self._layouts: list[Layout] = []
        self._num_layout_trials = 0

    def read(self, paths: Iterable[Path]) -> Iterator[CapturedBlock]:
        """Read files in blocks; counts and damage are complete when the iterator has ended.

        Raises:
            OSError: A file cannot be opened or read.
        """
        for path in sorted(set(paths)):
            # Two windows may read the file: such a line is of that in which its hour begins.
            hour = hour_of(path)
            is_ours = hour is None or self._start <= hour < self._end
            self._untimed = self.damage if is_ours else Damage()
            for number, lines in read_lines(path, self._untimed):
                yield from self._blocks(path, number, lines)

    def _blocks(self, path: Path, first: int, lines: Sequence[bytes]) -> Iterator[CapturedBlock]:
        """The rows of a block of lines, the first of which has the given number."""
        events: list[_Event] = []
        matches: dict[Layout, list[_Match]] = {layout: [] for layout in self._layouts}
        for number, line in enumerate(lines, first):
            for layout, found in matches.items():
                if (values := layout.values(line)) is not None:
                    found.append((number, line, values))
                    break
            else:
                event = self._parse(path, number, line)
                if event is not None:
                    events.append(event)
                    if (learned := self._learn(event)) is not None:
                        matches[learned] = []
        blocks = [self._block_of_layout(path, *item) for item in matches.items()]
        for block in (*blocks, self._block_of_events(path, events)):
            if block is not None:
                self.counts.num_rows += block.num_rows
                yield block

    def _block_of_layout(
        self, path: Path, layout: Layout, matches: Sequence["_Match"]
    ) -> CapturedBlock | None:
        """The rows of lines that have a layout; None if there is none."""
        id_group, time_group = layout.metadata[_EVENT_ID], layout.metadata[_TIME]
        inside: list[_Match] = []
        times: list[datetime] = []
        for match in matches:
            number, _, groups = match
            time = parse_time(groups[time_group])
            if time is None:
                self._untimed.add(Reason.BAD_TIME, path, number, groups[time_group].decode())
            elif self._is_inside(time):
                inside.append(match)
                times.append(time)
        is_new = self._are_new(_texts([groups[id_group] for _, _, groups in inside]))
        if not all(is_new):
            inside, times = list(compress(inside, is_new)), list(compress(times, is_new))
        if not inside:
            return None
        self.counts.num_events += len(inside)
        columns = list(zip(*(groups for _, _, groups in inside), strict=True))
        inference_group = layout.metadata.get(_INFERENCE_ID)
        inference_ids: Sequence[str | None] = [None] * len(inside)
        if inference_group is not None:
            inference_ids = _texts(columns[inference_group])
        numbers = parse_decimals(
            list(chain.from_iterable(columns[group] for group in layout.numbers.values()))
        )
        return CapturedBlock(
            event_ids=_texts(columns[id_group]),
            inference_ids=inference_ids,
            rows=[None] * len(inside),
            times=times,
            columns={
                **dict(zip(layout.numbers, numbers.reshape(-1, len(inside)), strict=True)),
                **{name: _meant(columns[group]) for name, group in layout.texts.items()},
            },
            lines=[line for _, line, _ in inside],
        )

    def _block_of_events(self, path: Path, events: Sequence["_Event"]) -> CapturedBlock | None:
        """The rows of lines that were parsed; None if there is none."""
        rows: list[tuple[_Event, int | None, Record]] = []
        for event in compress(events, self._are_new([event.event_id for event in events])):
            if isinstance(event.answers, DamagedError):
                self.damage.add(event.answers.reason, path, event.number, str(event.answers))
                continue
            self.counts.num_events += 1
            is_alone = len(event.answers) == 1
            rows += [
                (event, None if is_alone else index, answer)
                for index, answer in enumerate(event.answers)
            ]
        if not rows:
            return None
        names = sorted({name for _, _, answer in rows for name in answer})
        return CapturedBlock(
            event_ids=[event.event_id for event, _, _ in rows],
            inference_ids=[event.inference_id for event, _, _ in rows],
            rows=[index for _, index, _ in rows],
            times=[event.time for event, _, _ in rows],
            columns={name: [answer.get(name) for _, _, answer in rows] for name in names},
            lines=[event.line for event, _, _ in rows],
        )

    def _are_new(self, event_ids: Sequence[str]) -> list[bool]:
        """Which events are new; counts the others."""
        is_new: list[bool] = self._seen.add(event_ids).tolist()
        self.counts.num_repeated += len(is_new) - sum(is_new)
        return is_new

    def _is_inside(self, time: datetime) -> bool:
        """Whether an event is in the window; counts those that are not."""
        if self._start <= time < self._end:
            return True
        self.counts.num_outside += 1
        return False

    def _parse(self, path: Path, number: int, line: bytes) -> "_Event | None":
        """An event of the window; None, and counted, if the line is something else."""
        if not line.strip():
            return None
        try:
            event = parse_event(line, CAPTURE_DATA)
            if event.metadata.get("invocationSource") == SHADOW_SOURCE:
                self.counts.num_shadow += 1
                return None
            own_id, inference_id, time = _identify(event.metadata)
        except DamagedError as error:
            self._untimed.add(error.reason, path, number, str(error))
            return None
        if not self._is_inside(time):
            return None
        try:
            answers: Sequence[Record] | DamagedError = read_answers(
                event.data.get("endpointOutput"), self._csv_columns
            )
        except DamagedError as error:
            answers = error
        if not isinstance(answers, DamagedError) and all(map(is_refusal, answers)):
            self.counts.num_refused += 1
            return None
        return _Event(
            number=number,
            line=line,
            event_id=own_id,
            inference_id=inference_id,
            time=time,
            answers=answers,
        )

    def _learn(self, event: "_Event") -> Layout | None:
        """The layout of an event's line, if it reads the line as the JSON parser does."""
        if len(self._layouts) == MAX_LAYOUTS or self._num_layout_trials == _MAX_LAYOUT_TRIALS:
            return None
        self._num_layout_trials += 1
        layout = Layout.of(event.line)
        if layout is None or _read(layout, event.line) != (
            event.event_id, event.inference_id, event.time, event.answers,
        ):  # fmt: skip
            return None
        self._layouts.append(layout)
        return layout


_Match: TypeAlias = tuple[int, bytes, tuple[bytes, ...]]
"""Number of a line, the line and its values."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Event:
    """A parsed line."""

    number: int
    line: bytes
    event_id: str
    inference_id: str | None
    time: datetime
    answers: Sequence[Record] | DamagedError
    """One answer per image, or why they cannot be read."""


def _identify(metadata: Mapping[str, Any]) -> tuple[str, str | None, datetime]:
    """Event id, inference id and time of an event."""
    event_id, inference_id = read_id(metadata, _EVENT_ID), read_id(metadata, _INFERENCE_ID)
    if event_id is None:
        raise DamagedError(Reason.NOT_A_RECORD, f"'{_EVENT_ID}' is missing")
    text = str(metadata.get(_TIME))
    time = parse_time(text)
    if time is None:
        raise DamagedError(Reason.BAD_TIME, text)
    return event_id, inference_id, time


def _read(layout: Layout, line: bytes) -> object:
    """What a layout reads in its own line, in the form of an event."""
    values = layout.values(line)
    if values is None or not {_EVENT_ID, _TIME} <= layout.metadata.keys():
        return None
    metadata = {key: values[group].decode() for key, group in layout.metadata.items()}
    answer: Record = {
        **{name: float(values[group]) for name, group in layout.numbers.items()},
        **{name: _meant([values[group]])[0] for name, group in layout.texts.items()},
    }
    time = parse_time(metadata[_TIME])
    return metadata[_EVENT_ID], metadata.get(_INFERENCE_ID), time, [answer]


def _texts(column: Sequence[bytes]) -> list[str]:
    """Texts of printable ASCII, decoded together: a call for each would take longer."""
    return b"\n".join(column).decode().split("\n") if column else []


def _meant(column: Sequence[bytes]) -> list[str]:
    """Texts of the answer."""
    return [unescape(text) if "\\" in text else text for text in _texts(column)]
