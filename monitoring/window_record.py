"""The record that a check leaves of a window, for the reports and the windows of later executions.

Standard library only: Lambda functions import this module too.
"""

import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self, TypedDict, cast

from monitoring.status import Status


class WindowRecord(TypedDict):
    """Content of a record."""

    capture_uri: str
    """Where the captured records of the deployment lie that was looked at."""
    end: str
    """Time from which on records do not count any more, ISO 8601 in UTC."""
    execution_id: str
    figures: dict[str, float]
    """What was measured, by its name."""
    model_package_arn: str
    num_records: int
    num_violations: int
    start: str
    """Time of the earliest records."""
    status: str
    """A `Status`."""


_TIME_FORM = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"(?P<end>\d{8}T\d{6}Z)-(?P<start>\d{8}T\d{6}Z)-(?P<id>[^/]+)\.json")


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordName:
    """Name of a record's file: no two executions share one, and they sort by the window's end."""

    start: datetime
    end: datetime
    execution_id: str

    @classmethod
    def of(cls, record: WindowRecord) -> Self:
        """The name of a record."""
        return cls(
            start=utc_time(record["start"]),
            end=utc_time(record["end"]),
            execution_id=record["execution_id"],
        )

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """What a name says; None where it is not that of a record."""
        match = _NAME.fullmatch(name)
        try:
            return match and cls(
                start=utc_time(match["start"]), end=utc_time(match["end"]), execution_id=match["id"]
            )
        except ValueError:
            return None

    def __str__(self) -> str:
        """The name."""
        times = (f"{time:{_TIME_FORM}}" for time in (self.end, self.start))
        return f"{'-'.join(times)}-{self.execution_id}.json"


def parse_record(content: bytes) -> WindowRecord:
    """The record in a file.

    Raises:
        ValueError: The content is no record.
    """
    try:
        document = json.loads(content)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    match document:
        case {
            "capture_uri": str(),
            "end": str(end),
            "execution_id": str(),
            "figures": dict(figures),
            "model_package_arn": str(),
            "num_records": int(),
            "num_violations": int(),
            "start": str(start),
            "status": str(status),
            **others,
        } if not others and all(map(_is_number, figures.values())):
            utc_time(start)
            utc_time(end)
            Status(status)
            return cast(WindowRecord, document)
    raise ValueError(f"expected an object with {', '.join(sorted(WindowRecord.__annotations__))}")


def utc_time(text: str) -> datetime:
    """A time with a zone, ISO 8601, in UTC.

    Raises:
        ValueError: The text is no time, has no zone, or is of a year that the calendar lacks.
    """
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"'{text}' has no zone")
    try:
        return time.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"'{text}' is out of the calendar in UTC") from error


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
