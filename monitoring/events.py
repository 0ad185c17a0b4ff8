"""What the records of captured data and of ground truth have in common: version and metadata."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NoReturn

from monitoring.damage import DamagedError, Reason
from monitoring.window_record import utc_time

EVENT_VERSION = "0"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """A line that is a record; what the two objects hold is not checked."""

    data: Mapping[str, Any]
    metadata: Mapping[str, Any]


def parse_event(line: bytes, part: str) -> Event:
    """Read a line.

    Args:
        line: The line, without its end.
        part: Key of the record's data.

    Raises:
        DamagedError: It is no JSON object of the known version with data and metadata.
    """
    try:
        record = _DECODER.decode(line.decode())
    except UnicodeDecodeError as error:
        raise DamagedError(Reason.NOT_UTF8) from error
    except (ValueError, RecursionError) as error:
        raise DamagedError(Reason.NOT_JSON) from error
    match record:
        case {"eventVersion": str(version)} if version != EVENT_VERSION:
            raise DamagedError(Reason.UNKNOWN_VERSION, repr(version))
        case {"eventVersion": str(), "eventMetadata": dict(metadata), **data}:
            found = data.get(part)
            if isinstance(found, dict):
                return Event(data=found, metadata=metadata)
    raise DamagedError(
        Reason.NOT_A_RECORD, f"it needs 'eventVersion', 'eventMetadata' and '{part}'"
    )


def read_id(metadata: Mapping[str, Any], key: str) -> str | None:
    """An id in a record's metadata; None if it has none.

    Raises:
        DamagedError: It is no text that can be shown.
    """
    value = metadata.get(key)
    if value is None or (isinstance(value, str) and value and value.isprintable()):
        return value
    raise DamagedError(Reason.NOT_A_RECORD, f"'{key}' is no printable text")


@lru_cache(maxsize=4096)  # An hour of seconds.
def parse_time(text: str | bytes) -> datetime | None:
    """A time with a zone in UTC; None if it is none."""
    try:
        return utc_time(text.decode() if isinstance(text, bytes) else text)
    except ValueError:
        return None


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON, though Python writes it.")


_DECODER = json.JSONDecoder(parse_constant=_refuse)
