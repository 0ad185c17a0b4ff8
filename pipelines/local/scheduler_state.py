"""What a scheduler remembers: when schedules were last due, and which events it answered.

It is written before an execution starts: one that is stopped is not started again.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from pipelines.local.files import write_json


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """What outlives the scheduler's process."""

    since: datetime
    """Events before the first start of a scheduler are nobody's."""
    due: Mapping[str, tuple[str, datetime]] = field(default_factory=dict)
    """The last time that each pipeline's schedule was due, and its expression."""
    answered: frozenset[str] = frozenset()
    """Ids of the events that were answered."""

    @classmethod
    def read(cls, path: Path, *, now: datetime) -> Self:
        """The state in a file; one that begins now where there is none."""
        if not path.is_file():
            return cls(since=now)
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            since=datetime.fromisoformat(document["Since"]),
            due={
                name: (item["Expression"], datetime.fromisoformat(item["Time"]))
                for name, item in document["Due"].items()
            },
            answered=frozenset(document["Answered"]),
        )

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        document = {
            "Since": self.since.isoformat(),
            "Due": {
                name: {"Expression": expression, "Time": moment.isoformat()}
                for name, (expression, moment) in self.due.items()
            },
            "Answered": sorted(self.answered),
        }
        write_json(path, document)
