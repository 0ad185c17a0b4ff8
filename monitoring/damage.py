"""Counts what cannot be read, by reason, with the first few places of each."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypedDict

MAX_PLACES = 5
"""Places that are listed for each reason; all are counted."""

MAX_DETAIL_CHARACTERS = 200


class Reason(StrEnum):
    """Why a line, or the rest of a file, is no record."""

    BROKEN_FILE = "the file is no whole gzip file: its rest is lost"
    TOO_LONG = "the line is too long"
    NOT_UTF8 = "the line is no UTF-8 text"
    NOT_JSON = "the line is not JSON"
    NOT_A_RECORD = "the line is no record of the expected form"
    UNKNOWN_VERSION = "the record has an unknown version"
    BAD_TIME = "the record has no time with a zone"
    NO_ANSWER = "the record holds no answer"
    BAD_ENCODING = "the encoding is unknown or does not fit"
    BAD_ANSWER = "the answer cannot be read"
    BAD_LABEL = "the label cannot be read"


class DamagedError(ValueError):
    """A line is no record."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(detail)
        self.reason = reason


class Place(TypedDict):
    """Where something could not be read."""

    file: str
    line: int
    """Counted from 1."""
    detail: str
    """What exactly; may be empty."""


class DamageCount(TypedDict):
    """How often one reason occurred."""

    reason: str
    count: int
    places: list[Place]
    """The first few, in the order in which they were read."""


@dataclass(slots=True)
class Damage:
    """What could not be read so far; its size does not depend on how much that is."""

    counts: Counter[Reason] = field(default_factory=Counter)
    _places: dict[Reason, list[Place]] = field(default_factory=dict)

    def add(self, reason: Reason, path: Path, line: int, detail: str = "") -> None:
        """Count one line, or the rest of a file from that line on."""
        self.counts[reason] += 1
        places = self._places.setdefault(reason, [])
        if len(places) < MAX_PLACES:
            shown = detail[:MAX_DETAIL_CHARACTERS].encode("utf-8", "backslashreplace").decode()
            places.append({"file": str(path), "line": line, "detail": shown})

    @property
    def num_items(self) -> int:
        """How much could not be read, in all."""
        return self.counts.total()

    def to_document(self) -> list[DamageCount]:
        """The counts as JSON, the most frequent reason first."""
        return [
            {"reason": reason, "count": count, "places": self._places[reason]}
            for reason, count in sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))
        ]
